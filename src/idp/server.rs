//! The test IdP as a server.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::json;
use tokio::task::JoinHandle;
use url::Url;

use super::courier::Courier;
use super::tenants::Tenants;
use super::wire::Wire;
use super::{Config, control, discovery, gate, par, sign_in, sign_out, token, userinfo, wsfed};

/// No request to an issuer needs more.
const LARGEST_BODY: usize = 64 * 1024;

/// A test IdP that has its address and does not answer yet.
pub struct TestIdp {
    tenants: web::Data<Tenants>,
    address: SocketAddr,
    server: Server,
}

impl TestIdp {
    /// Takes the address; connections wait until [`TestIdp::start`].
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or makes no URL; or where TLS cannot be set up.
    pub fn bind(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen)?;
        let address = listener.local_addr()?;
        let base = reachable(address).map_err(io::Error::other)?;
        let tenants = web::Data::new(Tenants::new(base, config.public_url, config.strict, config.clock));
        let data = tenants.clone();
        let courier = web::Data::new(Courier::new().map_err(io::Error::other)?);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(courier.clone())
                .app_data(web::PayloadConfig::new(LARGEST_BODY))
                .service(
                    web::scope("/_control")
                        .wrap(from_fn(control::programs_only::programs_only))
                        .configure(control::routes),
                )
                .service(web::scope("/{tenant}").wrap(from_fn(gate::pass)).configure(routes))
        })
        .on_connect(Wire::tap)
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        Ok(Self { tenants, address, server })
    }

    /// The address it listens on, with the port it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where browsers reach it: the public URL, or the address it listens on.
    #[must_use]
    pub fn base_url(&self) -> Url {
        self.tenants.base().clone()
    }

    /// The issuer of a tenant.
    #[must_use]
    pub fn issuer(&self, tenant: &str) -> String {
        self.tenants.issuer(tenant)
    }

    /// Answers from now on, on a thread of its own.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime (actix's is one).
    pub fn start(self) -> RunningIdp {
        let handle = self.server.handle();
        RunningIdp { tenants: self.tenants, address: self.address, handle, task: tokio::spawn(self.server) }
    }
}

/// A test IdP that answers, until it is stopped or dropped.
#[must_use = "it stops when dropped"]
pub struct RunningIdp {
    tenants: web::Data<Tenants>,
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl RunningIdp {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where browsers reach it.
    #[must_use]
    pub fn base_url(&self) -> Url {
        self.tenants.base().clone()
    }

    /// The issuer of a tenant.
    #[must_use]
    pub fn issuer(&self, tenant: &str) -> String {
        self.tenants.issuer(tenant)
    }

    /// Stops, and waits until it has: the port is free and every connection closed.
    ///
    /// # Errors
    ///
    /// When the server had failed.
    pub async fn stop(mut self) -> io::Result<()> {
        self.handle.stop(false).await;
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for RunningIdp {
    fn drop(&mut self) {
        // The command is sent here; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}

impl fmt::Debug for TestIdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIdp").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for RunningIdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningIdp").field("address", &self.address).finish_non_exhaustive()
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/.well-known/openid-configuration", web::get().to(discovery::document))
        .route("/jwks", web::get().to(discovery::keys))
        .route("/authorize", web::get().to(sign_in::authorize))
        .route("/authorize", web::post().to(sign_in::authorize))
        .route("/login", web::post().to(sign_in::login))
        .route("/token", web::post().to(token::token))
        .route("/revoke", web::post().to(token::revoke))
        .route("/par", web::post().to(par::push))
        .route("/userinfo", web::get().to(userinfo::userinfo))
        .route("/userinfo", web::post().to(userinfo::userinfo))
        .route("/wsfed", web::get().to(wsfed::passive))
        .route("/wsfed", web::post().to(wsfed::passive))
        .route(wsfed::metadata::PATH, web::get().to(wsfed::metadata::document))
        .route("/end_session", web::get().to(sign_out::end_session))
        .route("/end_session", web::post().to(sign_out::end_session))
        .default_service(web::to(|| async {
            HttpResponse::NotFound().json(json!({ "error": "not_found" }))
        }));
}

/// A listener on all interfaces is reached on this machine by its loopback address.
fn reachable(mut address: SocketAddr) -> Result<Url, url::ParseError> {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            [0, 0, 0, 0, 0, 0, 0, 1].into()
        });
    }
    Url::parse(&format!("http://{address}"))
}
