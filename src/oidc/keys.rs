//! An issuer's key set (RFC 7517), as far as it can be trusted.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet};
use openidconnect::{JsonWebKey, SignatureVerificationError};
use serde_json::{Map, Value};

use super::algorithm::SigningAlgorithm;
use super::json;
use super::jws::suits;
use super::metadata::DocumentError;

/// More keys than this in a set are refused: nobody rotates so fast.
const MOST_KEYS: usize = 100;
/// RFC 7518 section 3.3.
const LEAST_RSA_BITS: usize = 2048;
/// What a private or symmetric key has (RFC 7518 section 6) and a published one must not.
const PRIVATE_MEMBERS: [&str; 3] = ["d", "p", "k"];

/// A key that an issuer publishes and nobody should trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeakKey {
    /// Its id, if it has one.
    pub kid: Option<String>,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Reads a key set, and names the keys in it that are left out as weak (TOK-18). Keys of unknown types and keys for other
/// uses are left out, too. A set without a usable key is an error: it replaces nothing (KEY-05).
///
/// # Errors
///
/// Where it is malformed, without a usable key, or absurdly large.
pub fn parse(document: &[u8]) -> Result<(CoreJsonWebKeySet, Vec<WeakKey>), DocumentError> {
    let set = json::object(document)?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or(DocumentError::Missing("keys"))?;
    if listed.len() > MOST_KEYS {
        return Err(DocumentError::KeyCount(listed.len()));
    }
    let (mut keys, mut weak) = (Vec::new(), Vec::new());
    for jwk in listed {
        let Ok(key) = serde_json::from_value::<CoreJsonWebKey>(jwk.clone()) else { continue };
        let Some(members) = jwk.as_object() else { continue };
        match weakness(members, &key) {
            Some(why) => weak.push(WeakKey { kid: key.key_id().map(|id| id.as_str().to_owned()), why }),
            None if SigningAlgorithm::ALL.iter().any(|alg| suits(&key, &alg.jws())) => keys.push(key),
            None => {}
        }
    }
    match keys.len() {
        0 => Err(DocumentError::KeyCount(0)),
        _ => Ok((CoreJsonWebKeySet::new(keys), weak)),
    }
}

fn weakness(members: &Map<String, Value>, key: &CoreJsonWebKey) -> Option<&'static str> {
    if PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
        return Some("its secret part is published");
    }
    if members.get("kty").and_then(Value::as_str) == Some("RSA") && rsa_bits(members) < LEAST_RSA_BITS {
        return Some("it is an RSA key of less than 2048 bits");
    }
    // The crate looks at the key before it looks at the signature: a point off the curve, a modulus out of bounds.
    let is_unsound = |alg: &SigningAlgorithm| {
        let judged = key.verify_signature(&alg.jws(), b"", &[1; 64]);
        suits(key, &alg.jws()) && matches!(judged, Err(SignatureVerificationError::InvalidKey(_)))
    };
    let mut fitting = SigningAlgorithm::ALL.iter().filter(|alg| suits(key, &alg.jws())).peekable();
    (fitting.peek().is_some() && fitting.all(is_unsound))
        .then_some("it is not a key on its curve, or of its type, or far too long")
}

fn rsa_bits(members: &Map<String, Value>) -> usize {
    let modulus =
        members.get("n").and_then(Value::as_str).and_then(|n| BASE64_URL_SAFE_NO_PAD.decode(n).ok());
    let modulus = modulus.unwrap_or_default();
    let significant = modulus.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &modulus[first..]);
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}
