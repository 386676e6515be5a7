//! The only reader of the system's clocks. Everything else takes `now` as an argument or a [`Clock`].

mod cluster_clock;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use cluster_clock::ClusterClock;

/// A wall-clock instant: milliseconds since 1970-01-01T00:00:00Z, printed as RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The epoch; older than every real instant.
    pub const EPOCH: Self = Self(0);
    /// Later than every instant that a session can reach.
    pub const FAR_FUTURE: Self = Self(253_402_300_799_000);

    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch, the unit of JWT claims (RFC 7519 section 2, `NumericDate`).
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant plus `span`; stops at the ends of the range instead of wrapping.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant minus `span`; stops at the ends of the range instead of wrapping.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where an instant comes from: the system, or a test that moves time by hand.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Goes by `reference` from now on, if this clock follows another at all.
    fn follow(&self, _reference: Timestamp) {}
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// A clock that stands still until it is moved; for tests and for the test IdP.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    #[must_use]
    pub const fn starting_at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_millis()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// `90 s`, `5 min`, `1 h 30 min`: a span as people write it, to the second.
#[must_use]
pub fn human(span: Duration) -> String {
    let secs = span.as_secs();
    let parts = [(secs / 86_400, "d"), (secs / 3600 % 24, "h"), (secs / 60 % 60, "min"), (secs % 60, "s")];
    let text: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if text.is_empty() { format!("{} ms", span.as_millis()) } else { text.join(" ") }
}

/// Reads `1h30m`: whole numbers with `d`, `h`, `m` or `s`, the larger unit first, each once. `None` for anything else.
#[must_use]
pub fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut previous = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b'd' => 86_400,
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        if unit >= previous {
            return None;
        }
        previous = unit;
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (previous != u64::MAX).then_some(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tmo_08_arithmetic_stops_at_the_ends() {
        let last = Timestamp::from_millis(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert_eq!(Timestamp::EPOCH.since(last), Duration::ZERO);
        assert_eq!(Timestamp::from_secs(i64::MAX), Timestamp::from_millis(i64::MAX));
    }

    #[test]
    fn prints_as_rfc_3339() {
        assert_eq!(Timestamp::from_secs(1_790_000_000).to_string(), "2026-09-21T14:13:20Z");
    }

    #[test]
    fn tmo_10_an_instant_is_utc_and_an_hour_is_an_hour_when_clocks_are_put_forward() {
        let spring = Timestamp::from_secs(1_806_192_000); // in Europe, that night has no third hour
        assert_eq!(spring.to_string(), "2027-03-28T00:00:00Z");
        let hours: Vec<_> = (0..4).map(|n| spring.plus(Duration::from_secs(n * 3600)).to_string()).collect();
        let shown =
            ["2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z", "2027-03-28T03:00:00Z"];
        assert_eq!(hours, shown);
    }

    #[test]
    fn spans_read_like_sentences() {
        assert_eq!(human(Duration::from_secs(5400)), "1 h 30 min");
        assert_eq!(human(Duration::from_secs(86_400)), "1 d");
        assert_eq!(human(Duration::from_millis(250)), "250 ms");
    }

    #[test]
    fn spans_are_whole_numbers_with_units_from_large_to_small() {
        let secs = |text| parse_span(text).map(|span| span.as_secs());
        assert_eq!(secs("90s"), Some(90));
        assert_eq!(secs("1h30m"), Some(5400));
        assert_eq!(secs("30d"), Some(2_592_000));
        let strange = [
            "",
            "m",
            "30",
            "30 m",
            "-5m",
            "+5m",
            "1.5h",
            "30m1h",
            "1m1m",
            "1w",
            "5M",
            "99999999999999999999d",
            "5mä",
            "ä",
        ];
        for text in strange {
            assert_eq!(secs(text), None, "{text}");
        }
    }
}
