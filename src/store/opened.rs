//! What sealed session records turned out to say, so that the same bytes are not opened and parsed at each check.
//!
//! No cache of the truth: the store is read every time, and what is kept here counts only where it gave the very same
//! bytes. They are bound to the session and sealed, so the same bytes say the same thing.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Version;
use crate::session::Session;
use crate::session::id::StoredId;

const SHARDS: usize = 16;
/// All shards together hold 16,384 sessions, some 40 MB.
const MOST_PER_SHARD: usize = 1024;

struct Entry {
    version: Version,
    sealed: Vec<u8>,
    session: Arc<Session>,
}

type Shard = HashMap<StoredId, Entry>;

/// The records that were opened last.
#[derive(Default)]
pub(super) struct Opened([Mutex<Shard>; SHARDS]);

impl Opened {
    /// What these very bytes said, if they were opened before.
    pub(super) fn find(&self, id: StoredId, version: Version, sealed: &[u8]) -> Option<Arc<Session>> {
        let shard = self.shard(id);
        let entry = shard.get(&id)?;
        (entry.version == version && entry.sealed == sealed).then(|| entry.session.clone())
    }

    /// Keeps what these bytes say, in the place of any one other record where there is no room.
    pub(super) fn keep(&self, id: StoredId, version: Version, sealed: Vec<u8>, session: Arc<Session>) {
        let mut shard = self.shard(id);
        if shard.len() >= MOST_PER_SHARD
            && !shard.contains_key(&id)
            && let Some(other) = shard.keys().next().copied()
        {
            shard.remove(&other);
        }
        shard.insert(id, Entry { version, sealed, session });
    }

    /// Forgets a session that is no more.
    pub(super) fn forget(&self, id: StoredId) {
        self.shard(id).remove(&id);
    }

    fn shard(&self, id: StoredId) -> MutexGuard<'_, Shard> {
        let shard = usize::from(id.as_bytes()[1]) % SHARDS;
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::id::{Lane, SessionId};

    fn session() -> Arc<Session> {
        Arc::new(Session::sample())
    }

    #[test]
    fn only_the_very_same_record_is_known() {
        let (opened, id) = (Opened::default(), SessionId::new(Lane::from_number(7)).stored());
        assert!(opened.find(id, Version(1), b"sealed").is_none());
        opened.keep(id, Version(1), b"sealed".to_vec(), session());
        assert!(opened.find(id, Version(1), b"sealed").is_some());
        assert!(opened.find(id, Version(2), b"sealed").is_none());
        assert!(opened.find(id, Version(1), b"sealeD").is_none());
        assert!(opened.find(SessionId::new(Lane::from_number(7)).stored(), Version(1), b"sealed").is_none());
        opened.forget(id);
        assert!(opened.find(id, Version(1), b"sealed").is_none());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let opened = Opened::default();
        for _ in 0..SHARDS * MOST_PER_SHARD * 2 {
            opened.keep(SessionId::new(Lane::from_number(7)).stored(), Version(1), Vec::new(), session());
        }
        assert!(opened.0.iter().all(|shard| shard.lock().unwrap().len() <= MOST_PER_SHARD));
    }
}
