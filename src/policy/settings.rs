//! How long sessions of an environment live: the settings of session-policy rows C1 to C19.
//!
//! [`table`] names and bounds them, [`layer`] lays what was said at one place over what was said at another, [`strictness`]
//! compares, and [`live`] is what admins change while the gateway runs.

pub mod layer;
pub mod live;
pub mod strictness;
pub mod table;

use std::time::Duration;

use self::table::Values;
use super::exemption::Exempt;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

const fn hours(n: u64) -> Duration {
    minutes(n * 60)
}

/// The resolved settings of one environment, or of one live session.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// C14: what a change means for live sessions.
    pub apply: Apply,
    /// Does [`Settings::lifetime`] count although `custom_duration` is on? Only of a live session that was promised no more
    /// before `custom_duration` was applied to it (C14); nobody sets this.
    pub lifetime_still_counts: bool,
}

/// What a change of the settings means for live sessions (row C14). It never loosens one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Apply {
    /// Nothing: it counts from the next sign-in on.
    NextSignIn,
    /// What is stricter counts at once.
    Tighten,
}

impl Settings {
    /// A session that nobody uses is deleted after this long, and nothing of a session is kept longer.
    pub const FORGET_AFTER: Duration = hours(24 * 90);

    /// These settings for an exempt kind of client (row C15).
    #[must_use]
    pub const fn exempting(mut self, exempt: Exempt) -> Self {
        self.custom_inactivity &= !exempt.from_inactivity;
        self.custom_duration &= !exempt.from_max_length;
        self
    }

    /// The settings as numbers, in the table's order. Fractions of a second are left out.
    #[must_use]
    pub fn to_values(&self) -> Values {
        let secs = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        [
            self.custom_duration.into(),
            secs(self.max_length),
            secs(self.warn_before),
            self.custom_inactivity.into(),
            secs(self.inactivity_timeout),
            self.nonce_cookie.into(),
            secs(self.lifetime),
            secs(self.policy_check_interval),
            self.keep_me_signed_in.into(),
            secs(self.outage_grace),
            secs(self.dormant_after),
            (self.apply == Apply::Tighten).into(),
        ]
    }

    /// The settings that such numbers mean.
    #[must_use]
    pub fn from_values(values: &Values) -> Self {
        let [
            custom_duration,
            max_length,
            warn_before,
            custom_inactivity,
            inactivity_timeout,
            nonce_cookie,
            lifetime,
            policy_check_interval,
            keep_me_signed_in,
            outage_grace,
            dormant_after,
            apply,
        ] = *values;
        let span = |secs: u32| Duration::from_secs(secs.into());
        Self {
            custom_duration: custom_duration != 0,
            max_length: span(max_length),
            warn_before: span(warn_before),
            custom_inactivity: custom_inactivity != 0,
            inactivity_timeout: span(inactivity_timeout),
            nonce_cookie: nonce_cookie != 0,
            lifetime: span(lifetime),
            policy_check_interval: span(policy_check_interval),
            keep_me_signed_in: keep_me_signed_in != 0,
            outage_grace: span(outage_grace),
            dormant_after: span(dormant_after),
            apply: if apply == 0 { Apply::NextSignIn } else { Apply::Tighten },
            lifetime_still_counts: false,
        }
    }
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
            apply: Apply::NextSignIn,
            lifetime_still_counts: false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any settings, in range and to the minute.
    pub(crate) fn any_settings() -> impl Strategy<Value = Settings> {
        let flags = prop::array::uniform5(any::<bool>());
        (flags, 60u64..=1440, 1u64..=1439, 5u64..=1440, 1u64..=2160, 5u64..=1440, 0u64..=24, 1u64..=720)
            .prop_map(|(flags, max_length, warn, inactivity, lifetime, pci, grace, dormant)| Settings {
                custom_duration: flags[0],
                max_length: minutes(max_length),
                warn_before: minutes(warn),
                custom_inactivity: flags[1],
                inactivity_timeout: minutes(inactivity),
                nonce_cookie: flags[2],
                lifetime: hours(lifetime),
                policy_check_interval: minutes(pci),
                keep_me_signed_in: flags[3],
                outage_grace: hours(grace),
                dormant_after: hours(dormant),
                apply: if flags[4] { Apply::Tighten } else { Apply::NextSignIn },
                lifetime_still_counts: false,
            })
    }

    proptest! {
        #[test]
        fn settings_come_back_from_their_numbers(settings in any_settings()) {
            prop_assert_eq!(&Settings::from_values(&settings.to_values()), &settings);
        }
    }
}
