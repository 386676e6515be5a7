//! Gateway and IdP in this process, on a clock that stands still; before them a real nginx, and a real Chromium whose pages
//! go by the same clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hourgate::config::{Config, Danger, KeySource, Log, Management, Server};
use hourgate::edge::limits::Limits;
use hourgate::gateway::{Background, Gateway, Running, install_tls};
use hourgate::idp::{self, RunningIdp, TestIdp};
use hourgate::journeys::revoke;
use hourgate::keys::{MasterKey, file};
use hourgate::policy::environment::Environment;
use hourgate::policy::settings::Settings;
use hourgate::policy::settings::layer::SettingsLayer;
use hourgate::provider::settings::{ClientAuthentication, Settings as ProviderSettings};
use hourgate::provider::ws_federation::settings::{Settings as WsFederation, Trust};
use hourgate::store::embedded::EmbeddedStore;
use hourgate::store::settings::Settings as StoreSettings;
use hourgate::telemetry::LogFormat;
use hourgate::time::{Clock, ManualClock, SystemClock, Timestamp};
use tempfile::TempDir;

use super::app::App;
use super::tab::Tab;
use crate::chromium::Chromium;
use crate::press;
use crate::programs::browser::Browser;
use crate::programs::nginx::Nginx;
use crate::programs::wait::free_port;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) chromium: Chromium,
    pub(crate) app: App,
    clock: Arc<ManualClock>,
    gateway: Running,
    idp: RunningIdp,
    front_port: u16,
    _nginx: Nginx,
    // Goes away last.
    _dir: TempDir,
}

impl House {
    /// One environment with these settings, of the hosts `app` and `one`.
    pub(crate) async fn start(session: &Settings) -> Self {
        Self::with(session, |_| ()).await
    }

    /// With the configuration changed before the gateway reads it.
    pub(crate) async fn with(session: &Settings, change: impl FnOnce(&mut Plan)) -> Self {
        Self::in_browser(Chromium::start().await, session, change).await
    }

    /// The same in a browser that is not like the others.
    pub(crate) async fn in_browser(
        chromium: Chromium,
        session: &Settings,
        change: impl FnOnce(&mut Plan),
    ) -> Self {
        install_tls();
        // The browser's own clock says when a cookie is too old. Tokens know whole seconds.
        let now = Timestamp::from_secs(SystemClock.now().as_secs());
        let clock = Arc::new(ManualClock::starting_at(now));
        let idp = idp::Config { listen: loopback(), public_url: None, strict: false, clock: clock.clone() };
        let idp = TestIdp::bind(idp).unwrap().start();
        let (dir, front_port) = (TempDir::new().unwrap(), free_port());
        let path = dir.path().join("sessions.redb");
        let mut plan = Plan { front_port, environments: Vec::new() };
        plan.add("apps", &["app", "one"], &["t1"]);
        change(&mut plan);
        let config = Config {
            server: Server { listen: loopback(), trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()] },
            management: Management { listen: loopback(), socket: dir.path().join("admin.sock") },
            limits: Limits::default(),
            keys: KeySource::Ring(file::render(&[MasterKey::random(clock.now())])),
            store: StoreSettings::Embedded { path: path.clone() },
            providers: ["t1", "t2"].map(|tenant| provider(tenant, &idp.issuer(tenant))).into(),
            ws_federation: vec![ws_federation("fed", &idp.issuer("t1"))],
            session: SettingsLayer::of_difference(session, &Settings::default()),
            environments: plan.environments,
            danger: Danger { insecure_test_idp: true, ..Danger::default() },
            log: Log { format: LogFormat::Auto, level: tracing::Level::INFO },
        };
        let store = Arc::new(EmbeddedStore::open(&path, clock.clone()).await.unwrap());
        let gateway = Gateway::new(config, store, clock.clone()).unwrap();
        let gateway = gateway.start(1, Background::ByHand).unwrap();
        let app = App::start(clock.clone());
        let nginx = Nginx::start(front_port, gateway.public().port(), app.port, &[]);
        Self { chromium, app, clock, gateway, idp, front_port, _nginx: nginx, _dir: dir }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("http://{host}.localhost:{}/", self.front_port)
    }

    // === people ===

    /// The browser's first tab, at the app `app`, where alice has just signed in.
    pub(crate) async fn sign_in(&self) -> Tab<'_> {
        let page = self.chromium.page();
        page.goto(&self.url("app")).await.unwrap();
        press(page, "[data-testid=\"user-alice\"]").await;
        let tab = Tab::of(self, page.window().await.unwrap());
        tab.is_at_the_app().await;
        tab
    }

    /// Another tab, at an app.
    pub(crate) async fn open_tab(&self, host: &str) -> Tab<'_> {
        let page = self.chromium.page();
        let window = page.new_window(true).await.unwrap().handle;
        let tab = Tab::of(self, window);
        tab.page().await.goto(&self.url(host)).await.unwrap();
        tab.is_at_the_app().await;
        tab
    }

    // === time ===

    /// Lets time pass in steps of a minute, for the gateway and for the pages.
    pub(crate) async fn pass(&self, span: Duration, tabs: &[&Tab<'_>]) {
        let end = self.clock.now().plus(span);
        while self.clock.now() < end {
            self.clock.advance(MINUTE.min(end.since(self.clock.now())));
            for tab in tabs {
                tab.set_clock(self.clock.now()).await;
            }
            for tab in tabs {
                tab.run().await;
            }
        }
    }

    // === what is known elsewhere ===

    /// How many sessions live, as the store knows them.
    pub(crate) async fn sessions(&self) -> usize {
        revoke::list(self.gateway.services(), 1000, |_| true).await.unwrap().0.len()
    }

    /// An address of the IdP.
    pub(crate) fn at_idp(&self, path: &str) -> String {
        format!("{}{path}", self.idp.issuer("t1"))
    }

    /// The methods of the requests that an endpoint of the IdP got.
    pub(crate) async fn asked_of_idp(&self, endpoint: &str) -> Vec<String> {
        let url = format!("/_control/t1/requests?endpoint={endpoint}");
        let journal = Browser::new().fetch(self.idp.base_url().join(&url).unwrap().as_str()).await.json();
        let entries = journal.as_array().unwrap().iter();
        entries.map(|entry| entry["method"].as_str().unwrap().to_owned()).collect()
    }

    /// Tells the IdP something by its control API.
    pub(crate) async fn tell_idp(&self, path: &str, body: &str) {
        let url = self.idp.base_url().join(&format!("/_control/t1{path}")).unwrap();
        let json = [("content-type", "application/json")];
        let answer = Browser::new().send("PUT", url.as_str(), &json, body).await;
        assert!(matches!(answer.status, 200 | 204), "{answer:?}");
    }
}

/// What is configured before the start.
pub(crate) struct Plan {
    front_port: u16,
    pub(crate) environments: Vec<Environment>,
}

impl Plan {
    /// An environment of these hosts, where people of these tenants sign in.
    pub(crate) fn add(&mut self, id: &str, hosts: &[&str], tenants: &[&str]) -> &mut Environment {
        let origins =
            hosts.iter().map(|host| format!("http://{host}.localhost:{}", self.front_port).parse().unwrap());
        let providers = tenants.iter().map(|tenant| tenant.parse().unwrap());
        let environment = Environment::new(id.parse().unwrap(), origins.collect(), providers.collect());
        self.environments.push(environment);
        self.environments.last_mut().unwrap()
    }
}

fn provider(tenant: &str, issuer: &str) -> ProviderSettings {
    let secret = ClientAuthentication::ClientSecretBasic("secret".to_owned().into());
    let display_name = if tenant == "t1" { "Northwind employees" } else { "Partners and suppliers" };
    ProviderSettings {
        display_name: display_name.to_owned(),
        ..ProviderSettings::new(tenant.parse().unwrap(), issuer.to_owned(), "hourgate".into(), secret)
    }
}

/// What it calls the gateway.
pub(crate) const REALM: &str = "urn:hourgate:test";

fn ws_federation(id: &str, issuer: &str) -> WsFederation {
    let metadata = format!("{issuer}/FederationMetadata/2007-06/FederationMetadata.xml");
    let trust = Trust::Metadata { url: metadata.parse().unwrap(), signed_by: None };
    WsFederation::new(id.parse().unwrap(), format!("{issuer}/wsfed"), REALM.into(), trust)
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}
