//! The pace of a bucket that all nodes share: the generic cell rate algorithm. A bucket is one instant, until which its
//! turns are taken; `redis/lua/take_turns.lua` does the same arithmetic.

use super::Pace;
use crate::time::Timestamp;

/// A bucket that is taken for longer than this, in microseconds, was taken by another clock: no burst lasts more than a second.
/// One that went back by less is waited for, which no session notices. As in `take_turns.lua`.
const BEHIND: u64 = 300_000_000;

impl Pace {
    /// How long one turn takes, in microseconds.
    pub(super) fn micros(self) -> u64 {
        1_000_000 / u64::from(self.per_second.max(1))
    }

    /// How many of the `wanted` turns there are at `now`, and until when, in microseconds, turns are taken then.
    pub(super) fn take(self, taken_until: u64, wanted: u32, now: Timestamp) -> (u32, u64) {
        let now = u64::try_from(now.as_millis()).unwrap_or(0).saturating_mul(1000);
        // A store's clock can go back, when a replica takes over: what was taken by the other clock is over.
        let taken_until = if taken_until > now + BEHIND { now } else { taken_until.max(now) };
        let last = now.saturating_add(self.micros() * u64::from(self.burst.max(1)));
        let free = last.saturating_sub(taken_until) / self.micros();
        let got = wanted.min(u32::try_from(free).unwrap_or(u32::MAX));
        (got, taken_until + self.micros() * u64::from(got))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
    const PACE: Pace = Pace { per_second: 100, burst: 10 };

    #[test]
    fn a_rested_bucket_gives_its_burst_and_then_one_turn_per_ten_milliseconds() {
        let (got, until) = PACE.take(0, 64, NOW);
        assert_eq!(got, 10);
        assert_eq!(PACE.take(until, 64, NOW).0, 0);
        assert_eq!(PACE.take(until, 64, NOW.plus(std::time::Duration::from_millis(35))).0, 3);
    }

    #[test]
    fn tmo_07_turns_are_given_again_though_the_clock_went_back_an_hour() {
        let (_, until) = PACE.take(0, 64, NOW);
        let earlier = NOW.minus(std::time::Duration::from_secs(3600));
        assert_eq!(PACE.take(until, 64, earlier).0, 10);
    }

    #[test]
    fn whoever_may_take_a_larger_burst_gets_turns_when_the_others_have_none() {
        let (_, until) = PACE.take(0, 64, NOW);
        assert_eq!(Pace { burst: 15, ..PACE }.take(until, 64, NOW).0, 5);
    }
}
