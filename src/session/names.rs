//! Names that an operator chose in the configuration: of environments and identity providers.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The text is not a name: one to 32 of `a-z`, `0-9` and `-`, a letter or digit first.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a name has 1 to 32 of a-z, 0-9 and -, a letter or digit first")]
pub struct NotAName;

fn parse(text: &str) -> Result<Arc<str>, NotAName> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.is_empty() || text.len() > 32 || text.starts_with('-') || !text.bytes().all(allowed) {
        return Err(NotAName);
    }
    Ok(text.into())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAName;
            fn from_str(text: &str) -> Result<Self, NotAName> {
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAName;
            fn try_from(text: String) -> Result<Self, NotAName> {
                parse(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The id of an environment: a unit of policy with hosts of its own.
    EnvironmentId
}
name! {
    /// The id of an upstream identity provider, as it stands in `/callback/{idp}`.
    ProviderId
}

/// The candidate that `word` is most likely a misspelling of.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_a_path() {
        assert!("entra-2".parse::<ProviderId>().is_ok());
        for bad in ["", "-a", "A", "a/b", "a.b", "a b", "ä", &"a".repeat(33)] {
            assert_eq!(bad.parse::<ProviderId>(), Err(NotAName), "{bad}");
        }
    }

    #[test]
    fn a_misspelling_finds_its_word_and_a_stranger_finds_none() {
        let words = ["policy_check_interval", "lifetime", "ES256", "url"];
        assert_eq!(nearest("polcy_check_interval", words), Some("policy_check_interval"));
        assert_eq!(nearest("lifetiem", words), Some("lifetime"));
        assert_eq!(nearest("es256", words), Some("ES256"));
        assert_eq!(nearest("uri", words), Some("url"));
        assert_eq!(nearest("banana", words), None);
    }
}
