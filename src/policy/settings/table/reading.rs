//! How values are read, shown and refused.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Key, Kind, Leave, Setting, TABLE};
use crate::policy::settings::Settings;
use crate::session::names::nearest;
use crate::time::{human, parse_span};

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

    pub(super) fn bounds(&self, leave: Leave) -> RangeInclusive<Duration> {
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
