//! The house that stories happen in: a gateway and a test IdP in this process, on one clock that stands still.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hourgate::config::{Config, Danger, KeySource, Log, Management, Server};
use hourgate::edge::limits::Limits;
use hourgate::gateway::{Background, Gateway, Running, install_tls};
use hourgate::idp::{self, RunningIdp, TestIdp};
use hourgate::journeys::{Services, policy_check, revoke};
use hourgate::keys::{MasterKey, file};
use hourgate::policy::environment::Environment;
use hourgate::policy::settings::Settings;
use hourgate::policy::settings::layer::SettingsLayer;
use hourgate::provider::settings::{ClientAuthentication, Settings as ProviderSettings};
use hourgate::provider::ws_federation::settings as ws_federation;
use hourgate::session::Session;
use hourgate::session::end::Tombstone;
use hourgate::session::id::StoredId;
use hourgate::store::embedded::EmbeddedStore;
use hourgate::store::redis::{Patience, RedisStore};
use hourgate::store::sessions::Found;
use hourgate::store::settings::Settings as StoreSettings;
use hourgate::store::{Store, StoreError, TimeSource};
use hourgate::telemetry::LogFormat;
use hourgate::time::{Clock, ManualClock, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::redis_server::RedisServer;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const APP: &str = "https://app.example.test";
/// Another environment, at the same IdP.
pub(crate) const OTHER: &str = "https://other.example.test";
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Where the sessions of a house are.
enum Place {
    Redis(RedisServer),
    Disk,
}

pub(crate) struct House {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) idp: RunningIdp,
    /// What the next (re)start of the gateway is made of.
    pub(crate) config: Config,
    settings: Settings,
    place: Place,
    store: Option<Arc<dyn Store>>,
    running: Option<Running>,
    http: reqwest::Client,
    // Goes away last.
    dir: TempDir,
}

impl House {
    pub(crate) async fn on_redis() -> Self {
        Self::build(Place::Redis(RedisServer::durable())).await
    }

    pub(crate) async fn on_disk() -> Self {
        Self::build(Place::Disk).await
    }

    async fn build(place: Place) -> Self {
        install_tls();
        let clock = Arc::new(ManualClock::starting_at(START));
        let idp = TestIdp::bind(idp::Config {
            listen: loopback(),
            public_url: None,
            strict: false,
            clock: clock.clone(),
        });
        let idp = idp.unwrap().start();
        let dir = TempDir::new().unwrap();
        let config = Config {
            server: Server { listen: loopback(), trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()] },
            management: Management { listen: loopback(), socket: dir.path().join("admin.sock") },
            limits: Limits::default(),
            keys: KeySource::Ring(file::render(&[MasterKey::random(START)])),
            store: StoreSettings::Embedded { path: dir.path().join("sessions.redb") },
            providers: vec![provider("idp", &idp.issuer("t1"))],
            ws_federation: Vec::new(),
            session: SettingsLayer::default(),
            environments: vec![environment("prod", APP, &["idp"]), environment("other", OTHER, &["idp"])],
            danger: Danger { insecure_test_idp: true, ..Danger::default() },
            log: Log { format: LogFormat::Auto, level: tracing::Level::INFO },
        };
        #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut house = Self {
            clock,
            idp,
            config,
            settings: Settings::default(),
            place,
            store: None,
            running: None,
            http,
            dir,
        };
        house.start().await;
        house.auto_login("alice").await;
        house
    }

    // === the gateway ===

    /// Starts the gateway on the store as it is.
    pub(crate) async fn start(&mut self) {
        let store: Arc<dyn Store> = match &self.place {
            Place::Redis(server) => {
                let patience = Patience { command: Duration::from_secs(5), ..Patience::default() };
                Arc::new(RedisStore::new(&server.url().into(), None, TimeSource::Caller, patience).unwrap())
            }
            Place::Disk => Arc::new(self.open_file().await),
        };
        self.store = Some(store.clone());
        self.config.environments[0].settings =
            SettingsLayer::of_difference(&self.settings, &Settings::default());
        let gateway = Gateway::new(self.config.clone(), store, self.clock.clone()).unwrap();
        self.running = Some(gateway.start(1, Background::ByHand).unwrap());
    }

    /// The file is free once the last task of the gateway before has let go of it; a process that ends does so at once.
    async fn open_file(&self) -> EmbeddedStore {
        let path = self.dir.path().join("sessions.redb");
        for _ in 0..500 {
            match EmbeddedStore::open(&path, self.clock.clone()).await {
                Err(StoreError::Unavailable { cause, .. }) if cause.contains("has it open") => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("the gateway before does not let go of its file");
    }

    /// Stops the gateway and starts it anew, with the configuration as it is now. Nothing is kept but the store.
    pub(crate) async fn restart(&mut self) {
        self.running.take().unwrap().stop().await;
        self.store = None;
        self.start().await;
    }

    /// Another gateway on the same store, with the configuration as it is now. It serves nobody.
    pub(crate) fn other_node(&self) -> Gateway {
        Gateway::new(self.config.clone(), self.store.clone().unwrap(), self.clock.clone()).unwrap()
    }

    /// Another gateway on the same store, that serves.
    pub(crate) fn second_gateway(&self) -> Running {
        let mut config = self.config.clone();
        config.management.socket = self.dir.path().join("second.sock");
        let gateway = Gateway::new(config, self.store.clone().unwrap(), self.clock.clone());
        gateway.unwrap().start(1, Background::ByHand).unwrap()
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        self.running.as_ref().unwrap().services()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().public()
    }

    pub(crate) fn management(&self) -> SocketAddr {
        self.running.as_ref().unwrap().management()
    }

    pub(crate) const fn has_redis(&self) -> bool {
        matches!(self.place, Place::Redis(_))
    }

    pub(crate) fn redis(&mut self) -> &mut RedisServer {
        match &mut self.place {
            Place::Redis(server) => server,
            Place::Disk => panic!("this house has no redis-server"),
        }
    }

    /// What the configuration says about sessions at [`APP`]; read at the next start.
    pub(crate) fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    // === time ===

    /// Lets time pass in steps of five minutes, with the background work that falls due.
    pub(crate) async fn wait(&self, span: Duration) {
        self.wait_in_steps(span, 5 * MINUTE).await;
    }

    pub(crate) async fn wait_in_steps(&self, span: Duration, step: Duration) {
        let end = self.clock.now().plus(span);
        while self.clock.now() < end {
            self.clock.advance(step.min(end.since(self.clock.now())));
            self.work().await;
        }
    }

    /// The background work that is due now.
    pub(crate) async fn work(&self) {
        policy_check::run_all_due(self.services()).await.unwrap();
        let services = self.services();
        services.activity.flush(&services.sessions, services.now()).await.unwrap();
    }

    // === losses ===

    /// The due queue is gone, the records are there. On disk the gateway must let go of the file first.
    pub(crate) async fn lose_the_queue(&mut self) {
        if let Place::Redis(server) = &self.place {
            for queue in server.cli(&["KEYS", "hg:due:*"]).lines() {
                server.cli(&["DEL", queue]);
            }
            return;
        }
        let scores = redb::TableDefinition::<[u8; 16], u64>::new("scores");
        let queue = redb::TableDefinition::<(u8, u16, u64, [u8; 16]), ()>::new("queue");
        self.edit_file(|write| {
            assert!(write.delete_table(scores).unwrap() && write.delete_table(queue).unwrap());
        })
        .await;
    }

    /// The tokens of a session are gone, all else is there.
    pub(crate) async fn lose_the_tokens(&mut self, id: StoredId) {
        self.lose(b't', id).await;
    }

    /// It is not known any more when a session was used, all else is there.
    pub(crate) async fn lose_the_activity(&mut self, id: StoredId) {
        self.lose(b'a', id).await;
    }

    /// The identity record of a session is gone, all else is there.
    pub(crate) async fn lose_the_record(&mut self, id: StoredId) {
        self.lose(b's', id).await;
    }

    async fn lose(&mut self, kind: u8, id: StoredId) {
        if let Place::Redis(server) = &self.place {
            let key = format!("hg:{}:{{{}}}:{id}", char::from(kind), id.partition());
            assert_eq!(server.cli(&["DEL", &key]).trim(), "1");
            return;
        }
        let records = redb::TableDefinition::<&[u8], (u64, &[u8])>::new("records");
        self.edit_file(|write| {
            let mut records = write.open_table(records).unwrap();
            assert!(records.remove([&[kind][..], id.as_bytes()].concat().as_slice()).unwrap().is_some());
        })
        .await;
    }

    async fn edit_file(&mut self, edit: impl FnOnce(&redb::WriteTransaction)) {
        self.running.take().unwrap().stop().await;
        self.store = None;
        drop(self.open_file().await);
        let database = redb::Database::open(self.dir.path().join("sessions.redb")).unwrap();
        let write = database.begin_write().unwrap();
        edit(&write);
        write.commit().unwrap();
        drop(database);
        self.start().await;
    }

    /// Every byte in the store, as somebody finds it who has nothing else.
    pub(crate) fn all_that_is_stored(&self) -> Vec<u8> {
        let Place::Redis(server) = &self.place else {
            return std::fs::read(self.dir.path().join("sessions.redb")).unwrap();
        };
        let keys = server.cli(&["KEYS", "*"]);
        let shown = keys.lines().map(|key| {
            let read = match server.cli(&["TYPE", key]).as_str() {
                "string" => server.cli(&["--no-raw", "GET", key]),
                "zset" => server.cli(&["--no-raw", "ZRANGE", key, "0", "-1"]),
                _ => server.cli(&["--no-raw", "SMEMBERS", key]),
            };
            format!("{key} {read}\n")
        });
        shown.collect::<String>().into_bytes()
    }

    // === people ===

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address())
    }

    /// A browser that has signed in and stands before the app.
    pub(crate) async fn signed_in(&self) -> Browser {
        let browser = self.browser();
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!((visit.status, visit.user()), (200, "alice"), "{visit:?}");
        browser
    }

    /// The one live session becomes one of somebody who chose to be kept signed in.
    pub(crate) async fn keep_signed_in(&self) -> StoredId {
        let (id, _) = self.session().await;
        let sessions = &self.services().sessions;
        let Found::Live(version, session) = sessions.find(id).await.unwrap() else { panic!("it is live") };
        let kept = Session { kept_signed_in: true, ..session.as_ref().clone() };
        sessions.replace(id, version, &kept, None, self.services().now()).await.unwrap();
        id
    }

    // === the IdP ===

    /// A request to the control API that is not sent yet.
    pub(crate) fn control_later(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = self.idp.base_url().join(&format!("/_control/t1{path}")).unwrap();
        self.http.request(method.parse().unwrap(), url)
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let mut request = self.control_later(method, path);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn put(&self, url: url::Url, body: Value) {
        let request = self.http.put(url).header("content-type", "application/json").body(body.to_string());
        assert!(request.send().await.unwrap().status().is_success());
    }

    pub(crate) async fn get(&self, url: url::Url) -> Value {
        serde_json::from_str(&self.http.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
    }

    pub(crate) async fn auto_login(&self, user: &str) {
        self.control("PUT", "/auto-login", json!({ "user": user })).await;
    }

    pub(crate) async fn disable(&self, user: &str) {
        self.control("POST", &format!("/users/{user}/disable"), Value::Null).await;
    }

    pub(crate) async fn enable(&self, user: &str) {
        self.control("POST", &format!("/users/{user}/enable"), Value::Null).await;
    }

    pub(crate) async fn fault(&self, endpoint: &str, mode: &str) {
        self.control("POST", "/faults", json!({ "endpoint": endpoint, "mode": mode })).await;
    }

    pub(crate) async fn no_faults(&self) {
        self.control("DELETE", "/faults", Value::Null).await;
    }

    pub(crate) async fn outage(&self) {
        self.control("POST", "/outage", json!({ "for": null })).await;
    }

    pub(crate) async fn no_outage(&self) {
        self.control("DELETE", "/outage", Value::Null).await;
    }

    /// How many requests with this grant type the token endpoint understood.
    pub(crate) async fn token_requests(&self, grant_type: &str) -> usize {
        let requests = self.token_journal().await;
        requests.iter().filter(|request| request["grant_type"] == grant_type).count()
    }

    /// How many requests reached the token endpoint, those that a fault answered among them.
    pub(crate) async fn token_calls(&self) -> usize {
        self.token_journal().await.len()
    }

    async fn token_journal(&self) -> Vec<Value> {
        let journal = self.control("GET", "/requests?endpoint=token", Value::Null).await;
        journal.as_array().or_else(|| journal["requests"].as_array()).expect("a journal").clone()
    }

    /// A document of the IdP's tenant.
    pub(crate) async fn document(&self, path: &str) -> String {
        let url = format!("{}/{path}", self.idp.issuer("t1"));
        self.http.get(url).send().await.unwrap().text().await.unwrap()
    }

    // === what the store knows ===

    /// No session lives on.
    pub(crate) async fn end_all(&self) {
        for (id, _) in self.live().await {
            revoke::revoke_session(self.services(), id, None, self.services().now()).await.unwrap();
        }
    }

    pub(crate) async fn live(&self) -> Vec<(StoredId, Arc<Session>)> {
        revoke::list(self.services(), 1000, |_| true).await.unwrap().0
    }

    /// The one live session.
    pub(crate) async fn session(&self) -> (StoredId, Arc<Session>) {
        let mut live = self.live().await;
        assert_eq!(live.len(), 1, "{live:?}");
        live.remove(0)
    }

    pub(crate) async fn tombstone(&self, id: StoredId) -> Tombstone {
        match self.services().sessions.find(id).await.unwrap() {
            Found::Ended(tombstone) => tombstone,
            other => panic!("the session has not ended: {other:?}"),
        }
    }
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn provider(id: &str, issuer: &str) -> ProviderSettings {
    let secret = ClientAuthentication::ClientSecretBasic("secret".to_owned().into());
    ProviderSettings {
        display_name: format!("Test {id}"),
        ..ProviderSettings::new(id.parse().unwrap(), issuer.to_owned(), "hourgate".into(), secret)
    }
}

/// The same IdP, spoken to in WS-Federation.
pub(crate) fn federated(id: &str, issuer: &str) -> ws_federation::Settings {
    let metadata = format!("{issuer}/FederationMetadata/2007-06/FederationMetadata.xml");
    let trust = ws_federation::Trust::Metadata { url: metadata.parse().unwrap(), signed_by: None };
    ws_federation::Settings {
        display_name: format!("Test {id}"),
        ..ws_federation::Settings::new(
            id.parse().unwrap(),
            format!("{issuer}/wsfed"),
            "urn:hourgate:test".into(),
            trust,
        )
    }
}

pub(crate) fn environment(id: &str, origin: &str, providers: &[&str]) -> Environment {
    let providers = providers.iter().map(|id| id.parse().unwrap()).collect();
    Environment::new(id.parse().unwrap(), vec![origin.parse().unwrap()], providers)
}
