//! The keys that the gateway proves itself to IdPs with (`private_key_jwt`, OIDC Core section 9): the first of a file signs,
//! and the public halves of all are published, so that one can be rotated in before it signs.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::random;

/// One signs, one is on its way in or out; more in a file is a mistake.
const MOST_KEYS: usize = 2;

/// How the gateway signs (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

/// What an operator may say beside the keys.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// How to sign; by default ES256 with a P-256 key, RS256 with an RSA key.
    pub algorithm: Option<Algorithm>,
    /// What the IdP calls the key that signs; by default its thumbprint (RFC 7638).
    pub key_id: Option<String>,
}

/// The text holds no keys that could be used. Nothing of it is repeated; each is the rest of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeyError {
    /// No `BEGIN PRIVATE KEY`, or a broken one.
    #[error("is not a private key in PEM (PKCS #8: `BEGIN PRIVATE KEY`)")]
    NotPem,
    /// Another curve, too short, or no key at all.
    #[error("holds a key that is neither P-256 nor RSA of 2048 to 4096 bit")]
    Unusable,
    /// An RSA key that cannot sign: damaged, or put together from two.
    #[error("holds an RSA key whose parts do not belong together")]
    Damaged,
    /// RS256 with a P-256 key, or the like.
    #[error("does not go with the key: P-256 signs ES256, RSA signs RS256 or PS256")]
    OtherAlgorithm,
    /// More than can be of use, or the same one twice.
    #[error("holds the same key twice, or more than two")]
    TooMany,
}

/// The library did not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key for this identity provider could not sign")]
pub struct SigningFailed;

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        match self {
            Self::Ec(pair) => {
                Ok(pair.sign(&random::source(), message).map_err(|_| SigningFailed)?.as_ref().to_vec())
            }
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random::source(), message, &mut signature)
                    .map_err(|_| SigningFailed)?;
                Ok(signature)
            }
        }
    }
}

/// The key that signs, and what is published.
pub struct ClientKeys {
    key_id: String,
    algorithm: Algorithm,
    pair: Pair,
    published: Vec<Value>,
}

impl ClientKeys {
    /// Reads PEM text with one or two keys in PKCS #8, the one that signs first.
    ///
    /// # Errors
    ///
    /// [`ClientKeyError`].
    pub fn parse(pem: &SecretString, choice: &Choice) -> Result<Self, ClientKeyError> {
        let keys = blocks(pem)?;
        let mut read = keys.iter().map(|der| read(der.secret_pkcs8_der(), choice.algorithm));
        let (algorithm, pair, mut jwk) = read.next().ok_or(ClientKeyError::NotPem)??;
        if let Some(id) = &choice.key_id {
            jwk["kid"] = id.as_str().into();
        }
        let key_id = jwk["kid"].as_str().unwrap_or_default().to_owned();
        let mut published = vec![jwk];
        for other in read {
            // The other key may be of the other kind: a rotation is also how one comes from RSA to P-256.
            published.push(other.or_else(|_| self::read(keys[1].secret_pkcs8_der(), None))?.2);
        }
        Ok(Self { key_id, algorithm, pair, published })
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public halves as JWKs (RFC 7517 section 4), the one that signs first.
    #[must_use]
    pub fn published(&self) -> &[Value] {
        &self.published
    }

    /// Signs; the form of the signature is that of RFC 7518 section 3.
    ///
    /// # Errors
    ///
    /// [`SigningFailed`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.pair.sign(message)
    }
}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKeys").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The keys of a PEM text: one or two different ones.
pub(super) fn blocks(pem: &SecretString) -> Result<Vec<PrivatePkcs8KeyDer<'static>>, ClientKeyError> {
    let keys: Vec<PrivatePkcs8KeyDer<'static>> =
        PrivatePkcs8KeyDer::pem_slice_iter(pem.expose_secret().as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| ClientKeyError::NotPem)?;
    match keys.as_slice() {
        [] => Err(ClientKeyError::NotPem),
        [one, other] if one.secret_pkcs8_der() == other.secret_pkcs8_der() => Err(ClientKeyError::TooMany),
        keys if keys.len() > MOST_KEYS => Err(ClientKeyError::TooMany),
        _ => Ok(keys),
    }
}

/// Is it an RSA key?
pub(super) fn is_rsa(der: &[u8]) -> bool {
    RsaKeyPair::from_pkcs8(der).is_ok()
}

fn read(der: &[u8], algorithm: Option<Algorithm>) -> Result<(Algorithm, Pair, Value), ClientKeyError> {
    if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let members = json!({ "kty": "RSA", "n": base64url(&public.n), "e": base64url(&public.e) });
        let algorithm = algorithm.unwrap_or(Algorithm::Rs256);
        let encoding: &'static dyn RsaEncoding = match algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_SHA256,
            Algorithm::Ps256 => &RSA_PSS_SHA256,
            Algorithm::Es256 => return Err(ClientKeyError::OtherAlgorithm),
        };
        let pair = Pair::Rsa(pair, encoding);
        // The library looks at the parts one by one when it reads them, and at all together when it signs.
        pair.sign(b"").map_err(|_| ClientKeyError::Damaged)?;
        return Ok((algorithm, pair, jwk(members, algorithm)));
    }
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random::source())
        .map_err(|_| ClientKeyError::Unusable)?;
    if algorithm.is_some_and(|algorithm| algorithm != Algorithm::Es256) {
        return Err(ClientKeyError::OtherAlgorithm);
    }
    // SEC 1 section 2.3.3: 0x04, then both coordinates.
    let point = pair.public_key().as_ref().get(1..).and_then(|xy| xy.split_at_checked(32));
    let (x, y) = point.ok_or(ClientKeyError::Unusable)?;
    let members = json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) });
    Ok((Algorithm::Es256, Pair::Ec(pair), jwk(members, Algorithm::Es256)))
}

/// The thumbprint is the hash of exactly the required members, sorted, without spaces (RFC 7638 section 3): which is how
/// `serde_json` prints a map.
fn jwk(mut members: Value, algorithm: Algorithm) -> Value {
    let thumbprint = base64url(digest(&SHA256, members.to_string().as_bytes()).as_ref());
    members["use"] = "sig".into();
    members["alg"] = algorithm.as_str().into();
    members["kid"] = thumbprint.into();
    members
}

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
