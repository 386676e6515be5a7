//! The only wiring: configuration to stores, keys, clock, IdPs, and from there to listeners and background work.

mod key_file;
mod work;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::key_file::{KeyFileError, read_key_file};
pub use self::work::follow_the_store;
use crate::config::{Config, KeySource};
use crate::edge::limits::MOST_TOKEN_FORMS;
use crate::edge::sign_in_budget::SignInBudget;
use crate::edge::{self, Edge, listener};
use crate::journeys::activity::Activity;
use crate::journeys::policy_check;
use crate::journeys::settings::{self, CurrentSettings};
use crate::journeys::token_revocation::Revocations;
use crate::journeys::{MOST_WAITING_SIGN_OUTS, Services};
use crate::keys::{KeyRing, file};
use crate::provider::{OidcProvider, Provider, TestIdps, WsFederationProvider};
use crate::store::sessions::Sessions;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::time::{Clock, Timestamp};
use crate::{admin, keys, provider, store};

/// Policy checks under way at a stop get this long: an IdP may have rotated a refresh token that nobody has stored yet.
const CHECKS_STOP_WITHIN: Duration = Duration::from_secs(15);

/// The gateway cannot be made of this configuration.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The key file cannot be read, or by too many.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The key ring's text is not one.
    #[error(transparent)]
    KeyText(#[from] file::KeyTextError),
    /// The key ring has no key in use.
    #[error(transparent)]
    KeyRing(#[from] keys::ring::EmptyRing),
    /// TLS towards an IdP cannot be set up.
    #[error(transparent)]
    Transport(#[from] provider::transport::TransportSetupError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The live settings cannot be read.
    #[error(
        "{0}; put the key ring back that they were sealed with, or start once with --forget-live-settings, which takes \
         back all that was changed with `hourgate settings`"
    )]
    Settings(StoreError),
    /// A listener cannot be opened.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The admin socket cannot be opened.
    #[error(
        "cannot listen on {path}: {cause}; its directory must exist and be this user's to write to: \
         make it, or name another with management.socket",
        path = path.display()
    )]
    Socket {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// A gateway that is made, but does nothing yet.
#[derive(Debug)]
pub struct Gateway {
    services: Arc<Services>,
    config: Config,
}

/// The TLS stack is chosen once for the process: rustls with `ring`.
pub fn install_tls() {
    // An error means that it was chosen before: by an earlier call, and alike.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Reads the key ring that a configuration names.
///
/// # Errors
///
/// [`GatewayError`].
pub fn read_keys(source: &KeySource) -> Result<Vec<keys::MasterKey>, GatewayError> {
    let text = match source {
        KeySource::Ring(text) => text.clone(),
        KeySource::File(path) => read_key_file(path)?,
    };
    Ok(file::parse(&text)?)
}

/// Looks whether the files that a configuration names are there and good: key ring and certificates. Calls nobody, and
/// opens no store.
///
/// # Errors
///
/// [`GatewayError`].
pub fn check_files(config: &Config, now: Timestamp) -> Result<(), GatewayError> {
    install_tls();
    KeyRing::new(read_keys(&config.keys)?, now)?;
    for settings in &config.providers {
        OidcProvider::new(settings.clone(), TestIdps::Refused)?;
    }
    for settings in &config.ws_federation {
        WsFederationProvider::new(settings.clone(), TestIdps::Refused)?;
    }
    Ok(store::check(&config.store)?)
}

impl Gateway {
    /// Makes a gateway on a store that is open. Calls nobody.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub fn new(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, GatewayError> {
        install_tls();
        let keys = Arc::new(KeyRing::new(read_keys(&config.keys)?, clock.now())?);
        let test_idps = if config.danger.insecure_test_idp { TestIdps::Allowed } else { TestIdps::Refused };
        let mut providers = BTreeMap::new();
        for settings in &config.providers {
            let provider = Provider::Oidc(OidcProvider::new(settings.clone(), test_idps)?);
            providers.insert(settings.id.clone(), Arc::new(provider));
        }
        for settings in &config.ws_federation {
            let provider = Provider::WsFederation(WsFederationProvider::new(settings.clone(), test_idps)?);
            providers.insert(settings.id.clone(), Arc::new(provider));
        }
        let environments = config.environments.iter().map(|env| (env.id.clone(), Arc::new(env.clone())));
        let services = Services {
            sessions: Sessions::new(store, keys.clone()),
            environments: environments.collect(),
            settings: CurrentSettings::new(config.settings()),
            activity: Activity::default(),
            metrics: Metrics::default(),
            checks: tokio::sync::RwLock::default(),
            visits: policy_check::Visits::default(),
            revocations: Revocations::default(),
            sign_outs: Arc::new(Semaphore::new(MOST_WAITING_SIGN_OUTS)),
            clock,
            keys,
            providers,
        };
        Ok(Self { services: Arc::new(services), config })
    }

    /// What the journeys work with.
    #[must_use]
    pub const fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Reads what was changed live. With the store away that is done when it is back, before anybody is let pass.
    ///
    /// # Errors
    ///
    /// [`GatewayError::Settings`]: the store has live settings that this gateway cannot read.
    pub async fn read_live_settings(&self) -> Result<(), GatewayError> {
        match settings::follow(&self.services).await {
            Err(error @ StoreError::Unreadable { .. }) => Err(GatewayError::Settings(error)),
            Err(error) => {
                tracing::warn!(%error, "live_settings_not_read_yet");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Takes back all that was changed live.
    ///
    /// # Errors
    ///
    /// [`GatewayError::Store`].
    pub async fn forget_live_settings(&self) -> Result<(), GatewayError> {
        Ok(settings::forget(&self.services).await?)
    }

    /// Opens the listeners and begins to serve. Background work is begun with `background`; stories move it by hand.
    ///
    /// # Errors
    ///
    /// Where a listener cannot be opened.
    pub fn start(self, workers: usize, background: Background) -> Result<Running, GatewayError> {
        let public_listener = listen(self.config.server.listen)?;
        let management_listener = listen(self.config.management.listen)?;
        let (public, management) = (address(&public_listener)?, address(&management_listener)?);

        let edge = Data::new(Edge {
            services: self.services.clone(),
            trusted_proxies: self.config.server.trusted_proxies.clone(),
            sign_in_budget: SignInBudget::new(&self.config.limits),
            token_forms: Semaphore::new(MOST_TOKEN_FORMS),
        });
        let failed = |address: &dyn std::fmt::Display| {
            let address = address.to_string();
            move |cause| GatewayError::Listen { address, cause }
        };
        let limits = self.config.limits;
        let for_management = edge.clone();
        let server = listener::serve(public_listener, limits, workers, move |config| {
            edge::public(edge.clone())(config);
        })
        .map_err(failed(&public))?;
        let management_server = listener::serve(management_listener, limits, 1, move |config| {
            edge::management::management(for_management.clone())(config);
        })
        .map_err(failed(&management))?;

        let socket = self.config.management.socket.clone();
        let for_admin = Data::from(self.services.clone());
        let admin_server =
            HttpServer::new(move || App::new().configure(admin::api::routes(for_admin.clone())))
                .workers(1)
                .on_connect(admin::api::note_peer)
                .disable_signals()
                .listen_uds(listen_unix(&socket)?)
                .map_err(failed(&socket.display()))?
                .run();

        let handles = vec![server.handle(), management_server.handle(), admin_server.handle()];
        let servers = vec![tokio::spawn(server), tokio::spawn(management_server), tokio::spawn(admin_server)];
        let work = match background {
            Background::Runs => work::begin(&self.services),
            Background::ByHand => Vec::new(),
        };
        if self.config.danger.insecure_test_idp {
            tracing::warn!(
                "danger.insecure_test_idp is on: a test identity provider, which lets in whoever asks, is as good as any"
            );
        }
        let trusted = self.config.server.trusted_proxies.len();
        if trusted == 0 {
            tracing::warn!(
                "server.trusted_proxies is empty: forwarded headers are ignored, and a front proxy's host must be the app's own"
            );
        }
        for environment in &self.config.environments {
            let origins: Vec<_> = environment.hosts.iter().map(ToString::to_string).collect();
            tracing::info!(environment = %environment.id, origins = origins.join(" "), "serving");
        }
        tracing::info!(%public, %management, socket = %socket.display(), trusted_proxies = trusted, "listening");
        Ok(Running { services: self.services, public, management, socket, handles, servers, work })
    }
}

/// Who moves the background work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// It runs by itself.
    Runs,
    /// A test calls the journeys.
    ByHand,
}

/// A gateway that serves.
#[derive(Debug)]
pub struct Running {
    services: Arc<Services>,
    public: SocketAddr,
    management: SocketAddr,
    socket: PathBuf,
    handles: Vec<ServerHandle>,
    servers: Vec<JoinHandle<io::Result<()>>>,
    work: Vec<JoinHandle<()>>,
}

impl Running {
    /// What the journeys work with.
    #[must_use]
    pub const fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Where browsers and front proxies reach it.
    #[must_use]
    pub const fn public(&self) -> SocketAddr {
        self.public
    }

    /// Where health and metrics are.
    #[must_use]
    pub const fn management(&self) -> SocketAddr {
        self.management
    }

    /// Stops: policy checks under way are finished and no more begun, requests under way are answered, activity is written.
    pub async fn stop(self) {
        // Before anything that checks run on goes away.
        let no_checks = timeout(CHECKS_STOP_WITHIN, self.services.checks.write()).await;
        if no_checks.is_err() {
            tracing::warn!("policy_checks_not_finished");
        }
        for handle in &self.handles {
            handle.stop(true).await;
        }
        for task in self.work {
            task.abort();
        }
        for server in self.servers {
            let _ = server.await;
        }
        if let Err(error) = self.services.activity.flush(&self.services.sessions, self.services.now()).await {
            tracing::warn!(%error, "activity_not_written");
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, GatewayError> {
    TcpListener::bind(address)
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .map_err(|cause| GatewayError::Listen { address: address.to_string(), cause })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, GatewayError> {
    listener.local_addr().map_err(|cause| GatewayError::Listen { address: "its address".into(), cause })
}

/// The admin socket, for this user only. It is made in a directory that nobody else can enter, for until its mode is set
/// the umask decides who may connect; it appears at its place when it is safe. A socket that a dead gateway left there is
/// replaced.
fn listen_unix(path: &Path) -> Result<std::os::unix::net::UnixListener, GatewayError> {
    use std::os::unix::net::{UnixListener, UnixStream};

    let failed = |cause| GatewayError::Socket { path: path.to_owned(), cause };
    if let Ok(metadata) = std::fs::symlink_metadata(path) {
        let in_use = || io::Error::new(io::ErrorKind::AddrInUse, "another gateway listens there");
        if !metadata.file_type().is_socket() {
            return Err(failed(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "a file that is not a socket is there",
            )));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(failed(in_use()));
        }
    }
    let closed = path.with_extension(std::process::id().to_string());
    let fresh = closed.join("s");
    let _ = std::fs::remove_file(&fresh);
    let _ = std::fs::remove_dir(&closed);
    std::fs::DirBuilder::new().mode(0o700).create(&closed).map_err(failed)?;
    let listener = UnixListener::bind(&fresh).and_then(|listener| {
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&fresh, path)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let _ = std::fs::remove_dir(&closed);
    listener.map_err(failed)
}
