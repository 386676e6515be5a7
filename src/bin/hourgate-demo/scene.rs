//! Everything that the demo consists of: begun in order, stopped in reverse.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, to};
use actix_web::{App as Server, HttpServer};
use hourgate::gateway::{Background, Gateway, Running, install_tls};
use hourgate::idp::{Config as IdpConfig, RunningIdp, TestIdp};
use hourgate::session::origin::Origin;
use hourgate::store::{self, TimeSource};
use hourgate::time::{Clock, SystemClock};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::front::{Front, serve};
use crate::idp_control::{IdpControl, TENANT};
use crate::pages::Error;
use crate::work_dir::WorkDir;
use crate::{Cli, as_proxy, setup};

const PORT: u16 = 8080;
const IDP_PORT: u16 = 9400;
/// A page asks the gateway and the IdP, both of this process.
const PATIENCE: Duration = Duration::from_secs(10);

/// The running demo.
pub(crate) struct Scene {
    front: ServerHandle,
    front_task: JoinHandle<io::Result<()>>,
    gateway: Running,
    idp: RunningIdp,
    port: u16,
    interval: u64,
    // Last: what is in it is in use until all others are gone.
    dir: WorkDir,
}

impl Scene {
    /// Begins everything.
    pub(crate) async fn start(cli: Cli) -> Result<Self, Error> {
        install_tls();
        let clock = Arc::new(SystemClock);
        let dir = WorkDir::new(cli.dir)?;
        let listener = or_free(cli.port, PORT, |port| TcpListener::bind(setup::on_loopback(port)))?;
        let port = listener.local_addr()?.port();
        let host = |name: &str| format!("{name}.localhost:{port}");
        let apps = [("One", "one"), ("Two", "two"), ("Three", "three")]
            .map(|(name, label)| App { name, host: host(label) });
        let mut origins = Vec::new();
        for app in &apps {
            origins.push(format!("http://{}", app.host).parse::<Origin>()?);
        }
        let federated = origins.remove(2);

        let idp = or_free(cli.idp_port, IDP_PORT, |port| bind_idp(port, clock.clone()))?.start();
        let below = |path: &str| format!("http://{}/{TENANT}/{path}", idp.address());
        let seen = setup::Idp {
            issuer: idp.issuer(TENANT),
            discovery: below(".well-known/openid-configuration").parse()?,
            federation_metadata: below("FederationMetadata/2007-06/FederationMetadata.xml").parse()?,
        };
        let issuers = [seen.issuer.clone(), seen.entity_id()];
        setup::make_keys(dir.path(), clock.now())?;
        let config = setup::config(seen, origins, federated, cli.interval, dir.path())?;
        let store = store::open(&config.store, clock.clone(), TimeSource::Caller).await?;
        let gateway = Gateway::new(config, store, clock)?;
        gateway.read_live_settings().await?;
        let gateway = gateway.start(1, Background::Runs)?;

        let client = client()?;
        let control = IdpControl::new(client.clone(), idp.address())?;
        // Two people are enough here.
        control.delete("admin").await?;
        let front = Data::new(Front {
            gateway: as_proxy::Gateway::new(client, gateway.public()),
            services: gateway.services().clone(),
            idp: control,
            issuers,
            apps,
            control: host("control"),
            interval: cli.interval.as_secs(),
        });
        let server =
            HttpServer::new(move || Server::new().app_data(front.clone()).default_service(to(serve)))
                .workers(1)
                .disable_signals()
                .listen(listener)?
                .run();
        let (handle, task) = (server.handle(), tokio::spawn(server));
        let interval = cli.interval.as_secs();
        Ok(Self { front: handle, front_task: task, gateway, idp, port, interval, dir })
    }

    /// What to open and what to try.
    pub(crate) fn banner(&self) -> String {
        let Self { port, interval, .. } = self;
        let (idp, dir) = (self.idp.base_url(), self.dir.path().display());
        format!(
            "hourgate-demo: a gateway, a test identity provider and three apps; a policy check every {interval} s, not every hour

open http://one.localhost:{port}/

  sign in     as alice or bob; then http://two.localhost:{port}/ lets you in without a question
  legacy      http://three.localhost:{port}/ does the same by WS-Federation, with a SAML token
  disable     the user at the IdP with the button: within {interval} s the page says that you are out
  enable      the user again in the control room: http://control.localhost:{port}/
  look        cargo run --release -- sessions list --socket {dir}/admin.sock
  idp         {idp}{TENANT}/.well-known/openid-configuration

Ctrl-C ends it.
"
        )
    }

    /// Stops everything; a temporary directory goes away.
    pub(crate) async fn stop(self) -> io::Result<()> {
        self.front.stop(false).await;
        self.front_task.await.map_err(io::Error::other)??;
        self.gateway.stop().await;
        self.idp.stop().await
    }
}

fn bind_idp(port: u16, clock: Arc<SystemClock>) -> io::Result<TestIdp> {
    // The public URL has the port in it, so the port must be known before.
    let port = match port {
        0 => TcpListener::bind(setup::ANY)?.local_addr()?.port(),
        port => port,
    };
    let public_url = format!("http://idp.localhost:{port}/").parse().map_err(io::Error::other)?;
    let config =
        IdpConfig { listen: setup::on_loopback(port), public_url: Some(public_url), strict: false, clock };
    TestIdp::bind(config)
}

/// Takes the port that was asked for; where none was, the usual one, and a free one where that is taken.
fn or_free<T>(asked: Option<u16>, usual: u16, mut take: impl FnMut(u16) -> io::Result<T>) -> io::Result<T> {
    let taken = |port| {
        move |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on port {port}: {error}"))
    };
    match asked {
        Some(port) => take(port).map_err(taken(port)),
        None => match take(usual) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => take(0).map_err(taken(0)),
            taken_or_not => taken_or_not.map_err(taken(usual)),
        },
    }
}

#[expect(clippy::disallowed_methods, reason = "a proxy on this machine, not a call to the world outside")]
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
}
