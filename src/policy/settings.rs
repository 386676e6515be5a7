//! How long sessions of an environment live: the settings of session-policy rows C1 to C19 that are enforced so far,
//! with their defaults and ranges.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

const fn hours(n: u64) -> Duration {
    minutes(n * 60)
}

/// The resolved settings of one environment. Spans are kept in milliseconds by serde's `Duration` form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// C1: does [`Settings::max_length`] override the IdP's lifetime, in both directions?
    pub custom_duration: bool,
    /// C2: the longest session where `custom_duration` is on, counted from the sign-in.
    pub max_length: Duration,
    /// C6: is a session good only together with the nonce cookie of the browser that signed in?
    pub nonce_cookie: bool,
    /// C7: the longest session where the IdP's policy cannot be checked in the background.
    pub lifetime: Duration,
    /// C8: how long a proof counts (PCI).
    pub policy_check_interval: Duration,
    /// C18: how long past the newest proof's beginning people who are kept signed in are served while the IdP is away.
    pub outage_grace: Duration,
    /// C19: unused for this long, a session is no longer refreshed in the background.
    pub dormant_after: Duration,
}

impl Settings {
    /// What `max_length` may be.
    pub const MAX_LENGTH: RangeInclusive<Duration> = minutes(60)..=minutes(1440);
    /// What `lifetime` may be.
    pub const LIFETIME: RangeInclusive<Duration> = hours(1)..=hours(2160);
    /// What `policy_check_interval` may be; shorter only with `danger.short_policy_check`.
    pub const POLICY_CHECK_INTERVAL: RangeInclusive<Duration> = minutes(5)..=minutes(1440);
    /// The shortest `policy_check_interval` that `danger.short_policy_check` allows.
    pub const SHORT_POLICY_CHECK_INTERVAL: Duration = Duration::from_secs(2);
    /// What `outage_grace` may be.
    pub const OUTAGE_GRACE: RangeInclusive<Duration> = Duration::ZERO..=hours(24);
    /// What `dormant_after` may be.
    pub const DORMANT_AFTER: RangeInclusive<Duration> = hours(1)..=hours(24 * 30);
    /// A session that nobody uses is deleted after this long, and nothing of a session is kept longer.
    pub const FORGET_AFTER: Duration = hours(24 * 90);
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            custom_duration: false,
            max_length: minutes(1440),
            nonce_cookie: true,
            lifetime: hours(24),
            policy_check_interval: minutes(60),
            outage_grace: hours(8),
            dormant_after: hours(24),
        }
    }
}
