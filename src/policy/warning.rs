//! When a person is told that their session is about to end (rows H6, C11).

use std::time::Duration;

use super::facts::Facts;
use super::rules;
use super::schedule;
use super::settings::Settings;
use crate::session::Session;
use crate::time::Timestamp;

/// Over this an inactivity timeout is announced [`LEADS`]`.0` ahead, from [`SHORT_TIMEOUT`] on `.1`, below it `.2`.
const LONG_TIMEOUT: Duration = Duration::from_secs(30 * 60);
const SHORT_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const LEADS: (Duration, Duration, Duration) =
    (Duration::from_secs(300), Duration::from_secs(120), Duration::from_secs(30));

/// What a session is about to run into, unless the person does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub kind: WarningKind,
    /// From when on the person is told.
    pub at: Timestamp,
    /// When it happens.
    pub ends_at: Timestamp,
}

/// What a session can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// Nobody uses it (row C10); whoever says that they are there goes on.
    Inactivity,
    /// Its proof, which the browser must renew (row H4).
    Proof,
    /// Its end, whatever happens; after a new sign-in there is a new session.
    End,
}

impl WarningKind {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Inactivity => "inactivity",
            Self::Proof => "proof",
            Self::End => "end",
        }
    }
}

/// What comes first; `None` where the session goes on by itself for as long as the IdP confirms it.
#[must_use]
pub fn warning(settings: &Settings, facts: &Facts, session: &Session) -> Option<Warning> {
    let inactivity = rules::inactive_from(settings, facts, session).map(|ends_at| {
        let lead = inactivity_lead(settings.inactivity_timeout);
        Warning { kind: WarningKind::Inactivity, at: ends_at.minus(lead), ends_at }
    });
    let ahead = |kind, since: Timestamp, ends_at: Timestamp| {
        let lead = settings.warn_before.min(ends_at.since(since) / 2);
        Warning { kind, at: ends_at.minus(lead), ends_at }
    };
    let end =
        rules::end_of(settings, session).map(|(at, _)| ahead(WarningKind::End, session.signed_in_at, at));
    let proof = rules::is_renewed_by_browser(session).then(|| {
        ahead(WarningKind::Proof, session.proof.proved_at, schedule::proof_until(settings, session))
    });
    // Of two that fall on one instant the end comes first: nothing that is renewed outlives it.
    [end, proof, inactivity].into_iter().flatten().min_by_key(|warning| warning.ends_at)
}

fn inactivity_lead(timeout: Duration) -> Duration {
    match timeout {
        timeout if timeout > LONG_TIMEOUT => LEADS.0,
        timeout if timeout >= SHORT_TIMEOUT => LEADS.1,
        _ => LEADS.2,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::policy::decide::{Verdict, decide};
    use crate::policy::facts::{Browser, Standing};
    use crate::session::{Proof, Renewal};

    const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn minutes(n: u64) -> Duration {
        Duration::from_secs(n * 60)
    }

    fn session(renewal: Renewal, proof: Duration) -> Session {
        let proof = Proof { proved_at: T0, until: T0.plus(proof) };
        Session { signed_in_at: T0, proof, renewal, ..Session::sample() }
    }

    fn facts(session: &Session) -> Facts {
        Facts {
            standing: Standing::Live(Arc::new(session.clone())),
            browser: Browser::Same,
            last_activity: T0,
            idp_is_away: false,
        }
    }

    fn of(settings: &Settings, session: &Session) -> Option<(WarningKind, Duration, Duration)> {
        warning(settings, &facts(session), session)
            .map(|warning| (warning.kind, warning.at.since(T0), warning.ends_at.since(T0)))
    }

    #[test]
    fn c11_the_longer_the_timeout_the_earlier_the_warning() {
        for (timeout, lead) in [(5, 30), (9, 30), (10, 120), (30, 120), (31, 300), (1440, 300)] {
            assert_eq!(inactivity_lead(minutes(timeout)), Duration::from_secs(lead), "{timeout} min");
        }
    }

    #[test]
    fn h6_a_session_that_the_gateway_renews_by_itself_is_never_announced_to_end() {
        assert_eq!(of(&Settings::default(), &session(Renewal::Background, minutes(60))), None);
    }

    #[test]
    fn h6_the_proof_that_the_browser_must_renew_is_announced_20_minutes_ahead_or_half_its_span() {
        let settings = Settings::default();
        let of = |span| of(&settings, &session(Renewal::Browser, minutes(span)));
        assert_eq!(of(60), Some((WarningKind::Proof, minutes(40), minutes(60))));
        assert_eq!(of(10), Some((WarningKind::Proof, minutes(5), minutes(10))));
        assert_eq!(of(24 * 60), Some((WarningKind::End, minutes(24 * 60 - 20), minutes(24 * 60))));
    }

    #[test]
    fn h6_and_c3_a_custom_length_is_announced_warn_before_it_ends() {
        let custom = Settings {
            custom_duration: true,
            max_length: minutes(120),
            warn_before: minutes(15),
            ..Settings::default()
        };
        let background = session(Renewal::Background, minutes(60));
        assert_eq!(of(&custom, &background), Some((WarningKind::End, minutes(105), minutes(120))));
        let idle = Settings { custom_inactivity: true, ..custom };
        assert_eq!(of(&idle, &background), Some((WarningKind::Inactivity, minutes(28), minutes(30))));
    }

    proptest! {
        #[test]
        fn h6_whatever_is_announced_happens_then_and_nothing_that_needs_the_person_comes_before_it(
            custom in any::<bool>(), max_length in 60u64..1440, lifetime in 60u64..4320,
            idle in any::<bool>(), timeout in 5u64..1440, warn in 1u64..60,
            by_browser in any::<bool>(), proof in 1u64..1440,
        ) {
            let settings = Settings {
                custom_duration: custom,
                max_length: minutes(max_length),
                lifetime: minutes(lifetime),
                custom_inactivity: idle,
                inactivity_timeout: minutes(timeout),
                warn_before: minutes(warn),
                ..Settings::default()
            };
            let session = session(if by_browser { Renewal::Browser } else { Renewal::Background }, minutes(proof));
            let facts = facts(&session);
            let Some(warning) = warning(&settings, &facts, &session) else {
                prop_assert!(!custom && !idle && !by_browser);
                return Ok(());
            };
            prop_assert!(warning.at < warning.ends_at && warning.at >= T0);
            let just_before = decide(&settings, &facts, warning.ends_at.minus(Duration::from_millis(1)));
            prop_assert!(matches!(just_before.verdict, Verdict::Allow(_) | Verdict::Check));
            let then = decide(&settings, &facts, warning.ends_at);
            prop_assert!(matches!(then.verdict, Verdict::SignIn(_) | Verdict::Renew));
        }
    }
}
