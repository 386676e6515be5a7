//! Compact JSON Web Signatures (RFC 7515 section 7.1).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::key_ring::KeyRing;
use super::keys::{KeyError, SigningKey};

/// A JSON object: a header, or claims.
pub type Object = Map<String, Value>;

/// The header that says how `key` signs.
#[must_use]
pub fn header(key: &SigningKey) -> Object {
    let (alg, kid) = (key.algorithm().as_str(), key.kid());
    Object::from_iter([
        ("alg".to_owned(), json!(alg)),
        ("kid".to_owned(), json!(kid)),
        ("typ".to_owned(), json!("JWT")),
    ])
}

/// What is signed: header and claims, encoded and joined.
#[must_use]
pub fn signing_input(header: &Object, claims: &Object) -> String {
    let encode = |object: &Object| BASE64_URL_SAFE_NO_PAD.encode(Value::from(object.clone()).to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// The whole: what was signed, and the signature.
#[must_use]
pub fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Signs claims.
///
/// # Errors
///
/// When the key cannot sign.
pub fn sign(key: &SigningKey, claims: &Object) -> Result<String, KeyError> {
    let input = signing_input(&header(key), claims);
    Ok(compact(&input, &key.sign(input.as_bytes())?))
}

/// The claims of a token that one of the published keys signed. Nothing in them has been looked at yet.
#[must_use]
pub fn verify(ring: &KeyRing, token: &str) -> Option<Object> {
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let (input, signature) = token.rsplit_once('.')?;
    let (header, claims) = input.split_once('.')?;
    let header: Object = serde_json::from_slice(&decode(header)?).ok()?;
    let key = ring.find(header.get("kid")?.as_str()?)?;
    let same_algorithm = header.get("alg")?.as_str()? == key.algorithm().as_str();
    if !same_algorithm || !key.verify(input.as_bytes(), &decode(signature)?) {
        return None;
    }
    serde_json::from_slice(&decode(claims)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::keys::Algorithm;

    #[test]
    fn only_what_the_ring_signed_is_read() {
        let ring = KeyRing::generate(Algorithm::Es256).unwrap();
        let claims = Object::from_iter([("sub".to_owned(), json!("alice"))]);
        let token = sign(ring.current(), &claims).unwrap();
        assert_eq!(verify(&ring, &token), Some(claims.clone()));
        assert_eq!(verify(&KeyRing::generate(Algorithm::Es256).unwrap(), &token), None);

        let mut none = header(ring.current());
        none.insert("alg".into(), json!("none"));
        assert_eq!(verify(&ring, &compact(&signing_input(&none, &claims), b"")), None);
        for nonsense in ["", ".", "..", "a.b.c", "ä.ä.ä"] {
            assert_eq!(verify(&ring, nonsense), None, "{nonsense}");
        }
    }
}
