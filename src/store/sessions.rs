//! The typed front door of the store: sessions, tokens and tombstones go in sealed and come out opened.
//!
//! Every record is sealed with the key ring and bound to its session id, its kind and its version, so that whoever can
//! write to the store can neither read a record, make one, nor put one in another's place.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::opened::Opened;
use super::{
    Completion, Ended, Hashed, Index, NewSession, Replaced, Spent, Store, StoreError, Stored, Version,
};
use crate::keys::{KeyRing, Purpose};
use crate::session::Session;
use crate::session::end::Tombstone;
use crate::session::id::StoredId;
use crate::session::identity::Identity;
use crate::session::tokens::Tokens;
use crate::time::Timestamp;

/// Records are kept a day longer than any session can live unused. Garbage collection only.
const KEEP: Duration = Duration::from_secs(91 * 86_400);
/// A tombstone tells the reason to whoever comes back within a week, and outlives every write that is under way.
const KEEP_TOMBSTONE: Duration = Duration::from_secs(7 * 86_400);

/// What the IdP said of a session of its own outlives every sign-in that was under way then.
const KEEP_LOGOUT: Duration = Duration::from_secs(3600);

/// The IdP's clock and ours may differ by so much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// What is found under a session id.
#[derive(Clone, Debug)]
pub enum Found {
    /// Nothing.
    Absent,
    /// It has ended.
    Ended(Tombstone),
    /// It is live; the version is needed to write it.
    Live(Version, Arc<Session>),
}

/// The sessions of all nodes.
#[derive(Clone, Debug)]
pub struct Sessions {
    store: Arc<dyn Store>,
    keys: Arc<KeyRing>,
    opened: Arc<Opened>,
}

#[derive(Clone, Copy)]
enum Kind {
    Session,
    Tokens,
    Tombstone,
}

impl Sessions {
    /// The sessions in `store`, sealed with `keys`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, keys: Arc<KeyRing>) -> Self {
        Self { store, keys, opened: Arc::default() }
    }

    /// The store itself, for what is not sealed.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Writes a new session and its indexes. The indexes live elsewhere and come second: a crash between leaves a session
    /// whose cookie nobody has.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nobody is signed in.
    pub async fn create(
        &self,
        id: StoredId,
        session: &Session,
        tokens: &Tokens,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(Kind::Session, id, Version(1), session, now)?;
        let tokens = self.seal(Kind::Tokens, id, Version(1), tokens, now)?;
        let new = NewSession { session: &sealed, tokens: &tokens, due, active_at: now, keep: KEEP };
        self.store.create(id, new).await?;
        for index in indexes(&session.identity) {
            self.store.index_add(index, id, KEEP).await?;
        }
        Ok(())
    }

    /// Reads a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: whether the session lives is unknown.
    pub async fn find(&self, id: StoredId) -> Result<Found, StoreError> {
        Ok(match self.store.session(id).await? {
            None => {
                self.opened.forget(id);
                Found::Absent
            }
            Some(Stored::Tombstone(sealed)) => {
                self.opened.forget(id);
                Found::Ended(self.open(Kind::Tombstone, id, Version(0), &sealed)?)
            }
            Some(Stored::Live(version, sealed)) => Found::Live(version, self.opened(id, version, sealed)?),
        })
    }

    fn opened(&self, id: StoredId, version: Version, sealed: Vec<u8>) -> Result<Arc<Session>, StoreError> {
        if let Some(session) = self.opened.find(id, version, &sealed) {
            return Ok(session);
        }
        let session: Arc<Session> = Arc::new(self.open(Kind::Session, id, version, &sealed)?);
        self.opened.keep(id, version, sealed, session.clone());
        Ok(session)
    }

    /// Reads the tokens of a live session.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn tokens(&self, id: StoredId) -> Result<Option<(Version, Tokens)>, StoreError> {
        match self.store.tokens(id).await? {
            None => Ok(None),
            Some((version, sealed)) => Ok(Some((version, self.open(Kind::Tokens, id, version, &sealed)?))),
        }
    }

    /// Writes a session if nobody else has written it since, and with `completion` only if that claim still stands.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it may or may not be written.
    pub async fn replace(
        &self,
        id: StoredId,
        seen: Version,
        session: &Session,
        completion: Option<Completion>,
        now: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let sealed = self.seal(Kind::Session, id, Version(seen.0 + 1), session, now)?;
        self.store.replace_session(id, seen, &sealed, KEEP, completion).await
    }

    /// Writes the tokens if nobody else has written them since.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: they may or may not be written.
    pub async fn replace_tokens(
        &self,
        id: StoredId,
        seen: Version,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let sealed = self.seal(Kind::Tokens, id, Version(seen.0 + 1), tokens, now)?;
        self.store.replace_tokens(id, seen, &sealed, KEEP).await
    }

    /// Ends a session; the first tombstone stays. Where the store's answer was lost it is asked once more, so that an end of ours
    /// is known for ours: no two tombstones are sealed to the same bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it may or may not have ended.
    pub async fn end(&self, id: StoredId, tombstone: &Tombstone) -> Result<Ended, StoreError> {
        let sealed = self.seal(Kind::Tombstone, id, Version(0), tombstone, tombstone.at)?;
        let end = || self.store.end(id, &sealed, KEEP_TOMBSTONE);
        let ended = match end().await {
            Err(StoreError::Unavailable { .. }) => end().await?,
            answered => answered?,
        };
        Ok(match ended {
            Ended::Before(found) if found == sealed => Ended::Now,
            ended => ended,
        })
    }

    /// Notes when sessions were used.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn note_activity(&self, seen: &[(StoredId, Timestamp)]) -> Result<(), StoreError> {
        self.store.note_activity(seen, KEEP).await
    }

    /// Voids every sign-in of a user that was begun at or before `before`, also those still under way.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it may or may not be set.
    pub async fn revoke_before(&self, user: Hashed, before: Timestamp) -> Result<(), StoreError> {
        self.store.set_revoked_before(user, before, KEEP).await
    }

    /// Was the sign-in of this session begun at or before a revocation of its user?
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn is_revoked(&self, session: &Session) -> Result<bool, StoreError> {
        let before = self.store.revoked_before(user_hash(&session.identity)).await?;
        Ok(before.is_some_and(|before| session.sign_in_begun_at <= before))
    }

    /// Voids every sign-in of a user, or of a session at the IdP, that rests on credentials entered at or before
    /// `issued_at`, by the IdP's clock; also those still under way.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it may or may not be set.
    pub async fn log_out_before(&self, whose: LogoutName, issued_at: Timestamp) -> Result<(), StoreError> {
        self.store.set_revoked_before(whose.0, issued_at, KEEP_LOGOUT).await
    }

    /// Has the IdP said, before this sign-in was begun or while it was under way, that it is over? (LOG-08) One that was begun
    /// later is not meant, though it rests on older credentials: the IdP knew of its own logout when it let the person in.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn is_logged_out(&self, session: &Session) -> Result<bool, StoreError> {
        let Identity { issuer, subject, idp_session, .. } = &session.identity;
        let of_idp_session = idp_session.as_ref().map(|sid| LogoutName::of_idp_session(issuer, sid));
        for name in [Some(LogoutName::of_user(issuer, subject)), of_idp_session].into_iter().flatten() {
            if let Some(issued_at) = self.store.revoked_before(name.0).await?
                && session.is_meant_by_logout(issued_at)
                && session.sign_in_begun_at <= issued_at.plus(CLOCKS_DIFFER)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Uses a transaction id, which can be used once.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: then the answer is to refuse.
    pub async fn spend_transaction(&self, id: &[u8; 16], keep: Duration) -> Result<Spent, StoreError> {
        self.store.spend(Hashed::of(&[b"transaction", id]), keep).await
    }

    /// Uses an assertion, once, for as long as it would be good otherwise.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: then the answer is to refuse.
    pub async fn spend_assertion(&self, issuer: &str, id: &str, keep: Duration) -> Result<Spent, StoreError> {
        self.store.spend(Hashed::of(&[b"assertion", issuer.as_bytes(), id.as_bytes()]), keep).await
    }

    fn seal(
        &self,
        kind: Kind,
        id: StoredId,
        version: Version,
        record: &impl Serialize,
        now: Timestamp,
    ) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(record).map_err(|error| unreadable(id, &error))?;
        let (purpose, bound_to) = binding(kind, id, version);
        Ok(self.keys.seal(purpose, &bound_to, &plain, now))
    }

    fn open<T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: StoredId,
        version: Version,
        sealed: &[u8],
    ) -> Result<T, StoreError> {
        let (purpose, bound_to) = binding(kind, id, version);
        let (plain, _) =
            self.keys.open(purpose, &bound_to, sealed).map_err(|error| unreadable(id, &error))?;
        // The parser's message would repeat what it found, a token perhaps.
        serde_json::from_slice(&plain).map_err(|error| {
            let cause = format!("it is not a record of this version (at byte {})", error.column());
            unreadable(id, &cause)
        })
    }
}

fn binding(kind: Kind, id: StoredId, version: Version) -> (Purpose, Vec<u8>) {
    let (purpose, kind) = match kind {
        Kind::Session => (Purpose::SessionRecord, b'S'),
        Kind::Tombstone => (Purpose::SessionRecord, b'X'),
        Kind::Tokens => (Purpose::TokenRecord, b'T'),
    };
    (purpose, [&[kind][..], id.as_bytes(), &version.0.to_be_bytes()].concat())
}

/// The cause holds nothing of the record.
fn unreadable(id: StoredId, cause: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unreadable { what: format!("session {id}"), cause: cause.to_string() }
}

/// The hashed name of a user.
#[must_use]
pub fn user_hash(identity: &Identity) -> Hashed {
    named_user_hash(&identity.issuer, &identity.subject)
}

/// The hashed name of the user whom `issuer` calls `subject`.
#[must_use]
pub fn named_user_hash(issuer: &str, subject: &str) -> Hashed {
    Hashed::of(&[b"user", issuer.as_bytes(), subject.as_bytes()])
}

/// Names what the IdP logs out. Not the name that an admin revokes a user under: those instants are of our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogoutName(Hashed);

impl LogoutName {
    /// Everything of the user whom `issuer` calls `subject`.
    #[must_use]
    pub fn of_user(issuer: &str, subject: &str) -> Self {
        Self(Hashed::of(&[b"logout user", issuer.as_bytes(), subject.as_bytes()]))
    }

    /// The session that `issuer` calls `sid`.
    #[must_use]
    pub fn of_idp_session(issuer: &str, sid: &str) -> Self {
        Self(Hashed::of(&[b"logout sid", issuer.as_bytes(), sid.as_bytes()]))
    }
}

/// The index of all sessions of a session at the IdP.
#[must_use]
pub fn idp_session_index(issuer: &str, sid: &str) -> Index {
    Index::IdpSession(Hashed::of(&[b"sid", issuer.as_bytes(), sid.as_bytes()]))
}

/// The indexes that a session of this identity stands in: its user's, and its IdP session's where the IdP names one.
pub fn indexes(identity: &Identity) -> impl Iterator<Item = Index> {
    let idp_session = identity.idp_session.as_ref().map(|sid| idp_session_index(&identity.issuer, sid));
    std::iter::once(Index::User(user_hash(identity))).chain(idp_session)
}
