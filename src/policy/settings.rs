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
    /// C3: how long before the end people are warned; half the span where that is shorter.
    pub warn_before: Duration,
    /// C4: does a session end when nobody uses it for [`Settings::inactivity_timeout`]?
    pub custom_inactivity: bool,
    /// C5: how long nobody may use a session where `custom_inactivity` is on.
    pub inactivity_timeout: Duration,
    /// C6: is a session good only together with the nonce cookie of the browser that signed in?
    pub nonce_cookie: bool,
    /// C7: the longest session where the IdP's policy cannot be checked in the background.
    pub lifetime: Duration,
    /// C8: how long a proof counts (PCI).
    pub policy_check_interval: Duration,
    /// C17: may people choose to be kept signed in?
    pub keep_me_signed_in: bool,
    /// C18: how long past the newest proof's beginning people who are kept signed in are served while the IdP is away.
    pub outage_grace: Duration,
    /// C19: unused for this long, a session is no longer refreshed in the background.
    pub dormant_after: Duration,
}

impl Settings {
    /// What `max_length` may be.
    pub const MAX_LENGTH: RangeInclusive<Duration> = minutes(60)..=minutes(1440);
    /// What `warn_before` may be; below `max_length`, too.
    pub const WARN_BEFORE: RangeInclusive<Duration> = minutes(1)..=minutes(1439);
    /// What `inactivity_timeout` may be; below the session's length, too.
    pub const INACTIVITY_TIMEOUT: RangeInclusive<Duration> = minutes(5)..=minutes(1440);
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
            warn_before: minutes(20),
            custom_inactivity: false,
            inactivity_timeout: minutes(30),
            nonce_cookie: true,
            lifetime: hours(24),
            policy_check_interval: minutes(60),
            keep_me_signed_in: true,
            outage_grace: hours(8),
            dormant_after: hours(24),
        }
    }
}
