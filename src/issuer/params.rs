//! Request parameters, from a query or a form (RFC 6749 sections 3.1 and 3.2).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use url::form_urlencoded;

/// The parameters of one request. One sent twice has no value; one sent empty counts as not sent.
///
/// It has no `Debug`: codes, tokens and secrets pass through here.
pub struct Params(BTreeMap<String, Option<String>>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text).into_owned() {
            match params.entry(name) {
                Entry::Vacant(slot) => drop(slot.insert(Some(value))),
                Entry::Occupied(mut slot) => drop(slot.insert(None)),
            }
        }
        Self(params)
    }

    /// The value of a parameter that was sent once and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref().filter(|value| !value.is_empty())
    }

    /// Whether any parameter was sent more than once, which RFC 6749 forbids.
    #[must_use]
    pub fn has_repeats(&self) -> bool {
        self.0.values().any(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_has_no_value() {
        let params = Params::parse(b"code=a&code=b&state=x%20y&nonce=");
        assert!(params.has_repeats());
        assert_eq!(params.get("code"), None);
        assert_eq!(params.get("state"), Some("x y"));
        assert_eq!(params.get("nonce"), None);
    }
}
