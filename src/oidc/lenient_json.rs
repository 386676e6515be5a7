//! Single members of a JSON object, read for what they say themselves: what stands beside them may be as odd as it likes, a
//! number that no computer holds, half a character, a hundred brackets.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Is the text one JSON object?
pub(super) fn is_object(json: &str) -> bool {
    json.trim_ascii_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(json).is_ok()
}

/// The value of a member of an object, the last one of several; `None` where there is none.
///
/// # Errors
///
/// There is no such object, or the value is none that can be held.
pub(super) fn member(json: &str, name: &str) -> Result<Option<Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = reader.deserialize_map(Member(name))?;
    reader.end()?;
    Ok(value)
}

struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<Value>, A::Error> {
        let mut found = None;
        while let Some(is_it) = members.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Is a name this one? Compared as bytes, for not every name is text.
struct Is<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<bool, E> {
        Ok(name == self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_whatever_stands_beside_it() {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        for beside in ["1e999", r#""\ud800""#, "null", &deep] {
            for text in [
                format!(r#"{{"x":{beside},"a":"b"}}"#),
                format!(r#"{{"a":"b","x":{beside}}}"#),
                format!(r#" {{ "\ud800" : {beside} , "\u0061" : "b" }} "#),
            ] {
                assert!(is_object(&text), "{text}");
                assert_eq!(member(&text, "a").unwrap(), Some("b".into()), "{text}");
            }
            let own = format!(r#"{{"a":{beside}}}"#);
            assert_eq!(member(&own, "a").is_ok(), beside == "null", "{own}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "[]", r#"["a"]"#, "{", r#"{"a":"b"} x"#, r#"{"a":"b",}"#, "null"] {
            assert!(!is_object(text) && member(text, "a").is_err(), "{text}");
        }
        assert_eq!(member("{}", "a").unwrap(), None);
    }
}
