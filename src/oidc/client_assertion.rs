//! The assertion that a client proves itself with: `private_key_jwt` (RFC 7523 section 3, OIDC Core section 9).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::keys::client::{ClientKeys, SigningFailed};
use crate::time::Timestamp;

/// What kind of assertion it is, for `client_assertion_type`.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Made for one request; whoever sees it later must not be able to use it.
const LIFETIME: Duration = Duration::from_secs(60);

/// A new assertion. Its audience is the issuer and nothing else: of an endpoint's address another server could claim that it
/// is its own, and get assertions made for it.
///
/// # Errors
///
/// Where the key does not sign.
pub fn assertion(
    keys: &ClientKeys,
    client_id: &str,
    issuer: &str,
    id: [u8; 16],
    now: Timestamp,
) -> Result<SecretString, SigningFailed> {
    let header = json!({ "alg": keys.algorithm().as_str(), "kid": keys.key_id(), "typ": "JWT" });
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": BASE64_URL_SAFE_NO_PAD.encode(id),
        "iat": now.as_secs(),
        "exp": now.plus(LIFETIME).as_secs(),
    });
    let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let input = format!("{}.{}", encode(&header), encode(&claims));
    let signature = keys.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::client::Choice;
    use crate::keys::client_file::{Kind, new};
    use secrecy::ExposeSecret;

    #[test]
    fn it_speaks_of_the_client_to_the_issuer_alone_and_for_a_minute() {
        let keys = ClientKeys::parse(&new(Kind::P256).unwrap(), &Choice::default()).unwrap();
        let now = Timestamp::from_secs(1_790_000_000);
        let jwt = assertion(&keys, "app", "https://idp.example", [7; 16], now).unwrap();
        let parts: Vec<&str> = jwt.expose_secret().split('.').collect();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(read(parts[0]), json!({ "alg": "ES256", "kid": keys.key_id(), "typ": "JWT" }));
        assert_eq!(
            read(parts[1]),
            json!({
                "iss": "app", "sub": "app", "aud": "https://idp.example", "jti": "BwcHBwcHBwcHBwcHBwcHBw",
                "iat": 1_790_000_000, "exp": 1_790_000_060,
            })
        );
    }
}
