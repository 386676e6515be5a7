//! The table of all settings: what each is called, what it may be, and how a refusal is worded. The configuration, the
//! admin API and the CLI read it, so that a wrong value is told alike everywhere (row C12).

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Settings;
use crate::session::names::nearest;
use crate::time::{human, parse_span};

/// How many settings there are.
pub const COUNT: usize = 12;

/// One number for each setting, in the order of [`TABLE`]: seconds; 1 or 0; which of its words.
pub type Values = [u32; COUNT];

/// A setting. Its number is its place in [`TABLE`] and in the records of live sessions: add at the end, move none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// [`Settings::custom_duration`].
    CustomDuration,
    /// [`Settings::max_length`].
    MaxLength,
    /// [`Settings::warn_before`].
    WarnBefore,
    /// [`Settings::custom_inactivity`].
    CustomInactivity,
    /// [`Settings::inactivity_timeout`].
    InactivityTimeout,
    /// [`Settings::nonce_cookie`].
    NonceCookie,
    /// [`Settings::lifetime`].
    Lifetime,
    /// [`Settings::policy_check_interval`].
    PolicyCheckInterval,
    /// [`Settings::keep_me_signed_in`].
    KeepMeSignedIn,
    /// [`Settings::outage_grace`].
    OutageGrace,
    /// [`Settings::dormant_after`].
    DormantAfter,
    /// [`Settings::apply`].
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

/// What speaks against a value, as the rest of a sentence that begins with the setting and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong: `is out of range: …`.
    pub what: String,
    /// What to do instead.
    pub fix: Option<String>,
}

impl Refusal {
    fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: Some(fix.into()) }
    }

    /// The sentence about `name = text`.
    #[must_use]
    pub fn about(&self, name: &str, text: &str) -> String {
        let fix = self.fix.as_ref().map(|fix| format!("; {fix}")).unwrap_or_default();
        format!("{name} = {text} {}{fix}", self.what)
    }
}

/// How a setting was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// By its own name: spans have units.
    Name,
    /// By its alias: a bare number counts in the alias's unit.
    Alias,
}

/// The setting of a name or an alias.
///
/// # Errors
///
/// There is none; the sentence offers the nearest.
pub fn find(text: &str) -> Result<(&'static Setting, Called), String> {
    for setting in &TABLE {
        if setting.name == text {
            return Ok((setting, Called::Name));
        }
        if setting.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(text)) {
            return Ok((setting, Called::Alias));
        }
    }
    let names = TABLE.iter().flat_map(|setting| std::iter::once(setting.name).chain(setting.alias));
    let hint = match nearest(text, names) {
        Some(guess) => format!("did you mean {guess}?"),
        None => format!("known: {}", TABLE.each_ref().map(|setting| setting.name).join(", ")),
    };
    let shown: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    Err(format!("there is no setting {shown:?}; {hint}"))
}

impl Key {
    /// The setting's line.
    #[must_use]
    pub fn setting(self) -> &'static Setting {
        &TABLE[self as usize]
    }
}

impl Setting {
    /// The default.
    #[must_use]
    pub fn default_value(&self) -> u32 {
        Settings::default().to_values()[self.key as usize]
    }

    /// What it may be, in words.
    #[must_use]
    pub fn range(&self, leave: Leave) -> String {
        match self.kind {
            Kind::Flag => "true or false".to_owned(),
            Kind::Word(words) => words.join(" or "),
            Kind::Span { unit, from, to, and, .. } => {
                let from = match self.shortest(leave) {
                    Some(shortest) => human(shortest),
                    None => format!("{from} {}", unit.short()),
                };
                let and = if and.is_empty() { String::new() } else { format!(", {and}") };
                format!("{from} to {to} {}{and}", unit.short())
            }
        }
    }

    /// What a test bed may go down to.
    fn shortest(&self, leave: Leave) -> Option<Duration> {
        (self.key == Key::PolicyCheckInterval && leave.short_policy_check).then_some(Duration::from_secs(2))
    }

    fn bounds(&self, leave: Leave) -> RangeInclusive<Duration> {
        let Kind::Span { unit, from, to, .. } = self.kind else { return Duration::ZERO..=Duration::ZERO };
        let span = |number: u32| Duration::from_secs(u64::from(number) * u64::from(unit.secs()));
        self.shortest(leave).unwrap_or_else(|| span(from))..=span(to)
    }

    /// The number of a span that is in range.
    ///
    /// # Errors
    ///
    /// [`Refusal`], with the range.
    pub fn span(&self, span: Duration, leave: Leave) -> Result<u32, Refusal> {
        self.within(span, leave).ok_or_else(|| {
            let Kind::Span { example, .. } = self.kind else {
                return Refusal { what: "is a span of time".to_owned(), fix: None };
            };
            let lower = if self.key == Key::PolicyCheckInterval && !leave.short_policy_check {
                "; a test bed may go lower with danger.short_policy_check = true"
            } else {
                ""
            };
            let what = format!("is out of range: it may be {}", self.range(leave));
            Refusal::new(what, format!("use a value such as {example}{lower}"))
        })
    }

    fn within(&self, span: Duration, leave: Leave) -> Option<u32> {
        u32::try_from(span.as_secs()).ok().filter(|_| self.bounds(leave).contains(&span))
    }

    /// The number of a word.
    ///
    /// # Errors
    ///
    /// [`Refusal`], with the words.
    pub fn word(&self, text: &str) -> Result<u32, Refusal> {
        let words = match self.kind {
            Kind::Flag => &["false", "true"][..],
            Kind::Word(words) => words,
            Kind::Span { .. } => &[],
        };
        let known = (0..).zip(words).find(|(_, word)| **word == text).map(|(number, _)| number);
        known.ok_or_else(|| {
            let what = match self.kind {
                Kind::Flag => "is neither true nor false".to_owned(),
                _ => format!("is not one of {}", words.join(", ")),
            };
            let guess = nearest(text, words.iter().copied());
            Refusal { what, fix: guess.map(|guess| format!("did you mean {guess}?")) }
        })
    }

    /// Reads a value as admins write it.
    ///
    /// # Errors
    ///
    /// [`Refusal`], with the range.
    pub fn parse(&self, text: &str, called: Called, leave: Leave) -> Result<u32, Refusal> {
        let Kind::Span { unit, from, to, and, .. } = self.kind else {
            // The model's tools write True and False.
            let lower = text.to_ascii_lowercase();
            return self.word(if called == Called::Alias { &lower } else { text });
        };
        if called == Called::Alias && is_number(text) {
            let span = text.parse().ok().and_then(|n: u64| n.checked_mul(unit.secs().into()));
            let number = span.and_then(|secs| self.within(Duration::from_secs(secs), leave));
            return number.ok_or_else(|| {
                let and = if and.is_empty() { String::new() } else { format!(", {and}") };
                let what = format!("is out of range: it may be {from} to {to}, in {}{and}", unit.name());
                Refusal { what, fix: None }
            });
        }
        self.span(span_of(text)?, leave)
    }

    /// A value as admins read and write it.
    #[must_use]
    pub fn text(&self, value: u32) -> String {
        match self.kind {
            Kind::Flag => (value != 0).to_string(),
            Kind::Word(words) => words.get(value as usize).copied().unwrap_or("?").to_owned(),
            Kind::Span { .. } => span_text(value),
        }
    }

    /// A value as the alias has it: a number in its unit, with a fraction where it must be; `None` without an alias.
    #[must_use]
    pub fn alias_text(&self, value: u32) -> Option<String> {
        self.alias.map(|_| match self.kind {
            Kind::Span { unit, .. } => (f64::from(value) / f64::from(unit.secs())).to_string(),
            Kind::Flag | Kind::Word(_) => self.text(value),
        })
    }
}

/// Reads a span as people write it: whole numbers with units.
///
/// # Errors
///
/// [`Refusal`].
pub fn span_of(text: &str) -> Result<Duration, Refusal> {
    if is_number(text) {
        return Err(Refusal::new("has no unit", format!("did you mean `{text}m` or `{text}s`?")));
    }
    parse_span(text).ok_or_else(|| Refusal {
        what: "is not a duration: expected whole numbers with d, h, m or s such as \"30m\" or \"1h30m\""
            .to_owned(),
        fix: None,
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `24h`, `1h30m`: days are not used, for limits are known in hours.
fn span_text(secs: u32) -> String {
    let parts = [(secs / 3600, 'h'), (secs / 60 % 60, 'm'), (secs % 60, 's')];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Two settings that make no sense together, as what speaks against the first.
#[must_use]
pub fn contradiction(settings: &Settings) -> Option<(Key, Refusal)> {
    let (Settings { max_length, .. }, text) = (settings, Key::MaxLength.setting());
    let longest = text.text(settings.to_values()[Key::MaxLength as usize]);
    let against = |key: Key, where_it_counts: &str| {
        let what = format!("must be below max_length, which is {longest}{where_it_counts}");
        Some((key, Refusal::new(what, "shorten the one or lengthen the other")))
    };
    if settings.warn_before >= *max_length {
        return against(Key::WarnBefore, "");
    }
    if settings.custom_duration && settings.inactivity_timeout >= *max_length {
        return against(Key::InactivityTimeout, " and counts while custom_duration is on");
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NO: Leave = Leave { short_policy_check: false };

    fn set(name: &str, text: &str) -> Result<u32, String> {
        let (setting, called) = find(name)?;
        setting.parse(text, called, NO).map_err(|refusal| refusal.about(name, text))
    }

    #[test]
    fn every_key_is_its_place_in_the_table_and_every_default_is_in_range() {
        for (place, setting) in TABLE.iter().enumerate() {
            assert_eq!(setting.key as usize, place);
            let text = setting.text(setting.default_value());
            assert_eq!(set(setting.name, &text), Ok(setting.default_value()), "{}", setting.name);
        }
    }

    #[test]
    fn c1_to_c19_the_ranges_are_the_tables() {
        let rows = [
            ("max_length", "60m", "24h", "59m", "24h1s"),
            ("warn_before", "1m", "23h59m", "59s", "24h"),
            ("inactivity_timeout", "5m", "24h", "4m59s", "24h1m"),
            ("lifetime", "1h", "2160h", "59m", "91d"),
            ("policy_check_interval", "5m", "24h", "4m", "25h"),
            ("outage_grace", "0s", "24h", "24h1s", "25h"),
            ("dormant_after", "1h", "30d", "59m", "31d"),
        ];
        for (name, shortest, longest, short, long) in rows {
            for good in [shortest, longest] {
                assert!(set(name, good).is_ok(), "{name} = {good}");
            }
            for bad in [short, long] {
                let told = set(name, bad).unwrap_err();
                assert!(told.contains("is out of range: it may be "), "{told}");
            }
        }
        let test_bed = Leave { short_policy_check: true };
        let interval = Key::PolicyCheckInterval.setting();
        assert_eq!(interval.parse("2s", Called::Name, test_bed), Ok(2));
        assert!(interval.parse("1s", Called::Name, test_bed).is_err());
    }

    #[test]
    fn c12_a_refusal_names_the_range_and_a_misspelling_finds_its_word() {
        assert_eq!(
            set("max_length", "30m").unwrap_err(),
            "max_length = 30m is out of range: it may be 60 min to 1440 min; use a value such as 24h"
        );
        assert_eq!(
            set("sessiontimeoutinmins", "30").unwrap_err(),
            "sessiontimeoutinmins = 30 is out of range: it may be 60 to 1440, in minutes"
        );
        assert_eq!(
            set("max_length", "90").unwrap_err(),
            "max_length = 90 has no unit; did you mean `90m` or `90s`?"
        );
        assert_eq!(
            set("custom_duration", "yes").unwrap_err(),
            "custom_duration = yes is neither true nor false"
        );
        assert_eq!(
            set("apply", "tigthen").unwrap_err(),
            "apply = tigthen is not one of next_sign_in, tighten; did you mean tighten?"
        );
        assert_eq!(
            find("max_lenght").unwrap_err(),
            "there is no setting \"max_lenght\"; did you mean max_length?"
        );
        assert_eq!(
            find("SessionTimeoutInMin").unwrap_err(),
            "there is no setting \"SessionTimeoutInMin\"; did you mean SessionTimeoutInMins?"
        );
        assert!(find("banana").unwrap_err().contains("known: custom_duration, max_length"));
    }

    #[test]
    fn the_models_names_count_in_the_models_units_in_any_case() {
        assert_eq!(set("SessionTimeoutInMins", "90"), Ok(5400));
        assert_eq!(set("SESSIONTIMEOUTINMINS", "90m"), Ok(5400));
        assert_eq!(set("SessionTimeoutReminderInMins", "5"), Ok(300));
        assert_eq!(set("InactivityTimeoutInMins", "15"), Ok(900));
        assert_eq!(set("SessionSecurityTokenLifetimeInHours", "48"), Ok(172_800));
        assert_eq!(set("AllowCustomSessionDuration", "True"), Ok(1));
        assert_eq!(set("AllowCustomInactivityDuration", "true"), Ok(1));
        assert_eq!(set("WSFedNonceCookieEnabled", "False"), Ok(0));
        assert!(set("nonce_cookie", "False").is_err());
        assert_eq!(Key::Lifetime.setting().alias_text(172_800).as_deref(), Some("48"));
        assert_eq!(Key::Lifetime.setting().alias_text(5400).as_deref(), Some("1.5"));
        assert_eq!(Key::NonceCookie.setting().alias_text(1).as_deref(), Some("true"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_taken_is_in_range(name in ".{0,40}", text in "[0-9a-zA-Z]{0,24}|.{0,24}") {
            let _ = find(&name);
            for setting in &TABLE {
                for called in [Called::Name, Called::Alias] {
                    if let (Ok(value), Kind::Span { .. }) = (setting.parse(&text, called, NO), &setting.kind) {
                        prop_assert!(setting.bounds(NO).contains(&Duration::from_secs(value.into())));
                        prop_assert_eq!(setting.parse(&setting.text(value), Called::Name, NO), Ok(value));
                    }
                }
            }
        }
    }
}
