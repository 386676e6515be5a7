//! A gateway that never changes: fixed keys, a clock that stands still, a store with two sessions. What it minted is known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hourgate::config;
use hourgate::edge::Edge;
use hourgate::edge::sign_in_budget::SignInBudget;
use hourgate::gateway::Gateway;
use hourgate::journeys::cookies::{NonceCookie, session_cookie};
use hourgate::journeys::sign_out_state::SignOutState;
use hourgate::journeys::transaction::{Ask, Replaces, Transaction};
use hourgate::keys::{KeyRing, MasterKey};
use hourgate::oidc::logout_token::EVENT;
use hourgate::provider::Documents;
use hourgate::session::end::{EndReason, Tombstone};
use hourgate::session::id::{Lane, SessionId, StoredId};
use hourgate::session::identity::Identity;
use hourgate::session::tokens::Tokens;
use hourgate::session::{Proof, Renewal, Session};
use hourgate::store::sessions::Sessions;
use hourgate::store::{
    Claim, Claimed, Completion, Ended, Fence, Hashed, Index, KeptSettings, NewSession, Pace, Queued,
    Replaced, Spent, Store, StoreError, Stored, Version,
};
use hourgate::time::{ManualClock, Timestamp};

use super::jwt;
use super::keys;

/// When everything happens.
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// When the older of the two keys came into use.
pub const BEFORE: Timestamp = Timestamp::from_secs(1_790_000_000);
/// The origins of the environment `prod`, with the default port left out.
pub const PROD: [&str; 2] = ["https://app.example.com", "https://two.example.com:8443"];
/// All origins that are served.
pub const ORIGINS: [&str; 4] = [PROD[0], PROD[1], "https://other.example.net", "http://local.localhost:8080"];
/// The address of the front proxy.
pub const PROXY: &str = "10.0.0.1:40000";
/// The IdP.
pub const ISSUER: &str = "http://127.0.0.1:1";
/// Where the IdP asks people to sign in.
pub const SIGN_IN: &str = "http://127.0.0.1:1/authorize";
/// Where the IdP signs people out.
pub const SIGN_OUT: &str = "http://127.0.0.1:1/bye";
/// What the IdP calls the session of the one who is signed in.
pub const SID: &str = "sid";

/// The budgets are so large because their time passes by itself: what is answered must not depend on it.
const CONFIG: &str = r#"
[limits]
sign_in_rate_per_address = 10000
sign_in_rate = 100000
[server]
trusted_proxies = ["10.0.0.1"]
[keys]
ring = "2026-09-21T14:13:20Z AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE;2027-01-01T00:00:00Z AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
[store]
kind = "embedded"
path = "/nowhere"
[[provider]]
id = "idp"
issuer = "http://127.0.0.1:1"
client_id = "hourgate"
client_secret = "secret"
[[provider]]
id = "poster"
issuer = "http://127.0.0.1:1"
client_id = "hourgate"
response_mode = "form_post"
client_authentication = "private_key_jwt"
private_key = """
PEM"""
[environment.prod]
hosts = ["app.example.com", "two.example.com:8443"]
providers = ["idp"]
[environment.other]
hosts = ["other.example.net"]
cookie_domain = "other.example.net"
providers = ["poster"]
[environment.local]
hosts = ["http://local.localhost:8080"]
"#;
/// The key that the gateway proves itself to `poster` with; for tests only.
const CLIENT_KEY: &str = include_str!("client_key.pem");

/// The gateway's parts, and what it minted.
#[derive(Debug)]
pub struct World {
    /// What the routes work with.
    pub edge: Arc<Edge>,
    /// The values of the cookies of the browser that is signed in to `prod`.
    pub session: String,
    /// The same session's cookie, as the older key made it.
    pub session_of_old_key: String,
    /// The browser's other cookie.
    pub nonce: String,
    /// The cookie of a session that has ended.
    pub ended: String,
    /// The `state` of a sign-in of that browser that is under way.
    pub state: String,
    /// The same at the IdP that answers by POST, in the environment `other`.
    pub posted_state: String,
    /// The `state` of a sign-out of that browser that is under way.
    pub sign_out_state: String,
    /// A logout token that names the session of the one who is signed in.
    pub logout_token: String,
}

/// The only one.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(make)
}

/// The keys alone: the newest is in use at [`NOW`], the older one was at [`BEFORE`].
pub fn ring() -> &'static KeyRing {
    &world().edge.services.keys
}

/// Lets a future of the gateway run; with this store few wait for anything.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// The id of the session that is signed in.
pub fn session_id() -> SessionId {
    SessionId::from_bytes([3; SessionId::LEN])
}

/// Its record.
pub fn session() -> Session {
    Session {
        environment: "prod".parse().unwrap(),
        identity: Identity {
            provider: "idp".parse().unwrap(),
            issuer: ISSUER.into(),
            subject: "alice".into(),
            tenant: None,
            idp_session: Some(SID.into()),
            authenticated_at: None,
            email: Some("alice@example.com".into()),
            preferred_username: None,
            name: Some("Alice".into()),
            groups: vec!["staff".into()],
            groups_truncated: false,
        },
        browser: nonce().browser(),
        signed_in_at: NOW,
        sign_in_begun_at: NOW,
        asserted_at: Some(NOW),
        proof: Proof { proved_at: NOW, until: NOW.plus(Duration::from_secs(3600)) },
        renewal: Renewal::Background,
        idp_session_ends: None,
        kept_signed_in: false,
        reports_input: false,
        denied: None,
        signed_in_under: None,
        failed_check: None,
        next_check: NOW.plus(Duration::from_secs(3600)),
    }
}

/// Its tokens.
pub fn tokens() -> Tokens {
    Tokens {
        refresh_token: Some("refresh".to_owned().into()),
        refresh_token_until: None,
        id_token: None,
        unanswered_since: None,
        rotates: None,
        client_id: None,
        nonce: "nonce".into(),
    }
}

/// Why the other session ended.
pub fn tombstone() -> Tombstone {
    Tombstone { reason: EndReason::Revoked, at: NOW, remark: None }
}

/// The browser's cookie.
pub fn nonce() -> NonceCookie {
    NonceCookie::parse("BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU").unwrap()
}

/// A sign-in that is under way.
pub fn transaction() -> Transaction {
    Transaction {
        id: [9; 16],
        provider: "idp".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        origin: PROD[0].into(),
        return_to: format!("{}/report", PROD[0]),
        browser: nonce().browser(),
        begun_at: NOW,
        ask: Ask::Silent,
        replaces: Some(Replaces { id: session_id().stored(), signed_in_at: NOW }),
        keep: false,
        authenticated_after: None,
    }
}

/// A sign-out that is under way.
pub fn sign_out_state() -> SignOutState {
    SignOutState { browser: nonce().browser(), origin: PROD[0].into(), begun_at: NOW }
}

fn posted() -> Transaction {
    let origin = ORIGINS[2];
    Transaction {
        provider: "poster".parse().unwrap(),
        environment: "other".parse().unwrap(),
        origin: origin.into(),
        return_to: format!("{origin}/report"),
        ..transaction()
    }
}

/// A logout token of the IdP, by its Ed25519 key.
fn logout_token() -> String {
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"hourgate","iat":{},"exp":{},"jti":"j","events":{{"{EVENT}":{{}}}},"sid":"{SID}"}}"#,
        NOW.as_secs(),
        NOW.as_secs() + 120
    );
    jwt::token(format!("ed\n\n{claims}").as_bytes()).unwrap()
}

fn make() -> World {
    let text = CONFIG.replace("PEM", CLIENT_KEY);
    let config = config::parse("world.toml", &text, std::iter::empty()).unwrap();
    let trusted_proxies = config.server.trusted_proxies.clone();
    let sign_in_budget = SignInBudget::new(&config.limits);
    let shelf = Arc::new(Shelf::default());
    let gateway = Gateway::new(config, shelf.clone(), Arc::new(ManualClock::starting_at(NOW))).unwrap();
    let services = gateway.services().clone();
    let keys = &services.keys;
    let ended = SessionId::from_bytes([4; SessionId::LEN]);
    run(async {
        let due = NOW.plus(Duration::from_secs(3600));
        for id in [&session_id(), &ended] {
            services.sessions.create(id.stored(), &session(), &tokens(), due, NOW).await.unwrap();
        }
        services.sessions.end(ended.stored(), &tombstone()).await.unwrap();
        // The IdP's documents are at hand, and after this failure nobody asks for newer ones.
        for provider in services.providers.values() {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let documents = Documents { metadata: text(METADATA), keys: Some(text(&keys::jwks())) };
            provider.restore(&documents).unwrap();
            provider.warm_up(NOW).await.unwrap();
        }
    });
    shelf.freeze();
    World {
        session: session_cookie(&session_id(), keys, NOW),
        session_of_old_key: session_cookie(&session_id(), keys, BEFORE),
        nonce: nonce().value(),
        ended: session_cookie(&ended, keys, NOW),
        state: transaction().seal(keys),
        posted_state: posted().seal(keys),
        sign_out_state: sign_out_state().seal(keys),
        logout_token: logout_token(),
        edge: Arc::new(Edge {
            services,
            trusted_proxies,
            sign_in_budget,
            token_forms: tokio::sync::Semaphore::new(8),
        }),
    }
}

/// The metadata of the IdP, where nobody listens.
const METADATA: &[u8] = br#"{
    "issuer": "http://127.0.0.1:1",
    "authorization_endpoint": "http://127.0.0.1:1/authorize",
    "token_endpoint": "http://127.0.0.1:1/token",
    "jwks_uri": "http://127.0.0.1:1/keys",
    "end_session_endpoint": "http://127.0.0.1:1/bye",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["ES256"]
}"#;

/// The keys of the world, anew, for stores of one input.
pub fn sessions_on(shelf: Arc<Shelf>) -> Sessions {
    Sessions::new(shelf, world().edge.services.keys.clone())
}

/// A key ring that is not the world's.
pub fn strange_ring() -> KeyRing {
    KeyRing::new(vec![MasterKey::new([0x77; 32], BEFORE)], NOW).unwrap()
}

/// A store in memory that holds records and nothing else. Once frozen, it answers and changes no more.
#[derive(Debug, Default)]
pub struct Shelf {
    records: Mutex<HashMap<StoredId, Stored>>,
    tokens: Mutex<HashMap<StoredId, (Version, Vec<u8>)>>,
    indexes: Mutex<HashMap<Index, Vec<StoredId>>>,
    frozen: OnceLock<()>,
}

impl Shelf {
    /// Puts a record there, whatever was there.
    pub fn put(&self, id: StoredId, record: Stored) {
        if self.frozen.get().is_none() {
            self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(id, record);
        }
    }

    /// Puts tokens there.
    pub fn put_tokens(&self, id: StoredId, version: Version, tokens: Vec<u8>) {
        if self.frozen.get().is_none() {
            self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (version, tokens));
        }
    }

    /// From now on nothing changes.
    pub fn freeze(&self) {
        let _ = self.frozen.set(());
    }
}

#[async_trait]
impl Store for Shelf {
    async fn create(&self, id: StoredId, new: NewSession<'_>) -> Result<(), StoreError> {
        self.put(id, Stored::Live(Version(1), new.session.to_vec()));
        self.put_tokens(id, Version(1), new.tokens.to_vec());
        Ok(())
    }

    async fn session(&self, id: StoredId) -> Result<Option<Stored>, StoreError> {
        Ok(self.records.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned())
    }

    async fn tokens(&self, id: StoredId) -> Result<Option<(Version, Vec<u8>)>, StoreError> {
        Ok(self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned())
    }

    async fn replace_session(
        &self,
        _: StoredId,
        _: Version,
        _: &[u8],
        _: Duration,
        _: Option<Completion>,
    ) -> Result<Replaced, StoreError> {
        Ok(Replaced::Conflict)
    }

    async fn replace_tokens(
        &self,
        _: StoredId,
        _: Version,
        _: &[u8],
        _: Duration,
    ) -> Result<Replaced, StoreError> {
        Ok(Replaced::Conflict)
    }

    async fn end(&self, id: StoredId, tombstone: &[u8], _: Duration) -> Result<Ended, StoreError> {
        self.put(id, Stored::Tombstone(tombstone.to_vec()));
        Ok(Ended::Now)
    }

    async fn note_activity(&self, _: &[(StoredId, Timestamp)], _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn last_activity(&self, _: StoredId) -> Result<Option<Timestamp>, StoreError> {
        Ok(Some(NOW))
    }

    async fn live(&self, _: u8) -> Result<Vec<StoredId>, StoreError> {
        Ok(Vec::new())
    }

    async fn claim_due(
        &self,
        _: Lane,
        _: u8,
        _: Timestamp,
        _: Duration,
        _: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        Ok(Vec::new())
    }

    async fn claim(&self, _: StoredId, _: Timestamp, _: Duration) -> Result<Claimed, StoreError> {
        Ok(Claimed::Absent)
    }

    async fn renew(
        &self,
        _: StoredId,
        _: Fence,
        _: Timestamp,
        _: Duration,
    ) -> Result<Option<Fence>, StoreError> {
        Ok(None)
    }

    async fn complete(&self, _: StoredId, _: Completion) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn queued(&self, _: Lane, _: u8, _: Timestamp) -> Result<Queued, StoreError> {
        Ok(Queued::default())
    }

    async fn take_turns(&self, _: &str, _: Pace, _: u32, _: Timestamp) -> Result<u32, StoreError> {
        Ok(0)
    }

    async fn index_add(&self, index: Index, id: StoredId, _: Duration) -> Result<(), StoreError> {
        if self.frozen.get().is_none() {
            let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            indexes.entry(index).or_default().push(id);
        }
        Ok(())
    }

    async fn index_list(&self, index: Index) -> Result<Vec<StoredId>, StoreError> {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(indexes.get(&index).cloned().unwrap_or_default())
    }

    async fn index_remove(&self, _: Index, _: StoredId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn spend(&self, _: Hashed, _: Duration) -> Result<Spent, StoreError> {
        Ok(Spent::First)
    }

    async fn set_revoked_before(&self, _: Hashed, _: Timestamp, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn revoked_before(&self, _: Hashed) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn put_document(&self, _: &str, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn document(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    async fn settings(&self, _: Version) -> Result<KeptSettings, StoreError> {
        Ok(KeptSettings::Absent)
    }

    async fn replace_settings(&self, _: Version, next: Version, _: &[u8]) -> Result<Replaced, StoreError> {
        Ok(Replaced::Done(next))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
