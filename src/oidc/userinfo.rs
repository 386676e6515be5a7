//! The userinfo response (Core section 5.3).

use serde_json::{Map, Value};

/// Why a userinfo response is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserinfoError {
    /// Not a JSON object. Signed responses are not supported.
    #[error("the userinfo response is not a JSON object; signed userinfo responses are not supported")]
    Malformed,
    /// Core section 5.3.2: `sub` must be there and equal the ID token's.
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
        _ => Err(UserinfoError::OtherSubject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_about_somebody_else_is_refused() {
        assert!(parse(br#"{"sub":"alice","email":"a@b"}"#, "alice").is_ok());
        for body in [&br#"{"sub":"bob"}"#[..], br#"{}"#, br#"{"sub":["alice"]}"#] {
            assert_eq!(parse(body, "alice"), Err(UserinfoError::OtherSubject));
        }
        assert_eq!(parse(b"eyJ.eyJ.x", "alice"), Err(UserinfoError::Malformed));
    }
}
