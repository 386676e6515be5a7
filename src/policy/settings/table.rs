//! The table of all settings: what each is called, what it may be, and how a refusal is worded. The configuration, the
//! admin API and the CLI read it, so that a wrong value is told alike everywhere (row C12).

mod reading;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::reading::{Called, Refusal, contradiction, find, span_of};

/// How many settings there are.
pub const COUNT: usize = 12;

/// One number for each setting, in the order of [`TABLE`]: seconds; 1 or 0; which of its words.
pub type Values = [u32; COUNT];

/// A setting. Its number is its place in [`TABLE`] and in the records of live sessions: add at the end, move none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// [`super::Settings::custom_duration`].
    CustomDuration,
    /// [`super::Settings::max_length`].
    MaxLength,
    /// [`super::Settings::warn_before`].
    WarnBefore,
    /// [`super::Settings::custom_inactivity`].
    CustomInactivity,
    /// [`super::Settings::inactivity_timeout`].
    InactivityTimeout,
    /// [`super::Settings::nonce_cookie`].
    NonceCookie,
    /// [`super::Settings::lifetime`].
    Lifetime,
    /// [`super::Settings::policy_check_interval`].
    PolicyCheckInterval,
    /// [`super::Settings::keep_me_signed_in`].
    KeepMeSignedIn,
    /// [`super::Settings::outage_grace`].
    OutageGrace,
    /// [`super::Settings::dormant_after`].
    DormantAfter,
    /// [`super::Settings::apply`].
    Apply,
}

/// One line of the table.
#[derive(Debug)]
pub struct Setting {
    /// Which setting it is.
    pub key: Key,
    /// Its name.
    pub name: &'static str,
    /// What Dynamics 365 and AD FS call it, in any case.
    pub alias: Option<&'static str>,
    /// What it may be.
    pub kind: Kind,
}

/// What a setting may be.
#[derive(Debug)]
pub enum Kind {
    /// On or off.
    Flag,
    /// A span of time.
    Span {
        /// The unit of its bounds, and of its alias.
        unit: Unit,
        /// The bounds, in that unit.
        from: u32,
        /// The upper one is part of the range.
        to: u32,
        /// What more is asked of it.
        and: &'static str,
        /// A good value.
        example: &'static str,
    },
    /// One of some words.
    Word(&'static [&'static str]),
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 60 s.
    Minutes,
    /// 3600 s.
    Hours,
}

impl Unit {
    const fn secs(self) -> u32 {
        match self {
            Self::Minutes => 60,
            Self::Hours => 3600,
        }
    }

    const fn short(self) -> &'static str {
        match self {
            Self::Minutes => "min",
            Self::Hours => "h",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
        }
    }
}

/// The table, in the order of [`Key`].
pub static TABLE: [Setting; COUNT] = {
    use Unit::{Hours, Minutes};
    const fn flag(key: Key, name: &'static str, alias: Option<&'static str>) -> Setting {
        Setting { key, name, alias, kind: Kind::Flag }
    }
    const fn span(
        key: Key,
        name: &'static str,
        alias: Option<&'static str>,
        (from, to, unit): (u32, u32, Unit),
        and: &'static str,
        example: &'static str,
    ) -> Setting {
        Setting { key, name, alias, kind: Kind::Span { unit, from, to, and, example } }
    }
    [
        flag(Key::CustomDuration, "custom_duration", Some("AllowCustomSessionDuration")),
        span(Key::MaxLength, "max_length", Some("SessionTimeoutInMins"), (60, 1440, Minutes), "", "24h"),
        span(
            Key::WarnBefore,
            "warn_before",
            Some("SessionTimeoutReminderInMins"),
            (1, 1439, Minutes),
            "below max_length",
            "20m",
        ),
        flag(Key::CustomInactivity, "custom_inactivity", Some("AllowCustomInactivityDuration")),
        span(
            Key::InactivityTimeout,
            "inactivity_timeout",
            Some("InactivityTimeoutInMins"),
            (5, 1440, Minutes),
            "below max_length where custom_duration is on",
            "30m",
        ),
        flag(Key::NonceCookie, "nonce_cookie", Some("WSFedNonceCookieEnabled")),
        span(
            Key::Lifetime,
            "lifetime",
            Some("SessionSecurityTokenLifetimeInHours"),
            (1, 2160, Hours),
            "",
            "24h",
        ),
        span(Key::PolicyCheckInterval, "policy_check_interval", None, (5, 1440, Minutes), "", "60m"),
        flag(Key::KeepMeSignedIn, "keep_me_signed_in", None),
        span(Key::OutageGrace, "outage_grace", None, (0, 24, Hours), "", "8h"),
        span(Key::DormantAfter, "dormant_after", None, (1, 720, Hours), "", "24h"),
        Setting {
            key: Key::Apply,
            name: "apply",
            alias: None,
            kind: Kind::Word(&["next_sign_in", "tighten"]),
        },
    ]
};

/// Raising the inactivity timeout above this costs store memory and policy checks, and is asked about (row C12).
pub const LONG_INACTIVITY: Duration = Duration::from_secs(30 * 60);

/// What a test bed may do that others may not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// `policy_check_interval` may be as short as 2 s.
    pub short_policy_check: bool,
}

impl Key {
    /// The setting's line.
    #[must_use]
    pub fn setting(self) -> &'static Setting {
        &TABLE[self as usize]
    }
}
