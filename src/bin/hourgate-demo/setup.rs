//! The gateway's configuration, made in code: what `hourgate.toml` would say.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use hourgate::config::{Config, Danger, KeySource, Log, Management, Server};
use hourgate::edge::limits::Limits;
use hourgate::keys::{MasterKey, file};
use hourgate::policy::environment::Environment;
use hourgate::policy::settings::Settings as Policy;
use hourgate::policy::settings::layer::SettingsLayer;
use hourgate::provider::settings::{ClientAuthentication, PolicyCheck, Settings as Provider};
use hourgate::provider::ws_federation::settings::{Settings as WsFederation, Trust};
use hourgate::session::origin::Origin;
use hourgate::store::settings::Settings as Store;
use hourgate::telemetry::LogFormat;
use hourgate::time::Timestamp;
use secrecy::ExposeSecret;

/// A free loopback port.
pub(crate) const ANY: SocketAddr = on_loopback(0);

/// A loopback address.
pub(crate) const fn on_loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The IdP as the gateway sees it.
pub(crate) struct Idp {
    /// As browsers and tokens spell it.
    pub(crate) issuer: String,
    /// Where its metadata lies for the gateway: the system's resolver need not know `*.localhost`.
    pub(crate) discovery: url::Url,
    /// The same of WS-Federation.
    pub(crate) federation_metadata: url::Url,
}

impl Idp {
    /// Its name where it speaks WS-Federation.
    pub(crate) fn entity_id(&self) -> String {
        format!("{}/wsfed", self.issuer)
    }
}

/// Two environments: the apps behind OpenID Connect, and the one behind WS-Federation. Each app has a host-only session cookie of
/// its own.
pub(crate) fn config(
    idp: Idp,
    apps: Vec<Origin>,
    federated: Origin,
    interval: Duration,
    dir: &Path,
) -> Result<Config, hourgate::session::names::NotAName> {
    // The test IdP takes any secret.
    let secret = ClientAuthentication::ClientSecretBasic("demo".to_owned().into());
    let trust = Trust::Metadata { url: idp.federation_metadata.clone(), signed_by: None };
    let federation = WsFederation {
        display_name: "Test identity provider (WS-Federation)".to_owned(),
        // The demo's interval is shorter than any token.
        policy_check: PolicyCheck::Browser,
        ..WsFederation::new("legacy".parse()?, idp.entity_id(), "urn:hourgate:demo".to_owned(), trust)
    };
    let provider = Provider {
        display_name: "Test identity provider".to_owned(),
        discovery_url: Some(idp.discovery),
        ..Provider::new("test".parse()?, idp.issuer, "hourgate-demo".to_owned(), secret)
    };
    let environments = vec![
        Environment::new("demo".parse()?, apps, vec![provider.id.clone()]),
        Environment::new("legacy".parse()?, vec![federated], vec![federation.id.clone()]),
    ];
    let session = Policy { policy_check_interval: interval, ..Policy::default() };
    Ok(Config {
        server: Server { listen: ANY, trusted_proxies: vec![ANY.ip().into()] },
        management: Management { listen: ANY, socket: dir.join("admin.sock") },
        limits: Limits::default(),
        keys: KeySource::File(dir.join("keys")),
        store: Store::Embedded { path: dir.join("sessions.redb") },
        providers: vec![provider],
        ws_federation: vec![federation],
        session: SettingsLayer::of_difference(&session, &Policy::default()),
        environments,
        danger: Danger { short_policy_check: true, insecure_test_idp: true, ..Danger::default() },
        log: Log { format: LogFormat::Pretty, level: tracing::Level::WARN },
    })
}

/// Makes the key ring, unless the directory has one: the records in a store are sealed with it.
pub(crate) fn make_keys(dir: &Path, now: Timestamp) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.join("keys")) {
        Ok(mut keys) => keys.write_all(file::render(&[MasterKey::random(now)]).expose_secret().as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
