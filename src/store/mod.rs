//! Where sessions are kept: sealed bytes under hashed names. The store knows no key, no policy and no HTTP.
//!
//! Two implementations, redis and embedded, pass one conformance suite (`tests/conformance/store.rs`).
//!
//! Every answer has three values: there, not there, and [`StoreError::Unavailable`]. Only a positive "not there" may
//! end anybody's session; an error never does.
//!
//! Rules that all implementations keep:
//! * a write to a session is compare-and-set on its version; a tombstone wins over every write;
//! * what belongs to one session (record, tokens, activity, due entry) changes atomically;
//! * expiry (`keep`) is garbage collection only: no decision rests on it.

pub mod embedded;
mod opened;
mod pace;
mod queue;
pub mod record;
pub mod redis;
pub mod sessions;
pub mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ring::digest::{Context, SHA256};

use self::embedded::EmbeddedStore;
use self::redis::{Patience, RedisStore};
use self::settings::Settings;
use crate::session::id::{Lane, StoredId};
use crate::time::{Clock, Timestamp};

/// Whose clock moves queues and leases on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// The store's own, where it has one, so that nodes with different clocks agree: production.
    Server,
    /// The `now` of each call: tests, and demos that move time.
    Caller,
}

/// Opens the store that the settings name. Redis need not be there yet; the embedded store's file is opened or made.
/// `clock` tells the embedded store what may be swept away; `time` is for stores that have a clock of their own.
///
/// # Errors
///
/// The settings cannot be used, or the file is locked, damaged or out of reach; the message says which and what to do.
pub async fn open(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    time: TimeSource,
) -> Result<Arc<dyn Store>, StoreError> {
    match settings {
        Settings::Redis { url, ca_file } => {
            Ok(Arc::new(RedisStore::new(url, ca_file.as_deref(), time, Patience::default())?))
        }
        Settings::Embedded { path } => Ok(Arc::new(EmbeddedStore::open(path, clock).await?)),
    }
}

/// Looks whether the settings can be used, as far as that shows without a connection and without opening the file.
///
/// # Errors
///
/// As [`open`].
pub fn check(settings: &Settings) -> Result<(), StoreError> {
    match settings {
        Settings::Redis { url, ca_file } => {
            RedisStore::new(url, ca_file.as_deref(), TimeSource::Server, Patience::default()).map(drop)
        }
        Settings::Embedded { .. } => Ok(()),
    }
}

/// Counts the writes to a record, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// A live record: its version and sealed bytes.
    Live(Version, Vec<u8>),
    /// The session has ended; the bytes tell why.
    Tombstone(Vec<u8>),
}

/// What a new session consists of.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// The sealed identity record: all that a check needs. Becomes version 1.
    pub session: &'a [u8],
    /// The sealed tokens. Become version 1 of their own count.
    pub tokens: &'a [u8],
    /// When something must be done about the session next: a policy check, or its end.
    pub due: Timestamp,
    /// The last activity: the sign-in itself.
    pub active_at: Timestamp,
    /// How long to keep what is written here.
    pub keep: Duration,
}

/// What became of a compare-and-set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// Written; this is the version now.
    Done(Version),
    /// Somebody else wrote first, or the claim is no longer ours. Nothing was written.
    Conflict,
    /// The session has ended or is not there. Nothing was written.
    Ended,
}

/// What became of the wish to end a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was live and has ended now.
    Now,
    /// It had ended before; the first tombstone stays.
    Before(Vec<u8>),
    /// There is no such session.
    Absent,
}

/// The token of one claim on a due session. It changes whenever the claim does, so that a late node's writes miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence(pub u64);

/// A due session that this node, and no other, may work on until the lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which session.
    pub id: StoredId,
    /// The proof of the claim.
    pub fence: Fence,
}

/// What became of the wish to claim one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours.
    Ours(Fence),
    /// Another node works on it; its lease ends at this instant unless renewed.
    Busy(Timestamp),
    /// There is no such session in the queue.
    Absent,
}

/// Gives a claim back together with the session's next due instant.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    /// The claim that ends.
    pub fence: Fence,
    /// When the session is due again.
    pub next_due: Timestamp,
}

/// How many sessions stand in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// All of them.
    pub all: u64,
    /// Those that could be claimed.
    pub due: u64,
    /// Since when the longest due of them is.
    pub since: Option<Timestamp>,
}

/// How fast a shared bucket gives turns. One bucket can be asked at different bursts: whoever asks with the larger one
/// still gets turns when the others have used up theirs, and all together never exceed the pace for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Turns in a second, at least one.
    pub per_second: u32,
    /// Turns at once after a rest, at least one.
    pub burst: u32,
}

/// Was this the first use of a value that can be used once?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Nobody has used it before; it is used now.
    First,
    /// It has been used.
    Again,
}

/// What a store keeps of the live settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptSettings {
    /// Nothing: nobody ever changed any.
    Absent,
    /// The version that the caller knows.
    AsKnown,
    /// Another version, and its sealed bytes.
    Other(Version, Vec<u8>),
}

/// A hashed name: of a user, of a session at the IdP, of a value that can be used once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hashed([u8; 16]);

impl Hashed {
    /// The first 128 bits of SHA-256 over the parts, each preceded by its length, so that no two lists of parts collide.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finish().as_ref()[..16]);
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A list of sessions that belong together. A hint: what it names is verified against the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Index {
    /// All sessions of a user (issuer + subject).
    User(Hashed),
    /// All sessions of one session at the IdP (issuer + `sid`).
    IdpSession(Hashed),
}

/// The store did not answer a question. Nobody may be signed out for it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, too slow, or refusing the command.
    #[error("the session store is unavailable while {doing}: {cause}")]
    Unavailable {
        /// What was asked of it.
        doing: &'static str,
        /// What it, or the way to it, said. Never holds a value that was stored, nor a password.
        cause: String,
    },
    /// It answered with bytes that this version does not understand.
    #[error("the session store holds something unreadable at {what}: {cause}")]
    Unreadable {
        /// Which record.
        what: String,
        /// What is wrong with it.
        cause: String,
    },
}

impl StoreError {
    /// A new session's name is not new.
    fn taken(doing: &'static str) -> Self {
        Self::Unavailable { doing, cause: "its name is taken; sign in again".to_owned() }
    }

    /// Live settings that this version did not write.
    fn unknown_settings() -> Self {
        Self::Unreadable {
            what: "the live settings".to_owned(),
            cause: "their first bytes are unknown; were they written by a newer version?".to_owned(),
        }
    }

    /// A record of a kind that this version does not write.
    fn unknown_head(kind: &str, id: StoredId) -> Self {
        Self::Unreadable {
            what: format!("the {kind} record of {id}"),
            cause: "its first bytes are unknown; was it written by a newer version?".to_owned(),
        }
    }
}

/// The verbs. `now` moves queues and leases on; a store with a clock of its own (Redis in production) uses that instead,
/// so that nodes with different clocks agree.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Writes a new session with its tokens, activity and due entry, all at once. Refuses a name that is taken, be it
    /// by a tombstone.
    async fn create(&self, id: StoredId, new: NewSession<'_>) -> Result<(), StoreError>;

    /// Reads the identity record. The one read of the hot path.
    async fn session(&self, id: StoredId) -> Result<Option<Stored>, StoreError>;

    /// Reads the tokens; `None` also where the session has ended.
    async fn tokens(&self, id: StoredId) -> Result<Option<(Version, Vec<u8>)>, StoreError>;

    /// Writes the identity record if its version is still `seen`, and with `completion` only if that claim still stands;
    /// both or nothing.
    async fn replace_session(
        &self,
        id: StoredId,
        seen: Version,
        session: &[u8],
        keep: Duration,
        completion: Option<Completion>,
    ) -> Result<Replaced, StoreError>;

    /// Writes the tokens if their version is still `seen` and the session is live.
    async fn replace_tokens(
        &self,
        id: StoredId,
        seen: Version,
        tokens: &[u8],
        keep: Duration,
    ) -> Result<Replaced, StoreError>;

    /// Ends a session: tombstone in, tokens, activity and due entry out, all at once. The first tombstone stays.
    async fn end(&self, id: StoredId, tombstone: &[u8], keep: Duration) -> Result<Ended, StoreError>;

    /// Notes when sessions were last used; older instants never overwrite newer ones, and ended sessions get none. A live
    /// session that the queue has lost comes back to it, due at once.
    async fn note_activity(&self, seen: &[(StoredId, Timestamp)], keep: Duration) -> Result<(), StoreError>;

    /// When the session was last used.
    async fn last_activity(&self, id: StoredId) -> Result<Option<Timestamp>, StoreError>;

    /// All sessions in a partition that have not ended (every live session has a due entry), in no particular order.
    async fn live(&self, partition: u8) -> Result<Vec<StoredId>, StoreError>;

    /// Claims up to `limit` sessions of a lane and partition that are due at `now`, the longest due first, for `lease`. A
    /// session whose record is gone may be among them; [`Store::end`] then takes it out of the queue.
    async fn claim_due(
        &self,
        lane: Lane,
        partition: u8,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError>;

    /// Claims one session, due or not, unless somebody holds it. A live session that the queue has lost comes back to it.
    async fn claim(&self, id: StoredId, now: Timestamp, lease: Duration) -> Result<Claimed, StoreError>;

    /// Makes a claim last until `now + lease`; `None` where it is no longer ours.
    async fn renew(
        &self,
        id: StoredId,
        fence: Fence,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Fence>, StoreError>;

    /// Gives a claim back without a change to the record; `false` where it is no longer ours.
    async fn complete(&self, id: StoredId, completion: Completion) -> Result<bool, StoreError>;

    /// How many sessions stand in a lane and partition, and how many of them are due at `now`.
    async fn queued(&self, lane: Lane, partition: u8, now: Timestamp) -> Result<Queued, StoreError>;

    /// Takes up to `wanted` turns out of a bucket that all nodes share, and says how many it got.
    async fn take_turns(
        &self,
        bucket: &str,
        pace: Pace,
        wanted: u32,
        now: Timestamp,
    ) -> Result<u32, StoreError>;

    /// Adds a session to an index.
    async fn index_add(&self, index: Index, id: StoredId, keep: Duration) -> Result<(), StoreError>;

    /// The sessions of an index, ended ones perhaps among them.
    async fn index_list(&self, index: Index) -> Result<Vec<StoredId>, StoreError>;

    /// Takes a session out of an index.
    async fn index_remove(&self, index: Index, id: StoredId) -> Result<(), StoreError>;

    /// Uses a value that can be used once. Exactly one caller gets [`Spent::First`] within `keep`; replay protection
    /// rests on it, so an error means: refuse.
    async fn spend(&self, value: Hashed, keep: Duration) -> Result<Spent, StoreError>;

    /// Sets the revoked-before watermark of a user or of a session at the IdP; an earlier instant never overwrites a later
    /// one.
    async fn set_revoked_before(
        &self,
        whose: Hashed,
        before: Timestamp,
        keep: Duration,
    ) -> Result<(), StoreError>;

    /// A revoked-before watermark: sign-ins at or before it are void.
    async fn revoked_before(&self, whose: Hashed) -> Result<Option<Timestamp>, StoreError>;

    /// Keeps a sealed document (an IdP's metadata or keys) under a name.
    async fn put_document(&self, name: &str, document: &[u8]) -> Result<(), StoreError>;

    /// Reads a sealed document.
    async fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Reads the live settings; their bytes only where the version is not `known`.
    async fn settings(&self, known: Version) -> Result<KeptSettings, StoreError>;

    /// Writes the live settings as version `next` if they are still at the version `seen`; version 0 is before the first
    /// change. Never [`Replaced::Ended`].
    async fn replace_settings(
        &self,
        seen: Version,
        next: Version,
        settings: &[u8],
    ) -> Result<Replaced, StoreError>;

    /// What the store's own clock shows, where it has one; a decision of all nodes then rests on one clock.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Can the store be read and written?
    async fn ping(&self) -> Result<(), StoreError>;
}
