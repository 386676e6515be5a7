//! How much strangers may send, and how long they may take. The table in the manual (`behaviour.md`) names them all.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The limits of the listeners that an operator can set: `[limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections of a listener. More wait in the system's queue.
    pub connections: u32,
    /// A request, head and body, has arrived this long after its first byte; the first one after the connection was made.
    pub request_within: Duration,
    /// Answers have been taken this long after they could not be sent for the first time.
    pub answer_within: Duration,
    /// A connection without a request is closed after this.
    pub idle: Duration,
    /// Sign-in starts and callbacks a second, of one address. Ten times as many may come at once.
    pub sign_in_rate_per_address: u32,
    /// Sign-in starts and callbacks a second, of all addresses. Ten times as many may come at once.
    pub sign_in_rate: u32,
}

impl Limits {
    /// Of [`Limits::connections`].
    pub const CONNECTIONS: RangeInclusive<u32> = 100..=1_000_000;
    /// Of [`Limits::request_within`] and [`Limits::answer_within`].
    pub const WITHIN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
    /// Of [`Limits::idle`].
    pub const IDLE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
    /// Of [`Limits::sign_in_rate_per_address`].
    pub const RATE_PER_ADDRESS: RangeInclusive<u32> = 1..=10_000;
    /// Of [`Limits::sign_in_rate`].
    pub const RATE: RangeInclusive<u32> = 10..=100_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            request_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            sign_in_rate_per_address: 20,
            sign_in_rate: 1000,
        }
    }
}

/// The longest path with its query: the longest return address, twice encoded, fits several times.
pub const LONGEST_TARGET: usize = 8 * 1024;
/// Names and values of all headers together; nginx lets as much through. Cookies are headers, too.
pub const LARGEST_HEAD: usize = 32 * 1024;
/// No handler reads a body; the form of the sign-out has an empty one.
pub const LARGEST_BODY: u64 = 64 * 1024;
/// Where WS-Federation's tokens are posted: somebody in 200 groups brings 22 KB, in this form.
pub const LARGEST_TOKEN_FORM: u64 = 256 * 1024;
/// So many of them at once: 64 MiB.
pub const MOST_TOKEN_FORMS: usize = 256;
