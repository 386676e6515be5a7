//! Making and rotating the keys of [`super::client`], as PEM text.
//!
//! A rotation has two steps, because IdPs learn of a key in their own time: [`rotate`] puts a new key behind the one that
//! signs, where it is published only; [`switch`] lets it sign, and leaves the one before published.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rsa::pkcs8::EncodePrivateKey;
use secrecy::SecretString;

use super::client::{ClientKeyError, blocks, is_rsa};
use crate::random;

/// RFC 7468 section 2.
const LINE: usize = 64;

/// What kind of key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// P-256.
    P256,
    /// RSA of 2048 bit. Takes a second or so.
    Rsa,
}

/// Why a file of keys could not be made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientFileError {
    /// The text that is there is not one.
    #[error(transparent)]
    Text(#[from] ClientKeyError),
    /// There is nothing to switch to.
    #[error("holds one key only; add the next one with `hourgate keys client rotate`")]
    OneKey,
    /// The cryptographic library refused its own key.
    #[error("cannot be made: the cryptographic library gave no key")]
    NotMade,
}

/// A text with one new key.
///
/// # Errors
///
/// [`ClientFileError::NotMade`].
pub fn new(kind: Kind) -> Result<SecretString, ClientFileError> {
    Ok(render(&[&generate(kind)?]))
}

/// Keeps the key that signs, and puts a new one of its kind behind it. One that stood there is dropped.
///
/// # Errors
///
/// [`ClientFileError`].
pub fn rotate(text: &SecretString) -> Result<SecretString, ClientFileError> {
    let keys = blocks(text)?;
    let signs = keys[0].secret_pkcs8_der();
    let kind = if is_rsa(signs) { Kind::Rsa } else { Kind::P256 };
    Ok(render(&[signs, &generate(kind)?]))
}

/// Lets the key that stood behind sign; the one before stays published.
///
/// # Errors
///
/// [`ClientFileError`].
pub fn switch(text: &SecretString) -> Result<SecretString, ClientFileError> {
    match blocks(text)?.as_slice() {
        [signs, next] => Ok(render(&[next.secret_pkcs8_der(), signs.secret_pkcs8_der()])),
        _ => Err(ClientFileError::OneKey),
    }
}

fn generate(kind: Kind) -> Result<Vec<u8>, ClientFileError> {
    match kind {
        Kind::P256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random::source())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| ClientFileError::NotMade),
        Kind::Rsa => rsa::RsaPrivateKey::new(&mut random::Source, 2048)
            .ok()
            .and_then(|key| key.to_pkcs8_der().ok())
            .map(|document| document.as_bytes().to_vec())
            .ok_or(ClientFileError::NotMade),
    }
}

fn render(keys: &[&[u8]]) -> SecretString {
    let mut text = String::from(
        "The first key signs, a second one is only published. Keep them secret. Give every node the same.\n",
    );
    for key in keys {
        text.push_str("-----BEGIN PRIVATE KEY-----\n");
        let encoded = BASE64_STANDARD.encode(key);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(LINE.min(rest.len()));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END PRIVATE KEY-----\n");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::super::client::{Algorithm, Choice, ClientKeys};
    use super::*;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
        RsaPublicKeyComponents, UnparsedPublicKey,
    };
    use secrecy::ExposeSecret;
    use serde_json::Value;

    fn keys(text: &SecretString) -> ClientKeys {
        ClientKeys::parse(text, &Choice::default()).unwrap()
    }

    fn ids(keys: &ClientKeys) -> Vec<String> {
        keys.published().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect()
    }

    fn member(jwk: &Value, name: &str) -> Vec<u8> {
        base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
    }

    #[test]
    fn a_rotation_publishes_the_next_key_before_it_signs_and_the_last_one_after() {
        let first = new(Kind::P256).unwrap();
        let a = ids(&keys(&first)).remove(0);
        let rotated = rotate(&first).unwrap();
        let both = ids(&keys(&rotated));
        assert!(both.len() == 2 && both[0] == a && keys(&rotated).key_id() == a);
        let switched = switch(&rotated).unwrap();
        assert_eq!(ids(&keys(&switched)), [both[1].clone(), a.clone()]);
        assert_eq!(keys(&switched).key_id(), both[1]);
        let again = ids(&keys(&rotate(&switched).unwrap()));
        assert!(again[0] == both[1] && !again.contains(&a), "the key from before the last one is gone");
        assert_eq!(switch(&first).unwrap_err(), ClientFileError::OneKey);
    }

    #[test]
    fn what_is_published_verifies_what_was_signed() {
        let keys = keys(&new(Kind::P256).unwrap());
        let jwk = &keys.published()[0];
        let point = [&[4][..], &member(jwk, "x"), &member(jwk, "y")].concat();
        let signature = keys.sign(b"message").unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).verify(b"message", &signature).unwrap();
        assert!(jwk.get("d").is_none(), "the private half is not published");

        let text = new(Kind::Rsa).unwrap();
        for (algorithm, parameters) in
            [(None, &RSA_PKCS1_2048_8192_SHA256), (Some(Algorithm::Ps256), &RSA_PSS_2048_8192_SHA256)]
        {
            let keys = ClientKeys::parse(&text, &Choice { algorithm, key_id: None }).unwrap();
            let jwk = &keys.published()[0];
            let public = RsaPublicKeyComponents { n: member(jwk, "n"), e: member(jwk, "e") };
            public.verify(parameters, b"message", &keys.sign(b"message").unwrap()).unwrap();
            assert_eq!(jwk["alg"], keys.algorithm().as_str());
        }
    }

    #[test]
    fn the_key_id_is_the_thumbprint_unless_the_operator_says_otherwise() {
        let text = rotate(&new(Kind::P256).unwrap()).unwrap();
        let named = Choice { key_id: Some("of-the-idp".into()), algorithm: Some(Algorithm::Es256) };
        let (plain, named) = (keys(&text), ClientKeys::parse(&text, &named).unwrap());
        assert_eq!(named.key_id(), "of-the-idp");
        assert_eq!(ids(&named)[1], ids(&plain)[1], "only the key that signs has that name");
        let jwk = &plain.published()[0];
        let (x, y) = (jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap());
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let hash = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
        assert_eq!(plain.key_id(), base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(hash));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let one = new(Kind::P256).unwrap();
        let many = |n| -> SecretString { one.expose_secret().repeat(n).into() };
        let parse = |text: &SecretString, algorithm| {
            ClientKeys::parse(text, &Choice { algorithm, key_id: None }).err()
        };
        assert_eq!(parse(&"hunter2".to_owned().into(), None), Some(ClientKeyError::NotPem));
        let junk = "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n".to_owned();
        assert_eq!(parse(&junk.into(), None), Some(ClientKeyError::Unusable));
        assert_eq!(parse(&many(2), None), Some(ClientKeyError::TooMany));
        assert_eq!(parse(&many(3), None), Some(ClientKeyError::TooMany));
        assert_eq!(parse(&one, Some(Algorithm::Ps256)), Some(ClientKeyError::OtherAlgorithm));
    }

    /// Refused where it is read, not at the first sign-in.
    #[test]
    fn an_rsa_key_that_cannot_sign_is_refused() {
        let text = new(Kind::Rsa).unwrap();
        let mut der = blocks(&text).unwrap().remove(0).secret_pkcs8_der().to_vec();
        let inside_an_exponent = der.len() - 300;
        der[inside_an_exponent] ^= 4;
        let damaged = ClientKeys::parse(&render(&[&der]), &Choice::default()).err();
        assert_eq!(damaged, Some(ClientKeyError::Damaged));
    }

    #[test]
    fn debug_output_shows_no_key() {
        let text = new(Kind::P256).unwrap();
        let (debug, id) = (format!("{:?}", keys(&text)), keys(&text).key_id().to_owned());
        assert!(debug.contains(&id) && debug.len() < 120, "{debug}");
    }
}
