//! The keys of a test issuer, for tests only. `ring` signs and verifies; the product verifies with another library.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::{Value, json};

const ED_SEED: [u8; 32] = [7; 32];
const EC_PRIVATE: &str = "ThH7euY_AbeM_vljGjQUrrTB8HhkGG6xK1PHaBq0C4A";
const EC_X: &str = "7xV5XZ4vIjzKpUmlXbZIKaQJYpq1Ui9gv8qTclIiFY0";
const EC_Y: &str = "fS9jiJ26iRBIv8Wr9B1jRdAhFzl94b8omxfAjg1Z8QA";
/// The private half is gone: its tokens in the corpora were signed once.
const RSA_DER: &str = concat!(
    "MIIBCgKCAQEAnLrUC8AzyBm81zHuYCJor5-N-XlhtIUG2Hqc5Du025yeZCtkWxfz63n1AHlVSTu_DckuR4ont_KDb4Pt_IJlaJ8tMiwZMlpf8amE",
    "S3S4gaFMrHD1Eo7rUR9lTGuUpVGjgZ3s12_FTFcS4Znnocfy_FuXfZnNS2D-RaBithl98ndqcpyOJ65IB2Pf_kad-TwoNOm43yxwnrbRB_2eQvXX",
    "OXCD3etTtgRZj1oRSJGbVw1cVuVYXEsxYMaHs-RdjIXqAnwakwfCoKG2nMH-wii22E47aPrgbIHeCH-58h4M2BlupLfIq2fVZ5XR5_iOnvBKXCc9",
    "v7L5bqpOdSG5hMMirQIDAQAB",
);

/// A key of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it: Ed25519, P-256, RSA with 2048 bit")]
pub enum Key {
    Ed,
    Ec,
    Rsa,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ed, Self::Ec, Self::Rsa];

    /// Its name in the key set.
    pub const fn kid(self) -> &'static str {
        match self {
            Self::Ed => "ed",
            Self::Ec => "ec",
            Self::Rsa => "rsa",
        }
    }

    /// Signs with the only algorithm of the key; `None` for RSA, whose private half nobody has.
    pub fn sign(self, input: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        match self {
            Self::Ed => Some(("EdDSA", ed().sign(input).as_ref().to_vec())),
            Self::Ec => {
                #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
                let random = SystemRandom::new();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &decoded(EC_PRIVATE),
                    &ec_point(),
                    &random,
                );
                Some(("ES256", pair.unwrap().sign(&random, input).unwrap().as_ref().to_vec()))
            }
            Self::Rsa => None,
        }
    }

    /// Did this key make the signature, by this algorithm?
    pub fn verifies(self, algorithm: &str, input: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: Vec<u8>| {
            UnparsedPublicKey::new(algorithm, key).verify(input, signature).is_ok()
        };
        match (self, algorithm) {
            (Self::Ed, "EdDSA") => by(&ED25519, ed().public_key().as_ref().to_vec()),
            (Self::Ec, "ES256") => by(&ECDSA_P256_SHA256_FIXED, ec_point()),
            (Self::Rsa, "RS256") => by(&RSA_PKCS1_2048_8192_SHA256, decoded(RSA_DER)),
            (Self::Rsa, "PS256") => by(&RSA_PSS_2048_8192_SHA256, decoded(RSA_DER)),
            _ => false,
        }
    }

    /// Its public half (RFC 7517, RFC 8037).
    pub fn jwk(self) -> Value {
        match self {
            Self::Ed => {
                let x = BASE64_URL_SAFE_NO_PAD.encode(ed().public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "alg": "EdDSA", "x": x })
            }
            Self::Ec => {
                json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256", "x": EC_X, "y": EC_Y })
            }
            Self::Rsa => {
                // The modulus lies between two fixed pieces of the DER.
                let der = decoded(RSA_DER);
                let n = BASE64_URL_SAFE_NO_PAD.encode(&der[9..der.len() - 5]);
                json!({ "kty": "RSA", "kid": "rsa", "use": "sig", "n": n, "e": "AQAB" })
            }
        }
    }
}

/// The key set of the issuer.
pub fn jwks() -> Vec<u8> {
    json!({ "keys": Key::ALL.map(Key::jwk) }).to_string().into_bytes()
}

fn ed() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&ED_SEED).unwrap()
}

fn ec_point() -> Vec<u8> {
    [&[4][..], &decoded(EC_X), &decoded(EC_Y)].concat()
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}
