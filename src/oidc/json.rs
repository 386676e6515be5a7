//! JSON objects from elsewhere, read strictly: a member that stands there twice is an error at every depth, for two
//! readers could see two different documents (RFC 8725 section 2.4, TOK-09). Depth is bounded by `serde_json`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads an object; any other value is an error.
///
/// # Errors
///
/// Where the bytes are no JSON object, or one with a doubled member.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    match serde_json::from_slice(bytes)? {
        Strict(Value::Object(members)) => Ok(members),
        Strict(_) => Err(serde_json::Error::custom("not a JSON object")),
    }
}

/// A value in which no member is doubled.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is given twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_as_it_would_elsewhere() {
        let text = br#"{"a":[1,-2,3.5,null,true,"x",{"b":{}}],"c":18446744073709551615}"#;
        assert_eq!(Value::Object(object(text).unwrap()), serde_json::from_slice::<Value>(text).unwrap());
    }

    #[test]
    fn tok_09_a_doubled_member_is_an_error_at_every_depth() {
        for text in
            [r#"{"sub":"a","sub":"a"}"#, r#"{"a":[{"b":1,"b":2}]}"#, "{\"sub\":\"a\",\"\\u0073ub\":\"b\"}"]
        {
            assert!(object(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn tok_10_what_is_no_object_or_too_deep_is_an_error_and_no_crash() {
        let deep = "[".repeat(100_000);
        for text in ["[]", "\"a\"", "1", "null", "", "{", "{}{}", "{\"a\":1e999}", deep.as_str()] {
            assert!(object(text.as_bytes()).is_err(), "{}", &text[..text.len().min(20)]);
        }
        assert!(object(format!("{{\"a\":{deep}").as_bytes()).is_err());
    }
}
