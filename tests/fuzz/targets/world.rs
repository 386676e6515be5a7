//! A gateway that never changes: fixed keys, a clock that stands still, a store with two sessions. What it minted is known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hourgate::config;
use hourgate::edge::Edge;
use hourgate::gateway::Gateway;
use hourgate::journeys::cookies::{NonceCookie, session_cookie};
use hourgate::journeys::transaction::{Ask, Transaction};
use hourgate::keys::{KeyRing, MasterKey};
use hourgate::session::end::{EndReason, Tombstone};
use hourgate::session::id::{SessionId, StoredId};
use hourgate::session::identity::Identity;
use hourgate::session::tokens::Tokens;
use hourgate::session::{Proof, Renewal, Session};
use hourgate::store::sessions::Sessions;
use hourgate::store::{
    Claim, Claimed, Completion, Ended, Fence, Hashed, Index, NewSession, Replaced, Spent, Store, StoreError,
    Stored, Version,
};
use hourgate::time::{ManualClock, Timestamp};

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
/// Where the IdP asks people to sign in.
pub const SIGN_IN: &str = "http://127.0.0.1:1/authorize";

const CONFIG: &str = r#"
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
[environment.prod]
hosts = ["app.example.com", "two.example.com:8443"]
[environment.other]
hosts = ["other.example.net"]
cookie_domain = "other.example.net"
[environment.local]
hosts = ["http://local.localhost:8080"]
"#;

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
    SessionId::from_bytes([3; 32])
}

/// Its record.
pub fn session() -> Session {
    Session {
        environment: "prod".parse().unwrap(),
        identity: Identity {
            provider: "idp".parse().unwrap(),
            issuer: "http://127.0.0.1:1".into(),
            subject: "alice".into(),
            tenant: None,
            idp_session: Some("sid".into()),
            authenticated_at: None,
            email: Some("alice@example.com".into()),
            preferred_username: None,
            name: Some("Alice".into()),
            groups: vec!["staff".into()],
        },
        browser: nonce().browser(),
        signed_in_at: NOW,
        sign_in_begun_at: NOW,
        proof: Proof { proved_at: NOW, until: NOW.plus(Duration::from_secs(3600)) },
        renewal: Renewal::Background,
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
    }
}

fn make() -> World {
    let config = config::parse("world.toml", CONFIG, std::iter::empty()).unwrap();
    let trusted_proxies = config.server.trusted_proxies.clone();
    let shelf = Arc::new(Shelf::default());
    let gateway = Gateway::new(config, shelf.clone(), Arc::new(ManualClock::starting_at(NOW))).unwrap();
    let services = gateway.services().clone();
    let keys = &services.keys;
    let ended = SessionId::from_bytes([4; 32]);
    run(async {
        let due = NOW.plus(Duration::from_secs(3600));
        for id in [&session_id(), &ended] {
            services.sessions.create(id.stored(), &session(), &tokens(), due, NOW).await.unwrap();
        }
        services.sessions.end(ended.stored(), &tombstone()).await.unwrap();
        // The IdP's documents are at hand, and after this failure nobody asks for newer ones.
        let provider = services.providers.values().next().unwrap();
        provider.restore(METADATA, &keys::jwks()).unwrap();
        provider.warm_up(NOW).await.unwrap();
    });
    shelf.freeze();
    World {
        session: session_cookie(&session_id(), keys, NOW),
        session_of_old_key: session_cookie(&session_id(), keys, BEFORE),
        nonce: nonce().value(),
        ended: session_cookie(&ended, keys, NOW),
        state: transaction().seal(keys),
        edge: Arc::new(Edge { services, trusted_proxies }),
    }
}

/// The metadata of the IdP, where nobody listens.
const METADATA: &[u8] = br#"{
    "issuer": "http://127.0.0.1:1",
    "authorization_endpoint": "http://127.0.0.1:1/authorize",
    "token_endpoint": "http://127.0.0.1:1/token",
    "jwks_uri": "http://127.0.0.1:1/keys",
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

    async fn claim_due(&self, _: u8, _: Timestamp, _: Duration, _: usize) -> Result<Vec<Claim>, StoreError> {
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

    async fn due_count(&self, _: u8, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn index_add(&self, _: Index, _: StoredId, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn index_list(&self, _: Index) -> Result<Vec<StoredId>, StoreError> {
        Ok(Vec::new())
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

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
