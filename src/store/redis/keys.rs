//! The names of the keys. `{p}` is a hash tag: the keys of one session share a slot of a Redis Cluster.

use crate::session::id::{Lane, StoredId};
use crate::store::{Hashed, Index};

/// Where `ping` writes.
pub(super) const PING: &str = "hg:ping";

/// The identity record or tombstone. The one prefix that near caches track: written only when the session changes.
pub(super) fn session(id: StoredId) -> String {
    format!("hg:s:{{{}}}:{id}", id.partition())
}

/// The tokens; apart, so that a refresh that changes only them leaves the near caches alone.
pub(super) fn tokens(id: StoredId) -> String {
    format!("hg:t:{{{}}}:{id}", id.partition())
}

/// The last activity, in milliseconds, as decimal text.
pub(super) fn activity(id: StoredId) -> String {
    format!("hg:a:{{{}}}:{id}", id.partition())
}

/// The due queue of a lane and partition: the sixteen bytes of each live session, scored by `store/queue.rs`.
pub(super) fn due(lane: Lane, partition: u8) -> String {
    format!("hg:due:{{{partition}}}:{:04x}", lane.number())
}

/// The due queue that a session stands in.
pub(super) fn due_of(id: StoredId) -> String {
    due(id.lane(), id.partition())
}

/// The lanes that a partition has queues for: their numbers, as decimal text.
pub(super) fn lanes(partition: u8) -> String {
    format!("hg:lanes:{{{partition}}}")
}

/// A bucket of turns: the instant, in microseconds, until which they are taken.
pub(super) fn turns(bucket: &str) -> String {
    format!("hg:turns:{bucket}")
}

/// A list of sessions: their sixteen bytes, scored with the instant until which they are kept.
pub(super) fn index(index: Index) -> String {
    match index {
        Index::User(hash) => format!("hg:u:{hash}"),
        Index::IdpSession(hash) => format!("hg:i:{hash}"),
    }
}

/// A value that has been used.
pub(super) fn once(value: Hashed) -> String {
    format!("hg:once:{value}")
}

/// A revoked-before watermark, in milliseconds, as decimal text.
pub(super) fn revoked_before(whose: Hashed) -> String {
    format!("hg:end:{whose}")
}

/// The live settings: version and sealed bytes.
pub(super) const SETTINGS: &str = "hg:settings";

/// A sealed document.
pub(super) fn document(name: &str) -> String {
    format!("hg:doc:{name}")
}
