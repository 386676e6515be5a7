//! When sessions were last used: noted in memory, written to the store rarely, so that a check writes nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Services;
use crate::policy::settings::Settings;
use crate::session::Session;
use crate::session::id::StoredId;
use crate::store::StoreError;
use crate::store::sessions::Sessions;
use crate::time::Timestamp;

/// A session's activity is written at most this often.
const WRITE_EVERY: Duration = Duration::from_secs(30);
/// What was not used for so long is forgotten here; the store knows it.
const FORGET_AFTER: Duration = Duration::from_secs(600);
const SHARDS: usize = 16;
const BATCH: usize = 500;

/// When a session was last used, as far as the store and this node know; at least its sign-in.
///
/// A store that has lost it leaves it unknown, and nobody is signed out for that: the session counts as used just now, or, where
/// that was earlier, when it could last be served. This is noted, so that it is counted from there.
///
/// # Errors
///
/// [`StoreError`].
pub async fn last_used(
    services: &Services,
    settings: &Settings,
    id: StoredId,
    session: &Session,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    if let Some(stored) = services.sessions.store().last_activity(id).await? {
        let seen_here = services.activity.last_seen(id);
        return Ok(seen_here.map_or(stored, |seen| seen.max(stored)).max(session.signed_in_at));
    }
    let last_served = session.proof.until.plus(settings.outage_grace);
    let at_the_latest = now.min(last_served).max(session.signed_in_at);
    tracing::warn!(session = %id, "activity_lost: the store does not know when the session was used");
    services.activity.note(id, at_the_latest);
    Ok(at_the_latest)
}

/// Notes that a session was used, where the next request may reach a node that would do without it what is wrong. With the
/// store away it is written with the rest.
pub async fn note_for_all_nodes(services: &Services, id: StoredId, now: Timestamp) {
    services.activity.note(id, now);
    match services.sessions.note_activity(&[(id, now)]).await {
        Ok(()) => services.activity.wrote(id, now),
        Err(error) => tracing::debug!(session = %id, %error, "activity_not_written"),
    }
}

/// This node's memory of when sessions were used.
#[derive(Debug, Default)]
pub struct Activity([Mutex<HashMap<StoredId, Seen>>; SHARDS]);

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Timestamp,
    /// What the store knows: the instant that was written last.
    written: Timestamp,
}

impl Activity {
    /// Notes that a session was used.
    pub fn note(&self, id: StoredId, now: Timestamp) {
        let mut shard = self.shard(id);
        let seen = shard.entry(id).or_insert(Seen { at: now, written: Timestamp::EPOCH });
        seen.at = seen.at.max(now);
    }

    /// When this node last saw a session used.
    #[must_use]
    pub fn last_seen(&self, id: StoredId) -> Option<Timestamp> {
        self.shard(id).get(&id).map(|seen| seen.at)
    }

    /// Was nothing of it written to the store since `then`, as far as this node knows?
    #[must_use]
    pub fn was_written_before(&self, id: StoredId, then: Timestamp) -> bool {
        self.shard(id).get(&id).is_none_or(|seen| seen.written <= then)
    }

    /// Notes that the store knows of a use at `at`.
    pub fn wrote(&self, id: StoredId, at: Timestamp) {
        if let Some(seen) = self.shard(id).get_mut(&id) {
            seen.written = seen.written.max(at);
        }
    }

    /// Writes what is new and due to be written, and forgets what is old.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what could not be written is tried again next time.
    pub async fn flush(&self, sessions: &Sessions, now: Timestamp) -> Result<(), StoreError> {
        for shard in &self.0 {
            let due: Vec<(StoredId, Timestamp)> = {
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                shard.retain(|_, seen| seen.at > seen.written || now.since(seen.at) < FORGET_AFTER);
                shard
                    .iter()
                    .filter(|(_, seen)| seen.at > seen.written && now.since(seen.written) >= WRITE_EVERY)
                    .map(|(id, seen)| (*id, seen.at))
                    .collect()
            };
            for batch in due.chunks(BATCH) {
                sessions.note_activity(batch).await?;
                for (id, at) in batch {
                    self.wrote(*id, *at);
                }
            }
        }
        Ok(())
    }

    fn shard(&self, id: StoredId) -> std::sync::MutexGuard<'_, HashMap<StoredId, Seen>> {
        let shard = usize::from(id.as_bytes()[1]) % SHARDS;
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
