//! The sessions that somebody on this node waits for. Hundreds who wait for one session are one visit, and take one of the
//! few passes to its IdP: those of others must not be used up by a page that asks again and again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::session::id::StoredId;

/// The visits under way on this node. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Visits(Arc<Mutex<HashSet<StoredId>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Visit {
    visits: Visits,
    id: StoredId,
}

impl Visits {
    /// Begins one; `None` where there is one to this session.
    pub(super) fn begin(&self, id: StoredId) -> Option<Visit> {
        let is_first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        is_first.then(|| Visit { visits: self.clone(), id })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.visits.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_visited_once_at_a_time() {
        let (visits, [one, other]) = (Visits::default(), [1, 2].map(|n| StoredId::from_bytes([n; 16])));
        let first = visits.begin(one);
        assert!(first.is_some() && visits.begin(one).is_none() && visits.begin(other).is_some());
        drop(first);
        assert!(visits.begin(one).is_some());
    }
}
