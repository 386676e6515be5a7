//! The house that the modules happen in: the gateway as it is, an IdP that does what it is told, and a browser.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hourgate::config::{Config, Danger, KeySource, Log, Management, Server};
use hourgate::edge::limits::Limits;
use hourgate::gateway::{Background, Gateway, Running, install_tls};
use hourgate::journeys::{policy_check, revoke};
use hourgate::keys::{MasterKey, file};
use hourgate::policy::environment::Environment;
use hourgate::policy::settings::layer::SettingsLayer;
use hourgate::provider::settings::{
    ClientAuthentication, PushedRequests, ResponseMode, Settings as ProviderSettings, SigningAlgorithm,
};
use hourgate::session::Session;
use hourgate::session::id::StoredId;
use hourgate::store::embedded::EmbeddedStore;
use hourgate::store::sessions::Found;
use hourgate::store::settings::Settings as StoreSettings;
use hourgate::telemetry::LogFormat;
use hourgate::time::{Clock, ManualClock, SystemClock};
use tempfile::TempDir;
use url::Url;

use crate::browser::{Browser, Visit};
use crate::fault::{Fault, FaultyIdp};

pub(crate) const APP: &str = "https://app.example.test";
/// The redirect URI that the IdP knows.
pub(crate) const CALLBACK: &str = "https://app.example.test/_hourgate/callback/idp";
pub(crate) const SIGNED_OUT: &str = "https://app.example.test/_hourgate/signed-out";
pub(crate) const FRONT_CHANNEL: &str = "https://app.example.test/_hourgate/frontchannel-logout/idp";
/// Has characters that must be encoded on their way.
pub(crate) const SECRET: &str = "secret of hourgate, with % + and :";
/// Longer than any policy check waits.
pub(crate) const PAST_THE_CHECK: Duration = Duration::from_secs(50 * 60);

pub(crate) struct House<I> {
    pub(crate) idp: I,
    clock: Arc<ManualClock>,
    running: Running,
    _dir: TempDir,
}

/// What differs from module to module at the relying party.
#[derive(Clone, Debug)]
pub(crate) struct RelyingParty {
    pub(crate) userinfo: bool,
    pub(crate) algorithms: Vec<SigningAlgorithm>,
    pub(crate) response_mode: ResponseMode,
}

impl Default for RelyingParty {
    fn default() -> Self {
        Self {
            userinfo: false,
            algorithms: ProviderSettings::DEFAULT_ALGORITHMS.to_vec(),
            response_mode: ResponseMode::default(),
        }
    }
}

impl<I: FaultyIdp> House<I> {
    pub(crate) async fn open() -> Self {
        Self::with(RelyingParty::default()).await
    }

    pub(crate) async fn with(party: RelyingParty) -> Self {
        install_tls();
        // It begins with the system's, for an IdP that has no other; from then on it is moved.
        let clock = Arc::new(ManualClock::starting_at(SystemClock.now()));
        let idp = I::start(clock.clone()).await;
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("sessions.redb");
        let config = Config {
            server: Server { listen: loopback(), trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()] },
            management: Management { listen: loopback(), socket: dir.path().join("admin.sock") },
            keys: KeySource::Ring(file::render(&[MasterKey::random(clock.now())])),
            store: StoreSettings::Embedded { path: path.clone() },
            providers: vec![provider(&idp, party)],
            ws_federation: Vec::new(),
            session: SettingsLayer::default(),
            environments: vec![Environment::new(
                "prod".parse().unwrap(),
                vec![APP.parse().unwrap()],
                vec!["idp".parse().unwrap()],
            )],
            limits: Limits::default(),
            danger: Danger { insecure_test_idp: true, ..Danger::default() },
            log: Log { format: LogFormat::Auto, level: tracing::Level::INFO },
        };
        let store = Arc::new(EmbeddedStore::open(&path, clock.clone()).await.unwrap());
        let running =
            Gateway::new(config, store, clock.clone()).unwrap().start(1, Background::ByHand).unwrap();
        Self { idp, clock, running, _dir: dir }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.running.public())
    }

    /// A person signs in, and reaches the app.
    pub(crate) async fn accepts(&self) -> Visit {
        self.accepts_in(&self.browser()).await
    }

    pub(crate) async fn accepts_in(&self, browser: &Browser) -> Visit {
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!((visit.status, visit.user()), (200, "alice"), "{visit:?}");
        visit
    }

    /// A person goes to the IdP; the address with which it sends them back.
    pub(crate) async fn callback(&self, browser: &Browser) -> Url {
        let mut url = Url::parse(&format!("{APP}/_hourgate/start?rd=/report")).unwrap();
        for _ in 0..10 {
            let visit = browser.step(url.as_str()).await;
            url = url.join(visit.header("location")).unwrap();
            if url.as_str().starts_with(CALLBACK) {
                return url;
            }
        }
        panic!("the IdP does not send anybody back: {url}");
    }

    /// A person tries to sign in, and is told that the IdP's answer is not accepted, and why.
    pub(crate) async fn refuses(&self, code: &str) -> Visit {
        let browser = self.browser();
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert!((400..600).contains(&visit.status), "{visit:?}");
        assert!(visit.body.contains(code), "{code}: {visit:?}");
        assert_eq!(browser.fetch(&format!("{APP}/report")).await.status, 401, "and is not signed in");
        assert!(self.live().await.is_empty(), "there is no session");
        visit
    }

    /// Everything of one kind of fault at a sign-in.
    pub(crate) async fn refuses_with(&self, fault: Fault, code: &str) {
        self.idp.arrange(fault).await;
        self.refuses(code).await;
        // What else could have been the cause: without the fault it works.
        self.idp.heal().await;
        self.accepts().await;
    }

    pub(crate) async fn accepts_with(&self, fault: Fault) -> Visit {
        self.idp.arrange(fault).await;
        self.accepts().await
    }

    /// The person signs out at the app; where that leads.
    pub(crate) async fn signs_out(&self, browser: &Browser) -> Visit {
        let same_origin: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];
        browser.post(&format!("{APP}/_hourgate/signout"), same_origin).await
    }

    /// The IdP posts a logout token, from server to server.
    pub(crate) async fn takes(&self, logout_token: &str) -> u16 {
        #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/_hourgate/backchannel-logout/idp", self.running.public());
        let request = http.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(format!("logout_token={logout_token}")).send().await.unwrap().status().as_u16()
    }

    /// A logout token with this defect is refused, and the session stays; a good one ends it.
    pub(crate) async fn refuses_logout_token(&self, variant: &str) {
        let browser = self.browser();
        self.accepts_in(&browser).await;
        let (id, _) = self.session().await;
        assert_eq!(self.takes(&self.idp.logout_token(variant).await).await, 400);
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 200, "{variant}: the session stays");
        assert_eq!(self.takes(&self.idp.logout_token("good").await).await, 200);
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401);
        assert_eq!(self.why_ended(id).await, "backchannel_logout");
    }

    /// Lets time pass until a policy check has been made, without a word from the browser.
    pub(crate) async fn wait_for_the_check(&self) {
        self.clock.advance(PAST_THE_CHECK);
        policy_check::run_all_due(self.running.services()).await.unwrap();
    }

    pub(crate) fn wait(&self, span: Duration) {
        self.clock.advance(span);
    }

    async fn live(&self) -> Vec<(StoredId, Arc<Session>)> {
        revoke::list(self.running.services(), 1000, |_| true).await.unwrap().0
    }

    pub(crate) async fn session(&self) -> (StoredId, Arc<Session>) {
        let mut live = self.live().await;
        assert_eq!(live.len(), 1, "{live:?}");
        live.remove(0)
    }

    /// Why a session has ended.
    pub(crate) async fn why_ended(&self, id: StoredId) -> &'static str {
        match self.running.services().sessions.find(id).await.unwrap() {
            Found::Ended(tombstone) => tombstone.reason.code(),
            other => panic!("the session has not ended: {other:?}"),
        }
    }
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn provider(idp: &impl FaultyIdp, party: RelyingParty) -> ProviderSettings {
    let secret = ClientAuthentication::ClientSecretBasic(SECRET.to_owned().into());
    ProviderSettings {
        algorithms: party.algorithms,
        userinfo: party.userinfo,
        response_mode: party.response_mode,
        revoke_tokens: false,
        // The modules look at what a request says.
        pushed_authorization_requests: PushedRequests::Never,
        ..ProviderSettings::new("idp".parse().unwrap(), idp.issuer(), "hourgate".into(), secret)
    }
}

/// What the authorization request of a visit said.
pub(crate) trait Asked {
    fn asked(&self, parameter: &str) -> String;
}

impl Asked for Visit {
    fn asked(&self, parameter: &str) -> String {
        let request =
            self.way.iter().find(|url| url.query_pairs().any(|(name, _)| name == "redirect_uri")).unwrap();
        request.query_pairs().find(|(name, _)| name == parameter).unwrap().1.into_owned()
    }
}
