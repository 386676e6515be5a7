//! The userinfo response (Core section 5.3).

use openidconnect::core::CoreJsonWebKeySet;
use serde_json::{Map, Value};

use super::algorithm::SigningAlgorithm;
use super::json;
use super::jws::{Jws, JwsError};

/// Why a userinfo response is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserinfoError {
    /// Not a JSON object with a `sub` (Core section 5.3.2), nor a JWT of one: it says nothing about anybody.
    #[error("the userinfo response is not a JSON object with a sub")]
    Malformed,
    /// It is signed, and not by this issuer for us.
    #[error("the signed userinfo response is refused: {0}")]
    Signed(JwsError),
    /// It is signed for somebody else, or by somebody else's word.
    #[error("the signed userinfo response is of another issuer or for another audience")]
    Foreign,
    /// Core section 5.3.2: `sub` must equal the ID token's.
    #[error("the userinfo response is about somebody else")]
    OtherSubject,
}

/// What a userinfo response must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// Our client id.
    pub client_id: &'a str,
    /// The algorithms that the issuer may use, where the response is signed.
    pub algorithms: &'a [SigningAlgorithm],
    /// The ID token's `sub`.
    pub subject: &'a str,
}

/// Reads a userinfo response: JSON as it is, or a signed JWT, which must then be the issuer's and for us.
///
/// # Errors
///
/// [`UserinfoError`]. `Signed(UnknownKey)` is worth one refetch of the keys.
pub fn parse(
    body: &[u8],
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, UserinfoError> {
    let claims = match body.trim_ascii_start() {
        [b'{', ..] => json::object(body).map_err(|_| UserinfoError::Malformed)?,
        _ => signed(body, keys, expected)?,
    };
    match claims.get("sub") {
        Some(Value::String(found)) if found == expected.subject => Ok(claims),
        Some(Value::String(_)) => Err(UserinfoError::OtherSubject),
        _ => Err(UserinfoError::Malformed),
    }
}

fn signed(
    body: &[u8],
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, UserinfoError> {
    let token = std::str::from_utf8(body).map_err(|_| UserinfoError::Malformed)?.trim();
    let jws = Jws::parse(token).map_err(|_| UserinfoError::Malformed)?;
    jws.verify(keys, expected.algorithms).map_err(UserinfoError::Signed)?;
    let claims = json::object(jws.unverified_payload()).map_err(|_| UserinfoError::Malformed)?;
    // Core section 5.3.2 asks for both; without them it could be an ID token for another client.
    let is = |claim: Option<&Value>, ours: &str| match claim {
        Some(Value::String(one)) => one == ours,
        Some(Value::Array(several)) => several.iter().any(|one| one == ours),
        _ => false,
    };
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer)
        || !is(claims.get("aud"), expected.client_id)
    {
        return Err(UserinfoError::Foreign);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Map<String, Value>, UserinfoError> {
        let expected = Expected {
            issuer: "https://i",
            client_id: "app",
            algorithms: &SigningAlgorithm::ALL,
            subject: "alice",
        };
        parse(body, &CoreJsonWebKeySet::new(Vec::new()), &expected)
    }

    #[test]
    fn userinfo_about_somebody_else_is_refused() {
        assert!(read(br#"{"sub":"alice","email":"a@b"}"#).is_ok());
        assert_eq!(read(br#"{"sub":"bob"}"#), Err(UserinfoError::OtherSubject));
    }

    #[test]
    fn o1_userinfo_about_nobody_is_no_answer_and_not_a_no() {
        for body in [&br#"{}"#[..], br#"{"sub":["alice"]}"#, br#"{"error":"later"}"#, b"eyJ.eyJ.x"] {
            assert_eq!(read(body), Err(UserinfoError::Malformed));
        }
    }
}
