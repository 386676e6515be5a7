//! The names of the keys. `{p}` is a hash tag: the keys of one session share a slot of a Redis Cluster.

use crate::session::id::StoredId;
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

/// The due queue of a partition: the sixteen bytes of each live session, scored by `store/queue.rs`.
pub(super) fn due(partition: u8) -> String {
    format!("hg:due:{{{partition}}}")
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

/// A sealed document.
pub(super) fn document(name: &str) -> String {
    format!("hg:doc:{name}")
}
