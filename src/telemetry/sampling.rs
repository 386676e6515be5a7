//! Lines that strangers can cause as often as they like are sampled; counters are exact (DOS-09).

use std::num::NonZeroU32;
use std::sync::LazyLock;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::ReasonLabels;

/// Lines a second for each reason.
const A_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Lines at once for each reason.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// There is one log, so there is one of these.
static SAMPLER: LazyLock<Sampler<MonotonicClock>> = LazyLock::new(|| Sampler::new(MonotonicClock));

/// May a line for this reason be written? `None` says no and counts it; else so many were not written since the last.
#[must_use]
pub fn admit(reason: &'static str) -> Option<u64> {
    SAMPLER.admit(reason)
}

/// Lines that were not written, by reason.
#[must_use]
pub fn suppressed() -> Family<ReasonLabels, Counter> {
    SAMPLER.suppressed.clone()
}

/// The reasons are words of this program: there are as many budgets as these.
struct Sampler<C: Clock> {
    budgets:
        RateLimiter<&'static str, HashMapStateStore<&'static str>, C, NoOpMiddleware<<C as Clock>::Instant>>,
    suppressed: Family<ReasonLabels, Counter>,
    told: Family<ReasonLabels, Counter>,
}

impl<C: Clock + Clone> Sampler<C> {
    fn new(clock: C) -> Self {
        let quota = Quota::per_second(A_SECOND).allow_burst(AT_ONCE);
        let budgets = RateLimiter::new(quota, HashMapStateStore::default(), clock);
        Self { budgets, suppressed: Family::default(), told: Family::default() }
    }

    fn admit(&self, reason: &'static str) -> Option<u64> {
        let suppressed = self.suppressed.get_or_create_owned(&ReasonLabels { reason });
        if self.budgets.check_key(&reason).is_err() {
            suppressed.inc();
            return None;
        }
        let told = self.told.get_or_create_owned(&ReasonLabels { reason });
        let news = suppressed.get().saturating_sub(told.get());
        told.inc_by(news);
        Some(news)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn dos_09_a_flood_of_one_reason_is_sampled_counted_and_hides_no_other() {
        let clock = FakeRelativeClock::default();
        let sampler = Sampler::new(clock.clone());
        let written = (0..1_000_000).filter(|_| sampler.admit("foreign_state").is_some()).count();
        assert_eq!(written, 50);
        assert_eq!(sampler.admit("unknown_host"), Some(0));
        clock.advance(Duration::from_secs(1));
        assert_eq!(sampler.admit("foreign_state"), Some(999_950));
        assert_eq!(sampler.admit("foreign_state"), Some(0));
        let label = ReasonLabels { reason: "foreign_state" };
        assert_eq!(sampler.suppressed.get_or_create(&label).get(), 999_950);
    }
}
