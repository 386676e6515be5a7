//! Signing keys: ES256 (made in an instant) and RS256 (made in a second or so), RFC 7518 section 3.

use std::fmt;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random;

/// How an issuer signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256, 2048 bit.
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

/// A key could not be made or used; nothing about its content.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the signing key could not be {0}")]
pub struct KeyError(pub(super) &'static str);

/// What `AlgorithmIdentifier` and length of a SHA-1 hash look like in a signature (RFC 8017 section 9.2, note 1).
const SHA1_PREFIX: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

enum Pair {
    /// Twice the same key: for signatures of two numbers, and for those that are ASN.1, as certificates want them.
    Es256 { pair: EcdsaKeyPair, asn1: Box<EcdsaKeyPair> },
    /// Twice the same key: ring does not sign with SHA-1.
    Rs256 { pair: RsaKeyPair, private: Box<rsa::RsaPrivateKey> },
}

/// A private key with its public name. Never leaves the process.
pub struct SigningKey {
    kid: String,
    jwk: Value,
    pair: Pair,
    pub(super) certificate: OnceLock<Vec<u8>>,
}

impl SigningKey {
    /// Makes a new key. RS256 takes its time: keep it off threads that must answer.
    ///
    /// # Errors
    ///
    /// When the cryptographic library refuses its own key.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Es256 => Self::generate_es256(),
            Algorithm::Rs256 => Self::generate_rs256(),
        }
    }

    fn generate_es256() -> Result<Self, KeyError> {
        let (random, algorithm) = (random::source(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| KeyError("made"))?;
        let pair =
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).map_err(|_| KeyError("read"))?;
        let asn1 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random)
            .map_err(|_| KeyError("read"))?;
        // SEC 1 section 2.3.3: 0x04, then both coordinates.
        let (x, y) = pair
            .public_key()
            .as_ref()
            .get(1..)
            .and_then(|xy| xy.split_at_checked(32))
            .ok_or(KeyError("read"))?;
        let members = json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) });
        Ok(Self::named(members, Algorithm::Es256, Pair::Es256 { pair, asn1: Box::new(asn1) }))
    }

    fn generate_rs256() -> Result<Self, KeyError> {
        let private = rsa::RsaPrivateKey::new(&mut random::Source, 2048).map_err(|_| KeyError("made"))?;
        let der = private.to_pkcs1_der().map_err(|_| KeyError("made"))?;
        let pair = RsaKeyPair::from_der(der.as_bytes()).map_err(|_| KeyError("read"))?;
        let members = json!({
            "kty": "RSA",
            "n": base64url(&private.n().to_bytes_be()),
            "e": base64url(&private.e().to_bytes_be()),
        });
        Ok(Self::named(members, Algorithm::Rs256, Pair::Rs256 { pair, private: Box::new(private) }))
    }

    /// The key id is the RFC 7638 thumbprint: the hash of exactly the required members, sorted, without spaces;
    /// which is how `serde_json` prints a map.
    fn named(mut jwk: Value, algorithm: Algorithm, pair: Pair) -> Self {
        let kid = base64url(digest(&SHA256, jwk.to_string().as_bytes()).as_ref());
        jwk["use"] = "sig".into();
        jwk["alg"] = algorithm.as_str().into();
        jwk["kid"] = kid.as_str().into();
        Self { kid, jwk, pair, certificate: OnceLock::new() }
    }

    /// Its id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256 { .. } => Algorithm::Es256,
            Pair::Rs256 { .. } => Algorithm::Rs256,
        }
    }

    /// Its public half (RFC 7517).
    #[must_use]
    pub const fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// Signs.
    ///
    /// # Errors
    ///
    /// When the cryptographic library cannot.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError("used");
        match &self.pair {
            Pair::Es256 { pair, .. } => {
                Ok(pair.sign(&random::source(), message).map_err(failed)?.as_ref().to_vec())
            }
            Pair::Rs256 { pair, .. } => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random::source(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }

    /// Its public half: a point (SEC 1 section 2.3.3) or an `RSAPublicKey` (RFC 8017 appendix A.1.1), which is what a
    /// certificate carries.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Es256 { pair, .. } => pair.public_key().as_ref(),
            Pair::Rs256 { pair, .. } => pair.public_key().as_ref(),
        }
    }

    /// As [`Self::sign`], but an ECDSA signature is ASN.1 (RFC 5758 section 3.2).
    pub(super) fn sign_for_certificate(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.pair {
            Pair::Es256 { asn1, .. } => {
                let signature = asn1.sign(&random::source(), message).map_err(|_| KeyError("used"))?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rs256 { .. } => self.sign(message),
        }
    }

    /// RSA with SHA-1, which no relying party should still take; `None` for a key of another kind.
    #[must_use]
    pub fn sign_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        let Pair::Rs256 { private, .. } = &self.pair else { return None };
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
        let padding = rsa::Pkcs1v15Sign { hash_len: Some(20), prefix: SHA1_PREFIX.into() };
        private.sign_with_rng(&mut random::Source, padding, hash.as_ref()).ok()
    }

    /// Whether this key made the signature.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.pair {
            Pair::Es256 { pair, .. } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()).verify(message, signature)
            }
            Pair::Rs256 { pair, .. } => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public()).verify(message, signature)
            }
        };
        verified.is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_sign_what_they_verify() {
        for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
            let key = SigningKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.verify(b"message", &signature));
            assert!(!key.verify(b"massage", &signature));
            assert_eq!(key.jwk()["alg"], algorithm.as_str());
            assert_eq!(key.sign_sha1(b"message").is_some(), algorithm == Algorithm::Rs256);
            assert!(key.jwk().get("d").is_none(), "the private half is not published");
        }
    }

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_7638() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let (x, y) = (key.jwk()["x"].as_str().unwrap(), key.jwk()["y"].as_str().unwrap());
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        assert_eq!(key.kid(), base64url(digest(&SHA256, canonical.as_bytes()).as_ref()));
    }
}
