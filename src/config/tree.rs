//! Values that know where they come from: the file with the environment laid over it, before anyone asks what it means.

use std::collections::BTreeMap;

use super::problem::Place;
use crate::time::parse_span;

/// The keys of a table: where each was named, and its value.
pub(super) type Entries = BTreeMap<String, (Place, Node)>;

/// A value and where it stands.
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What TOML can say, and the untyped text of the environment.
pub(super) enum Value {
    /// From an environment variable or a `_FILE`: whoever reads it decides what it is.
    Text(String),
    String(String),
    /// As written, in any of TOML's bases.
    Integer(String),
    Boolean(bool),
    /// What no setting takes: its kind, and how it is written.
    Other(&'static str, String),
    List(Vec<Node>),
    Table(Entries),
}

impl Value {
    /// For messages: `a string`.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "one value",
            Self::String(_) => "a string",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Other(kind, _) => kind,
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Can no secret be meant? True of a number, a flag, a span of time.
    pub(super) fn is_plainly_harmless(&self) -> bool {
        match self {
            Self::Integer(_) | Self::Boolean(_) => true,
            Self::String(text) => parse_span(text).is_some(),
            _ => false,
        }
    }

    /// For messages: the value as it was written, if it is short enough to be.
    pub(super) fn shown(&self) -> Option<String> {
        const LONGEST: usize = 120;
        let shown = match self {
            Self::Text(text) | Self::String(text) => format!("{text:?}"),
            Self::Integer(text) | Self::Other(_, text) => text.clone(),
            Self::Boolean(flag) => flag.to_string(),
            Self::List(_) | Self::Table(_) => return None,
        };
        match shown.char_indices().nth(LONGEST) {
            Some((end, _)) => Some(format!("{}…", &shown[..end])),
            None => Some(shown),
        }
    }
}
