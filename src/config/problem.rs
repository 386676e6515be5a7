//! What is wrong with the configuration, said so that the reader can mend it: where, what, and the fix.

use std::fmt;
use std::rc::Rc;

use super::source::{Source, Span};
pub(super) use crate::session::names::nearest;

/// Every problem of a configuration, in the order of the file, then of the environment. Never empty.
///
/// Printed as one block per problem: place and complaint, the line of the file with a caret, the fix. Holds no secret.
#[derive(thiserror::Error)]
#[error("{}", .0.iter().map(|problem| problem.text.as_str()).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems in reading order.
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.order);
        Self(problems)
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a value or a table comes from.
#[derive(Clone)]
pub(super) enum Place {
    /// A stretch of the file.
    Text(Rc<Source>, Span),
    /// An environment variable, by name.
    Variable(Rc<str>),
    /// The configuration as a whole.
    Whole(Rc<Source>),
}

impl Place {
    /// Was it set in the environment?
    pub(super) const fn is_variable(&self) -> bool {
        matches!(self, Self::Variable(_))
    }

    const fn order(&self) -> (u8, usize) {
        match self {
            Self::Text(_, span) => (0, span.start),
            Self::Variable(_) => (1, 0),
            Self::Whole(_) => (2, 0),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(source, span) => {
                let (line, column) = source.position(span.start);
                write!(f, "{}:{line}:{column}", source.name)
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Whole(source) => f.write_str(&source.name),
        }
    }
}

/// Where a value stands, under which key, and how it may be shown.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) place: Place,
    /// Dotted, such as `environment.prod.hosts`.
    pub(super) key: String,
    /// The value as written; `None` for secrets, lists and tables.
    pub(super) shown: Option<String>,
}

/// What a parser has against a value, as the rest of a sentence that starts with the value.
pub(super) struct Refusal {
    what: String,
    fix: Option<String>,
}

impl Refusal {
    /// Such as `is not an address`.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), fix: None }
    }

    /// With what to do instead.
    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// With nothing to do about it.
    pub(super) fn without_fix(self) -> Self {
        Self { fix: None, ..self }
    }

    /// With the guess, if there is one, that another word was meant.
    pub(super) fn did_you_mean(self, word: Option<&str>) -> Self {
        match word {
            Some(word) => self.fix(format!("did you mean \"{word}\"?")),
            None => self,
        }
    }
}

/// One problem, ready to print.
pub(super) struct Problem {
    order: (u8, usize),
    text: String,
}

impl Problem {
    /// A sentence about a place, with the line where `excerpt` allows it.
    pub(super) fn about(place: &Place, sentence: &str, excerpt: bool, fix: Option<&str>) -> Self {
        let mut text = format!("{place}: {}", printable(sentence));
        if let Place::Text(source, span) = place
            && excerpt
            && let Some(lines) = source.excerpt(span)
        {
            text = format!("{text}\n{lines}");
        }
        if let Some(fix) = fix {
            text = format!("{text}\n   {}", printable(fix));
        }
        Self { order: place.order(), text }
    }

    /// A value that was refused.
    pub(super) fn with(mark: &Mark, refusal: &Refusal) -> Self {
        let Mark { place, key, shown } = mark;
        let what = &refusal.what;
        let sentence = match (shown, place.is_variable()) {
            (Some(shown), false) => format!("{key} = {shown} {what}"),
            (Some(shown), true) => format!("{shown} {what}"),
            (None, false) => format!("{key} {what}"),
            (None, true) => format!("its value {what}"),
        };
        Self::about(place, &sentence, true, refusal.fix.as_deref())
    }
}

/// The text without what would end a line or steer a terminal: keys can hold anything.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
