//! The userinfo response (Core section 5.3).

use serde_json::{Map, Value};

/// Why a userinfo response is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserinfoError {
    /// Not a JSON object with a `sub` (Core section 5.3.2): it says nothing about anybody. Signed responses are not
    /// supported.
    #[error(
        "the userinfo response is not a JSON object with a sub; signed userinfo responses are not supported"
    )]
    Malformed,
    /// Core section 5.3.2: `sub` must equal the ID token's.
    #[error("the userinfo response is about somebody else")]
    OtherSubject,
}

/// Reads a userinfo response about `subject`.
///
/// # Errors
///
/// Where it is not JSON, or about somebody else.
pub fn parse(body: &[u8], subject: &str) -> Result<Map<String, Value>, UserinfoError> {
    let claims: Map<String, Value> = serde_json::from_slice(body).map_err(|_| UserinfoError::Malformed)?;
    match claims.get("sub") {
        Some(Value::String(found)) if found == subject => Ok(claims),
        Some(Value::String(_)) => Err(UserinfoError::OtherSubject),
        _ => Err(UserinfoError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_about_somebody_else_is_refused() {
        assert!(parse(br#"{"sub":"alice","email":"a@b"}"#, "alice").is_ok());
        assert_eq!(parse(br#"{"sub":"bob"}"#, "alice"), Err(UserinfoError::OtherSubject));
    }

    #[test]
    fn o1_userinfo_about_nobody_is_no_answer_and_not_a_no() {
        for body in [&br#"{}"#[..], br#"{"sub":["alice"]}"#, br#"{"error":"later"}"#, b"eyJ.eyJ.x"] {
            assert_eq!(parse(body, "alice"), Err(UserinfoError::Malformed));
        }
    }
}
