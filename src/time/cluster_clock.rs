//! One clock for all nodes. A node's own wall clock can be wrong, and can be set while it runs; a session must not live
//! longer or shorter for it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::{Clock, SystemClock, Timestamp};

/// A difference that is worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(5);

/// Time since the machine's start, which nobody can set and which goes on while it sleeps (`CLOCK_BOOTTIME`), anchored to
/// the clock of the store, which all nodes share; to this machine's wall clock until the store was asked, or where the
/// store has no clock.
#[derive(Debug)]
pub struct ClusterClock {
    /// What is added to the time since start, in milliseconds.
    anchor: AtomicI64,
}

impl ClusterClock {
    /// A clock that shows what this machine's wall clock shows now.
    #[must_use]
    pub fn new() -> Self {
        Self { anchor: AtomicI64::new(SystemClock.now().as_millis().saturating_sub(since_start())) }
    }

    /// Shows `reference` now, and goes on from there.
    pub fn set(&self, reference: Timestamp) {
        self.anchor.store(reference.as_millis().saturating_sub(since_start()), Ordering::Relaxed);
    }
}

impl Default for ClusterClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ClusterClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.anchor.load(Ordering::Relaxed).saturating_add(since_start()))
    }

    fn follow(&self, reference: Timestamp) {
        let shown = self.now();
        let by = shown.since(reference).max(reference.since(shown));
        if by > WORTH_A_WORD {
            tracing::warn!(
                from = %shown, to = %reference, by_secs = by.as_secs(),
                "clock_corrected: this machine's clock and the one that all nodes go by differ"
            );
        }
        self.set(reference);
    }
}

fn since_start() -> i64 {
    let at = clock_gettime(ClockId::Boottime);
    at.tv_sec.saturating_mul(1000).saturating_add(at.tv_nsec / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tmo_07_it_shows_what_it_follows_and_goes_on_from_there() {
        let clock = ClusterClock::new();
        let reference = Timestamp::from_secs(1_800_000_000);
        clock.follow(reference);
        let shown = clock.now();
        assert!(shown >= reference && shown.since(reference) < Duration::from_secs(60));
    }
}
