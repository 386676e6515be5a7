//! The store in one file (redb): for one process on one machine. Survives restarts and kills.
//!
//! Reads happen where they are asked for: microseconds. Writes go to one writer and are on the disk when they answer,
//! except notes of activity, which may be lost with the process. What need not be kept is swept away as writes come.

mod file;
mod tables;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redb::{Database, ReadTransaction, ReadableDatabase};

use self::tables::{Kind, Tables, key};
use self::writer::{Promise, Writer};
use super::queue::Score;
use super::{
    Claim, Claimed, Completion, Ended, Fence, Hashed, Index, KeptSettings, NewSession, Pace, Queued,
    Replaced, Spent, Store, StoreError, Stored, Version, record,
};
use crate::session::id::{Lane, StoredId};
use crate::time::{Clock, Timestamp};

/// Sessions in a file.
pub struct EmbeddedStore {
    writer: Writer, // dropped before the database, whose last user it is
    database: Arc<Database>,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    turns: Mutex<HashMap<String, u64>>,
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl EmbeddedStore {
    /// Opens the file, or makes it. `clock` tells what need not be kept any longer.
    ///
    /// # Errors
    ///
    /// The file is open in another process, damaged, or out of reach; the message names it and says what to do.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let open = move || {
            let database = Arc::new(file::open(&path)?);
            let writer = Writer::start(Arc::clone(&database), Arc::clone(&clock))
                .map_err(|error| StoreError::Unavailable { doing: "starting", cause: error.to_string() })?;
            Ok(Self { writer, database, path, clock, turns: Mutex::default() })
        };
        let opened = tokio::task::spawn_blocking(open).await;
        opened.unwrap_or_else(|error| {
            Err(StoreError::Unavailable { doing: "opening the store's file", cause: error.to_string() })
        })
    }

    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let answer = self.database.begin_read().map_err(redb::Error::from).and_then(|view| work(&view));
        answer.map_err(|error| self.unavailable(doing, &error.to_string()))
    }

    fn record(&self, doing: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(doing, |view| tables::read(view, key))
    }

    fn instant(&self, doing: &'static str, key: &[u8]) -> Result<Option<Timestamp>, StoreError> {
        let Some(found) = self.record(doing, key)? else { return Ok(None) };
        let unreadable = || StoreError::Unreadable {
            what: self.path.display().to_string(),
            cause: format!("an instant of {} bytes instead of 8", found.len()),
        };
        instant(&found).map(Some).ok_or_else(unreadable)
    }

    async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.writer.write(Promise::Kept, work).await;
        answer.map_err(|cause| self.unavailable(doing, &cause))
    }

    fn unavailable(&self, doing: &'static str, cause: &str) -> StoreError {
        StoreError::Unavailable { doing, cause: format!("{}: {cause}", self.path.display()) }
    }

    fn until(&self, keep: Duration) -> Timestamp {
        self.clock.now().plus(keep)
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn create(&self, id: StoredId, new: NewSession<'_>) -> Result<(), StoreError> {
        let doing = "creating a session";
        let session = record::live(Version(1), new.session);
        let tokens = record::live(Version(1), new.tokens);
        let (due, active_at, until) = (new.due, new.active_at, self.until(new.keep));
        let created = self.write(doing, move |tables| {
            if tables.get(&key(Kind::Session, id.as_bytes()))?.is_some() {
                return Ok(false);
            }
            tables.put(&key(Kind::Session, id.as_bytes()), &session, until)?;
            tables.put(&key(Kind::Tokens, id.as_bytes()), &tokens, until)?;
            tables.put(&key(Kind::Activity, id.as_bytes()), &bytes(active_at), until)?;
            tables.set_score(id, Some(Score::due(due)))?;
            Ok(true)
        });
        if created.await? { Ok(()) } else { Err(StoreError::taken(doing)) }
    }

    async fn session(&self, id: StoredId) -> Result<Option<Stored>, StoreError> {
        let found = self.record("reading a session", &key(Kind::Session, id.as_bytes()))?;
        found
            .map(|bytes| record::read(bytes).ok_or_else(|| StoreError::unknown_head("session", id)))
            .transpose()
    }

    async fn tokens(&self, id: StoredId) -> Result<Option<(Version, Vec<u8>)>, StoreError> {
        match self.record("reading tokens", &key(Kind::Tokens, id.as_bytes()))?.map(record::read) {
            None => Ok(None),
            Some(Some(Stored::Live(version, bytes))) => Ok(Some((version, bytes))),
            Some(_) => Err(StoreError::unknown_head("tokens", id)),
        }
    }

    async fn replace_session(
        &self,
        id: StoredId,
        seen: Version,
        session: &[u8],
        keep: Duration,
        completion: Option<Completion>,
    ) -> Result<Replaced, StoreError> {
        let next = record::next(seen);
        let (session, until) = (record::live(next, session), self.until(keep));
        let replace = move |tables: &mut Tables<'_>| {
            let key = key(Kind::Session, id.as_bytes());
            let old = match tables.get(&key)? {
                Some(old) if !record::is_tombstone(&old) => old,
                _ => return Ok(Replaced::Ended),
            };
            if !old.starts_with(&record::head(seen)) {
                return Ok(Replaced::Conflict);
            }
            if let Some(completion) = completion
                && !complete(tables, id, completion)?
            {
                return Ok(Replaced::Conflict);
            }
            tables.put(&key, &session, until)?;
            Ok(Replaced::Done(next))
        };
        self.write("replacing a session", replace).await
    }

    async fn replace_tokens(
        &self,
        id: StoredId,
        seen: Version,
        tokens: &[u8],
        keep: Duration,
    ) -> Result<Replaced, StoreError> {
        let next = record::next(seen);
        let (new, until) = (record::live(next, tokens), self.until(keep));
        let replace = move |tables: &mut Tables<'_>| {
            let session = tables.get(&key(Kind::Session, id.as_bytes()))?;
            if session.is_none_or(|session| record::is_tombstone(&session)) {
                return Ok(Replaced::Ended);
            }
            let key = key(Kind::Tokens, id.as_bytes());
            if !tables.get(&key)?.is_some_and(|old| old.starts_with(&record::head(seen))) {
                return Ok(Replaced::Conflict);
            }
            tables.put(&key, &new, until)?;
            Ok(Replaced::Done(next))
        };
        self.write("replacing tokens", replace).await
    }

    async fn end(&self, id: StoredId, tombstone: &[u8], keep: Duration) -> Result<Ended, StoreError> {
        let (tombstone, until) = (record::tombstone(tombstone), self.until(keep));
        let end = move |tables: &mut Tables<'_>| {
            let key_of_session = key(Kind::Session, id.as_bytes());
            tables.remove(&key(Kind::Tokens, id.as_bytes()))?;
            tables.remove(&key(Kind::Activity, id.as_bytes()))?;
            tables.set_score(id, None)?;
            match tables.get(&key_of_session)? {
                None => Ok(Ended::Absent),
                Some(mut old) if record::is_tombstone(&old) => Ok(Ended::Before(old.split_off(1))),
                Some(_) => {
                    tables.put(&key_of_session, &tombstone, until)?;
                    Ok(Ended::Now)
                }
            }
        };
        self.write("ending a session", end).await
    }

    async fn note_activity(&self, seen: &[(StoredId, Timestamp)], keep: Duration) -> Result<(), StoreError> {
        let (seen, until) = (seen.to_vec(), self.until(keep));
        let note = move |tables: &mut Tables<'_>| {
            for (id, at) in seen {
                let session = tables.get(&key(Kind::Session, id.as_bytes()))?;
                if session.is_some_and(|session| record::is_live(&session)) {
                    raise(tables, &key(Kind::Activity, id.as_bytes()), at, until)?;
                    if tables.score(id)?.is_none() {
                        tables.set_score(id, Some(Score::due(at)))?;
                    }
                }
            }
            Ok(())
        };
        let noted = self.writer.write(Promise::Loose, note).await;
        noted.map_err(|cause| self.unavailable("noting activity", &cause))
    }

    async fn last_activity(&self, id: StoredId) -> Result<Option<Timestamp>, StoreError> {
        self.instant("reading the last activity", &key(Kind::Activity, id.as_bytes()))
    }

    async fn live(&self, partition: u8) -> Result<Vec<StoredId>, StoreError> {
        self.read("listing sessions", |view| tables::live(view, partition))
    }

    async fn claim_due(
        &self,
        lane: Lane,
        partition: u8,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        // A look is free and a write is a sync of the disk: nodes look every second, and mostly nothing is due.
        if self.queued(lane, partition, now).await?.due == 0 {
            return Ok(Vec::new());
        }
        let claim = move |tables: &mut Tables<'_>| {
            let mut claims = Vec::new();
            for (id, score) in tables.queued((lane, partition), Score::ready(now), limit)? {
                let held = score.held_until(ends(now, lease));
                tables.set_score(id, Some(held))?;
                claims.push(Claim { id, fence: held.fence() });
            }
            Ok(claims)
        };
        self.write("claiming due sessions", claim).await
    }

    async fn claim(&self, id: StoredId, now: Timestamp, lease: Duration) -> Result<Claimed, StoreError> {
        let claim = move |tables: &mut Tables<'_>| {
            let score = match tables.score(id)? {
                Some(score) => score,
                None => match tables.get(&key(Kind::Session, id.as_bytes()))? {
                    Some(session) if record::is_live(&session) => Score::due(now),
                    _ => return Ok(Claimed::Absent),
                },
            };
            if score.is_held(now) {
                return Ok(Claimed::Busy(score.instant()));
            }
            let held = score.held_until(ends(now, lease));
            tables.set_score(id, Some(held))?;
            Ok(Claimed::Ours(held.fence()))
        };
        self.write("claiming a session", claim).await
    }

    async fn renew(
        &self,
        id: StoredId,
        fence: Fence,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Fence>, StoreError> {
        let renew = move |tables: &mut Tables<'_>| match tables.score(id)? {
            Some(score) if score.fence() == fence => {
                let held = score.held_until(ends(now, lease));
                tables.set_score(id, Some(held))?;
                Ok(Some(held.fence()))
            }
            _ => Ok(None),
        };
        self.write("renewing a claim", renew).await
    }

    async fn complete(&self, id: StoredId, completion: Completion) -> Result<bool, StoreError> {
        self.write("giving a claim back", move |tables| complete(tables, id, completion)).await
    }

    async fn queued(&self, lane: Lane, partition: u8, now: Timestamp) -> Result<Queued, StoreError> {
        self.read("counting due sessions", |view| tables::count(view, lane, partition, Score::ready(now)))
    }

    /// The file has one process, so its buckets are in memory.
    async fn take_turns(
        &self,
        bucket: &str,
        pace: Pace,
        wanted: u32,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut buckets = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let taken_until = buckets.entry(bucket.to_owned()).or_default();
        let (got, until) = pace.take(*taken_until, wanted, now);
        *taken_until = until;
        Ok(got)
    }

    async fn index_add(&self, index: Index, id: StoredId, keep: Duration) -> Result<(), StoreError> {
        let (member, until) = (member(index, id), self.until(keep));
        self.write("adding to an index", move |tables| tables.put(&member, &[], until)).await
    }

    async fn index_list(&self, index: Index) -> Result<Vec<StoredId>, StoreError> {
        self.read("reading an index", |view| tables::members(view, &tables::index(index)))
    }

    async fn index_remove(&self, index: Index, id: StoredId) -> Result<(), StoreError> {
        let member = member(index, id);
        self.write("taking out of an index", move |tables| tables.remove(&member)).await
    }

    async fn spend(&self, value: Hashed, keep: Duration) -> Result<Spent, StoreError> {
        let (key, until) = (key(Kind::Once, value.as_bytes()), self.until(keep));
        let spend = move |tables: &mut Tables<'_>| {
            if tables.get(&key)?.is_some() {
                return Ok(Spent::Again);
            }
            tables.put(&key, &[], until)?;
            Ok(Spent::First)
        };
        self.write("spending a single-use value", spend).await
    }

    async fn set_revoked_before(
        &self,
        whose: Hashed,
        before: Timestamp,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let (key, until) = (key(Kind::RevokedBefore, whose.as_bytes()), self.until(keep));
        self.write("revoking sign-ins", move |tables| raise(tables, &key, before, until)).await
    }

    async fn revoked_before(&self, whose: Hashed) -> Result<Option<Timestamp>, StoreError> {
        self.instant("reading whether a sign-in is revoked", &key(Kind::RevokedBefore, whose.as_bytes()))
    }

    async fn put_document(&self, name: &str, document: &[u8]) -> Result<(), StoreError> {
        let (key, document) = (key(Kind::Document, name.as_bytes()), document.to_vec());
        let forever = Timestamp::FAR_FUTURE;
        self.write("keeping a document", move |tables| tables.put(&key, &document, forever)).await
    }

    async fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.record("reading a document", &key(Kind::Document, name.as_bytes()))
    }

    async fn settings(&self, known: Version) -> Result<KeptSettings, StoreError> {
        let found = self.record("reading the live settings", &key(Kind::Settings, &[]))?;
        record::settings(found, known).ok_or_else(StoreError::unknown_settings)
    }

    async fn replace_settings(
        &self,
        seen: Version,
        next: Version,
        settings: &[u8],
    ) -> Result<Replaced, StoreError> {
        let settings = record::live(next, settings);
        let replace = move |tables: &mut Tables<'_>| {
            let key = key(Kind::Settings, &[]);
            let is_as_seen = match tables.get(&key)? {
                None => seen == Version(0),
                Some(old) => old.starts_with(&record::head(seen)),
            };
            if !is_as_seen {
                return Ok(Replaced::Conflict);
            }
            tables.put(&key, &settings, Timestamp::FAR_FUTURE)?;
            Ok(Replaced::Done(next))
        };
        self.write("replacing the live settings", replace).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.write("being tried out", move |tables| tables.put(&key(Kind::Ping, &[]), &[], now)).await
    }
}

fn complete(tables: &mut Tables<'_>, id: StoredId, completion: Completion) -> Result<bool, redb::Error> {
    match tables.score(id)? {
        Some(score) if score.fence() == completion.fence => {
            tables.set_score(id, Some(score.given_back(completion.next_due)))?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Writes an instant unless a later one is there.
fn raise(tables: &mut Tables<'_>, key: &[u8], at: Timestamp, until: Timestamp) -> Result<(), redb::Error> {
    let there = tables.get(key)?.and_then(|bytes| instant(&bytes));
    if there.is_none_or(|there| there < at) { tables.put(key, &bytes(at), until) } else { Ok(()) }
}

fn ends(now: Timestamp, lease: Duration) -> Timestamp {
    now.plus(lease.max(Duration::from_millis(1)))
}

fn member(index: Index, id: StoredId) -> Vec<u8> {
    [tables::index(index).as_slice(), id.as_bytes()].concat()
}

fn bytes(at: Timestamp) -> [u8; 8] {
    at.as_millis().to_be_bytes()
}

fn instant(bytes: &[u8]) -> Option<Timestamp> {
    bytes.try_into().ok().map(|millis| Timestamp::from_millis(i64::from_be_bytes(millis)))
}
