//! The configuration: a TOML file, the environment laid over it, and messages from which an operator can mend both.
//!
//! Precedence: environment, then file, then default. Every key is in `example.toml`, with its default and meaning.
//! `HOURGATE__SECTION__KEY` sets a key, `HOURGATE__PROVIDER__0__CLIENT_ID` one of the first provider; lists are TOML arrays or
//! have commas. `_FILE` behind any of these reads the value from a file. Nothing is accepted in silence: an unknown key,
//! an unknown variable, a value out of range are problems, and all problems are told at once.

mod client_authentication;
mod clients;
mod context;
mod environment;
mod find;
mod limits;
mod problem;
mod provider;
mod reader;
mod secret_files;
mod server;
mod session;
mod source;
mod store;
mod tree;
mod values;
mod variables;
mod ws_federation;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;

pub use self::problem::Problems;
pub use self::variables::variables;
use crate::edge::limits::Limits;
use crate::policy::environment::Environment;
use crate::policy::settings::layer::SettingsLayer;
use crate::policy::settings::live::Configured;
use crate::policy::settings::table::Leave;
use crate::session::origin::Origin;
use crate::telemetry::LogFormat;
use crate::{provider as upstream, store as storage};

use self::context::Context;
use self::problem::Place;
use self::provider::Spoken;
use self::reader::Table;
use self::secret_files::SecretFiles;
use self::source::Source;
use self::tree::Entries;

/// The exit code for a configuration that was refused: `EX_CONFIG` of sysexits.h.
pub const EXIT_INVALID: u8 = 78;

/// All that an operator says, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where browsers and front proxies reach the gateway.
    pub server: Server,
    /// Where operators reach it.
    pub management: Management,
    /// How much strangers may send, and how long they may take.
    pub limits: Limits,
    /// Where the key ring is.
    pub keys: KeySource,
    /// Which store.
    pub store: storage::settings::Settings,
    /// The OpenID Providers…
    pub providers: Vec<upstream::settings::Settings>,
    /// …and the identity providers that speak WS-Federation. All ids are distinct; not both lists are empty.
    pub ws_federation: Vec<upstream::ws_federation::settings::Settings>,
    /// What is said about sessions for all environments.
    pub session: SettingsLayer,
    /// The environments, with distinct ids and hosts; never empty. Their providers exist.
    pub environments: Vec<Environment>,
    /// What is off for good reasons.
    pub danger: Danger,
    /// How the program speaks of itself.
    pub log: Log,
}

/// The public listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub listen: SocketAddr,
    /// Whose forwarded headers are believed; nobody's by default.
    pub trusted_proxies: Vec<IpNet>,
}

/// The listener of health, metrics and the admin API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Management {
    /// Its address.
    pub listen: SocketAddr,
    /// The Unix socket that the admin commands speak to.
    pub socket: PathBuf,
}

/// Where the key ring comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file, which is read again when keys are rotated.
    File(PathBuf),
    /// The text of the ring itself.
    Ring(SecretString),
}

/// Switches for test beds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Danger {
    /// Plain http is allowed for hosts and issuers other than localhost.
    pub insecure_http: bool,
    /// `policy_check_interval` may be as short as 2 s.
    pub short_policy_check: bool,
    /// A test IdP, which lets in whoever asks, is as good as any.
    pub insecure_test_idp: bool,
}

impl Danger {
    /// What settings may be here that they may not be elsewhere.
    pub(crate) const fn leave(self) -> Leave {
        Leave { short_policy_check: self.short_policy_check }
    }
}

impl Config {
    /// What it says about sessions.
    #[must_use]
    pub fn settings(&self) -> Configured {
        let environments = self.environments.iter();
        Configured {
            server: self.session.clone(),
            environments: environments.map(|own| (own.id.clone(), own.settings.clone())).collect(),
            leave: self.danger.leave(),
        }
    }
}

/// What is logged and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// The least important level that is still logged.
    pub level: tracing::Level,
}

/// Reads the configuration: from `path`, or the file that `HOURGATE_CONFIG` names, or `./hourgate.toml`, or
/// `/etc/hourgate/hourgate.toml`; and from the environment `env` ([`variables`] in a program). A configuration may live in
/// the environment alone.
///
/// # Errors
///
/// All [`Problems`] at once; only where the file is not TOML nothing else is looked at.
pub fn load(path: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Config, Problems> {
    Ok(read(path, &env.collect()).1?.0)
}

/// As [`load`], with the file's text at hand; `name` is what messages call it.
///
/// # Errors
///
/// As [`load`].
pub fn parse(
    name: &str,
    text: &str,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Config, Problems> {
    Ok(interpret(source::parse(name.to_owned(), text.to_owned()), &env.collect())?.0)
}

/// As [`load`], with what `hourgate config check` prints on success: which origins result, and what is odd but no mistake.
///
/// # Errors
///
/// As [`load`].
pub fn check(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<(Config, String), Problems> {
    let (name, read) = read(path, &env.collect());
    let (config, open_files) = read?;
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let providers = count(config.providers.len() + config.ws_federation.len(), "provider");
    let environments = count(config.environments.len(), "environment");
    let hosts = count(config.environments.iter().map(|environment| environment.hosts.len()).sum(), "host");
    let mut text = format!("{name} is valid: {providers}, {environments}, {hosts}\n");
    for environment in &config.environments {
        for host in &environment.hosts {
            text.push_str(&format!("  {}: {host}{}\n", environment.id, remark_on(host)));
        }
    }
    for file in open_files {
        text.push_str(&format!(
            "warning: the secret in {file} can be read by others; run `chmod o= {file}`\n",
            file = file.display()
        ));
    }
    Ok((config, text))
}

/// A bare host means https; on one's own machine that is seldom meant.
fn remark_on(host: &Origin) -> String {
    match host.to_string().strip_prefix("https://") {
        Some(bare) if host.is_loopback() => format!(" (over TLS; for plain http write \"http://{bare}\")"),
        _ => String::new(),
    }
}

/// The name of what was read, and what came of it.
fn read(path: Option<&Path>, env: &BTreeMap<String, String>) -> (String, Interpreted) {
    let file = match find::file(path, env, &find::USUAL) {
        Ok(Some((name, text))) => source::parse(name, text),
        Ok(None) => (Source::none(), Ok(Entries::new())),
        Err(problem) => (Source::none(), Err(vec![problem])),
    };
    (file.0.name.clone(), interpret(file, env))
}

/// A configuration, and the files of secrets in it that others may read.
type Interpreted = Result<(Config, Vec<PathBuf>), Problems>;

/// A file, with the environment laid over it, as types.
fn interpret((source, tree): source::Parsed, env: &BTreeMap<String, String>) -> Interpreted {
    let mut entries = tree.map_err(Problems::new)?;
    let problems = variables::overlay(&mut entries, env);
    let files = SecretFiles::new(env.get("CREDENTIALS_DIRECTORY").map(String::as_str));
    let context = Context::new(problems, files);
    let config = sections(Table::root(&context, Place::Whole(source), entries), env);
    let (problems, open_files) = context.into_findings();
    let config = config.filter(|_| problems.is_empty());
    config.map(|config| (config, open_files)).ok_or_else(|| Problems::new(problems))
}

/// `None` only after a problem was noted.
fn sections(mut root: Table<'_>, env: &BTreeMap<String, String>) -> Option<Config> {
    let danger = server::danger(root.table("danger"));
    let (server, management) = server::listeners(&mut root, env);
    let log = server::log(root.table("log"));
    let limits = limits::limits(root.table("limits"));
    let keys = store::keys(root.table("keys"));
    let store = store::store(root.table("store"));
    let session = session::said(root.table("session"), None, danger.leave());
    let providers = provider::all(&mut root, danger);
    let environments = environment::all(&mut root, &providers, &session, danger);
    root.finish();
    let spoken: Vec<_> = providers.into_iter().map(|provider| provider.settings).collect::<Option<_>>()?;
    let (mut providers, mut ws_federation) = (Vec::new(), Vec::new());
    for settings in spoken {
        match settings {
            Spoken::Oidc(settings) => providers.push(*settings),
            Spoken::WsFederation(settings) => ws_federation.push(*settings),
        }
    }
    Some(Config {
        server,
        management,
        limits,
        keys: keys?,
        store: store?,
        providers,
        ws_federation,
        session: session.layer,
        environments: environments?,
        danger,
        log,
    })
}
