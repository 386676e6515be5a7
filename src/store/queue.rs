//! The score of a session in the due queue: one number that says when, whether somebody holds it, and in which turn.
//!
//! `score = milliseconds * 1024 + turn * 2 + held`. A session that waits is due at that instant (`held` 0); a session
//! that is held comes back to the queue at that instant, when the lease ends (`held` 1), and its score is the claim's
//! [`Fence`]. So one range query finds both what is due and what a dead node left behind, the longest due first.
//!
//! The turn, 0 to 511, goes one up with every claim and renewal of that session and stays through completions. Two
//! claims of one session could only carry the same fence if they ended in the same millisecond with a multiple of 512
//! claims between them: more than a store can hand out within one millisecond, so with leases of one length never.
//!
//! A score stays below 2^53, so that Redis and its Lua, which count in doubles, keep it exactly; `redis/lua/score.lua`
//! does the same arithmetic.

use crate::store::Fence;
use crate::time::Timestamp;

const UNIT: u64 = 1024;
const TURNS: u64 = 512;
/// 2248-08-29; later instants wait until then.
const LAST_MILLI: u64 = (1 << 53) / UNIT - 1;

/// Where a session stands in the due queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score(u64);

impl Score {
    /// A session that nobody has claimed yet, due at `at`.
    pub(super) fn due(at: Timestamp) -> Self {
        Self(millis(at) * UNIT)
    }

    /// The highest score that can be claimed at `now`.
    pub(super) fn ready(now: Timestamp) -> Self {
        Self(millis(now) * UNIT + UNIT - 1)
    }

    /// As it was stored.
    pub(super) const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// As it is stored.
    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// The proof of a claim with this score.
    pub(super) const fn fence(self) -> Fence {
        Fence(self.0)
    }

    /// When the session is due, or its lease ends.
    pub(super) fn instant(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0 / UNIT).unwrap_or(i64::MAX))
    }

    /// Does somebody hold it at `now`?
    pub(super) fn is_held(self, now: Timestamp) -> bool {
        self.0 % 2 == 1 && self > Self::ready(now)
    }

    /// The next turn: held until `ends`.
    pub(super) fn held_until(self, ends: Timestamp) -> Self {
        let turn = (self.0 / 2 % TURNS + 1) % TURNS;
        Self(millis(ends) * UNIT + turn * 2 + 1)
    }

    /// Given back, due at `at`; the turn stays.
    pub(super) fn given_back(self, at: Timestamp) -> Self {
        Self(millis(at) * UNIT + self.0 / 2 % TURNS * 2)
    }
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0).min(LAST_MILLI)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const T: Timestamp = Timestamp::from_millis(1_790_000_000_123);
    const NEXT: Timestamp = Timestamp::from_millis(1_790_000_000_124);

    #[test]
    fn what_is_due_is_ready_from_its_millisecond_on() {
        assert!(Score::due(T) <= Score::ready(T));
        assert!(Score::due(NEXT) > Score::ready(T));
        assert_eq!(Score::due(T).instant(), T);
    }

    #[test]
    fn a_lease_holds_until_its_last_millisecond() {
        let held = Score::due(T).held_until(NEXT);
        assert!(held.is_held(T));
        assert!(!held.is_held(NEXT));
        assert!(!Score::due(NEXT).is_held(T), "a session that waits is held by nobody");
    }

    #[test]
    fn claims_within_one_millisecond_carry_different_fences() {
        let mut score = Score::due(T);
        let mut fences = HashSet::new();
        for _ in 0..TURNS {
            score = score.held_until(NEXT);
            assert!(fences.insert(score.fence().0));
            score = score.given_back(T);
        }
    }

    #[test]
    fn every_score_is_exact_as_a_double() {
        let last = Score::due(Timestamp::FAR_FUTURE).held_until(Timestamp::from_millis(i64::MAX));
        assert!(last.number() < 1 << 53);
        assert_eq!(Score::due(Timestamp::from_millis(-5)), Score::due(Timestamp::EPOCH));
    }
}
