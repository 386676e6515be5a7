//! Logs and metrics: their names, and where they go. Nothing secret passes here; sessions appear by their public id.

pub mod sampling;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Labels of `hourgate_authz_decisions`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AuthzLabels {
    /// `auth-request`, `forward-auth` or `ext-authz`.
    pub contract: &'static str,
    /// The HTTP status that was answered.
    pub status: u16,
    /// The reason code.
    pub reason: &'static str,
}

/// Labels of counters per IdP and outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// The IdP's id.
    pub provider: String,
    /// A stable code.
    pub outcome: &'static str,
}

/// Labels of what is measured per IdP.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ProviderLabels {
    /// The IdP's id.
    pub provider: String,
}

/// Labels of `hourgate_sessions_ended`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabels {
    /// The reason code.
    pub reason: &'static str,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Decisions of the authz endpoints.
    pub authz_decisions: Family<AuthzLabels, Counter>,
    /// Sign-ins that came back from an IdP.
    pub sign_ins: Family<OutcomeLabels, Counter>,
    /// Requests to the gateway's own pages that were refused, by reason.
    pub refusals: Family<ReasonLabels, Counter>,
    /// Handlers that panicked.
    pub panics: Counter,
    /// Logout tokens that were sent to the gateway, by outcome.
    pub logout_tokens: Family<OutcomeLabels, Counter>,
    /// Policy checks by outcome.
    pub policy_checks: Family<OutcomeLabels, Counter>,
    /// Sessions that ended, by reason.
    pub sessions_ended: Family<ReasonLabels, Counter>,
    /// Live sessions.
    pub sessions: Family<ProviderLabels, Gauge>,
    /// Sessions whose policy check is due and not yet made.
    pub checks_due: Family<ProviderLabels, Gauge>,
    /// 1 while the IdP answers, 0 from the moment its circuit breaker opened until its next answer; as this node sees it.
    pub provider_up: Family<ProviderLabels, Gauge>,
    /// Answers given in an outage to people who are kept signed in (row O3).
    pub degraded_answers: Family<ProviderLabels, Counter>,
    /// This machine's wall clock less the clock that decides, in milliseconds.
    pub clock_skew_millis: Gauge,
    /// 1 while the store answers, else 0.
    pub store_up: Gauge,
    /// How long the last round over an IdP's due queue took.
    pub check_round_seconds: Family<ProviderLabels, Gauge<f64, AtomicU64>>,
}

impl Metrics {
    /// The text of `/metrics`, in the OpenMetrics format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut registry = Registry::with_prefix("hourgate");
        let build = Family::<Vec<(&str, &str)>, Gauge>::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("build_info", "The running version", build);
        registry.register("authz_decisions", "Answers of the authz endpoints", self.authz_decisions.clone());
        registry.register(
            "sign_ins",
            "Sign-ins that came back from an identity provider",
            self.sign_ins.clone(),
        );
        registry.register(
            "refusals",
            "Requests to the gateway's own pages that were refused, by reason",
            self.refusals.clone(),
        );
        registry.register("panics", "Handlers that panicked", self.panics.clone());
        registry.register(
            "log_lines_suppressed",
            "Log lines that were not written, by reason",
            sampling::suppressed(),
        );
        registry.register("logout_tokens", "Logout tokens by outcome", self.logout_tokens.clone());
        registry.register("policy_checks", "Policy checks by outcome", self.policy_checks.clone());
        registry.register("sessions_ended", "Sessions that ended, by reason", self.sessions_ended.clone());
        registry.register("sessions", "Live sessions", self.sessions.clone());
        registry.register("policy_checks_due", "Sessions whose policy check is due", self.checks_due.clone());
        registry.register(
            "provider_up",
            "1 while the identity provider answers, as this node sees it",
            self.provider_up.clone(),
        );
        registry.register(
            "degraded_answers",
            "Answers given past the proof while the identity provider is away",
            self.degraded_answers.clone(),
        );
        registry.register(
            "clock_skew_milliseconds",
            "This machine's wall clock less the clock that all nodes go by",
            self.clock_skew_millis.clone(),
        );
        registry.register("store_up", "1 while the store answers", self.store_up.clone());
        registry.register(
            "policy_check_round_seconds",
            "How long the last round over the due queue took",
            self.check_round_seconds.clone(),
        );
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Pretty,
}

/// Starts logging to standard error. `level` is a filter such as `info` or `hourgate=debug`; `RUST_LOG` wins over it.
///
/// # Errors
///
/// Where `level` is not a filter.
pub fn start_logging(format: LogFormat, level: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;

    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => EnvFilter::try_new(filter)?,
        // The HTTP server's own lines tell how it is built, not what happens; its HTTP layer's are of strangers' making, an
        // error for every connection that talks nonsense.
        _ => EnvFilter::try_new(format!("{level},actix_server=warn,actix_http=off"))?,
    };
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start (tests, the demo) keeps the first subscriber.
    let _ = if json { subscriber.json().flatten_event(true).try_init() } else { subscriber.try_init() };
    Ok(())
}
