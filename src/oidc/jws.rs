//! Signed tokens: compact JWS (RFC 7515), read as RFC 8725 asks. Only the issuer's own keys count; what a header says about
//! keys (`jwk`, `jku`, `x5u`, `x5c`) is not even looked at (TOK-03).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::algorithm::SigningAlgorithm;
use super::json;

/// A longer token is refused before it is looked at.
pub const LONGEST: usize = 64 * 1024;
/// Without a `kid`, or where several keys share one, at most so many are tried.
const MOST_TRIED: usize = 8;
/// Members that would change how the rest is to be read (RFC 7515 section 4.1, RFC 7516 section 4.1, RFC 7797). None is
/// understood here, and none is ignored.
const REFUSED_MEMBERS: [&str; 5] = ["crit", "cty", "enc", "zip", "b64"];

/// Why a signed token is refused. Nothing of the token is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// More than [`LONGEST`] bytes.
    #[error("it is longer than 64 KiB; have the identity provider put fewer groups into it")]
    TooLong,
    /// Not three parts of base64url with a JSON header.
    #[error("it is not a signed JWT")]
    Malformed,
    /// A header member that changes the meaning of the rest.
    #[error("its header says that it is encrypted, compressed or otherwise special")]
    Special,
    /// `none`, HMAC, or an algorithm that the issuer may not use.
    #[error("its signature algorithm is not one that this issuer may use")]
    Algorithm,
    /// No key of the issuer is the one.
    #[error("the issuer's key set has no key for it")]
    UnknownKey,
    /// The key is there, and did not sign this.
    #[error("its signature is wrong")]
    Signature,
}

/// `aud` (RFC 7519 section 4.1.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// We trust no other audience: each of them could pass our token on (Core section 3.1.3.7, number 3). Nor a list that names us
    /// twice, which nobody makes who knows whom it is for.
    pub(super) fn is_only(&self, client_id: &str) -> bool {
        match self {
            Self::One(audience) => audience == client_id,
            Self::Several(audiences) => matches!(audiences.as_slice(), [only] if only == client_id),
        }
    }
}

/// A token taken apart. Nothing in it is proved before [`Jws::verify`].
pub struct Jws<'t> {
    signed: &'t str,
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Which key signed a token, and how.
#[derive(Clone, Copy, Debug)]
pub struct SignedBy<'k> {
    key: &'k CoreJsonWebKey,
    alg: SigningAlgorithm,
}

impl<'t> Jws<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// [`JwsError`] about its form.
    pub fn parse(token: &'t str) -> Result<Self, JwsError> {
        if token.len() > LONGEST {
            return Err(JwsError::TooLong);
        }
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Malformed);
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Malformed)?;
        let header = json::object(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        if REFUSED_MEMBERS.iter().any(|name| header.contains_key(*name)) {
            return Err(JwsError::Special);
        }
        Ok(Self {
            signed,
            alg: text(&header, "alg")?.ok_or(JwsError::Malformed)?,
            kid: text(&header, "kid")?,
            typ: text(&header, "typ")?,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// Is its type one of these media types, written without `application/` (RFC 7515 section 4.1.9)? `None` where it
    /// has no type.
    #[must_use]
    pub fn is_of_type(&self, types: &[&str]) -> Option<bool> {
        let typ = self.typ.as_ref()?.to_ascii_lowercase();
        Some(types.contains(&typ.strip_prefix("application/").unwrap_or(&typ)))
    }

    /// The payload, which is authentic only once [`Jws::verify`] has said so.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Finds the issuer's key that signed it. The algorithm must be allowed and fit the key; `kid` only narrows the choice.
    ///
    /// # Errors
    ///
    /// [`JwsError`]. `UnknownKey` is worth one refetch of the keys.
    pub fn verify<'k>(
        &self,
        keys: &'k CoreJsonWebKeySet,
        allowed: &[SigningAlgorithm],
    ) -> Result<SignedBy<'k>, JwsError> {
        let fitting = self.fitting(keys, allowed)?;
        match fitting.iter().take(MOST_TRIED).find(|key| self.is_signed_by(**key)) {
            Some(key) => Ok(*key),
            // It does not say which key it means: perhaps one that is not here yet.
            None if fitting.is_empty() || self.kid.is_none() => Err(JwsError::UnknownKey),
            None => Err(JwsError::Signature),
        }
    }

    /// The same for a token that anybody can send: at most one signature is checked, and where several keys fit, none.
    ///
    /// # Errors
    ///
    /// As [`Jws::verify`].
    pub fn verify_once<'k>(
        &self,
        keys: &'k CoreJsonWebKeySet,
        allowed: &[SigningAlgorithm],
    ) -> Result<SignedBy<'k>, JwsError> {
        match self.fitting(keys, allowed)?.as_slice() {
            [only] if self.is_signed_by(*only) => Ok(*only),
            [_] => Err(JwsError::Signature),
            _ => Err(JwsError::UnknownKey),
        }
    }

    fn fitting<'k>(
        &self,
        keys: &'k CoreJsonWebKeySet,
        allowed: &[SigningAlgorithm],
    ) -> Result<Vec<SignedBy<'k>>, JwsError> {
        let alg = self.alg.parse().ok().filter(|alg| allowed.contains(alg)).ok_or(JwsError::Algorithm)?;
        let named = |key: &CoreJsonWebKey| {
            self.kid.as_deref().is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid))
        };
        let fitting = keys.keys().iter().filter(|key| named(key) && suits(key, &alg.jws()));
        Ok(fitting.map(|key| SignedBy { key, alg }).collect())
    }

    fn is_signed_by(&self, by: SignedBy<'_>) -> bool {
        by.key.verify_signature(&by.alg.jws(), self.signed.as_bytes(), &self.signature).is_ok()
    }
}

impl SignedBy<'_> {
    /// The left half of a value's hash, as `at_hash` and `c_hash` have it (Core section 3.3.2.11); `None` where the
    /// algorithm has no hash.
    #[must_use]
    pub fn half_hash(&self, value: &str) -> Option<String> {
        let hash = self.key.hash_bytes(value.as_bytes(), &self.alg.jws()).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]))
    }
}

/// A member that is a string, or not there. `null` is not "not there".
fn text(header: &Map<String, Value>, name: &str) -> Result<Option<String>, JwsError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JwsError::Malformed),
    }
}

/// May this key be used with that algorithm (RFC 7517 section 4)?
pub(super) fn suits(key: &CoreJsonWebKey, alg: &CoreJwsSigningAlgorithm) -> bool {
    alg.key_type().as_ref() == Some(key.key_type())
        && key.key_use().is_none_or(JsonWebKeyUse::allows_signature)
        && match key.signing_alg() {
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Algorithm(own) => own == alg,
            JsonWebKeyAlgorithm::Unsupported => false,
        }
}
