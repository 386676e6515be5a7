//! The text of a key ring; or, where something begins in it, the PEM text of client keys.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hourgate::keys::MasterKey;
use hourgate::keys::client::{Algorithm, Choice, ClientKeys};
use hourgate::keys::client_file::{self, ClientFileError};
use hourgate::keys::file::{self, KeyTextError};
use ring::digest::{SHA256, digest};
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use secrecy::SecretString;
use serde_json::Value;

use super::text::base64url;

const BEGIN: &str = "-----BEGIN";

/// What is read can be written and read again; every key of the text is read, or a line is named; and no message repeats
/// anything of the text.
pub fn run(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).into_owned();
    if text.contains(BEGIN) {
        return client_keys(&text);
    }
    let lines: Vec<&str> = text.split(['\n', ';']).map(str::trim).collect();
    let of_keys: Vec<&str> =
        lines.iter().copied().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match file::parse(&text.clone().into()) {
        Ok(keys) => {
            let meant: Vec<_> = of_keys
                .iter()
                .map(|line| line.rsplit(char::is_whitespace).next().and_then(|key| base64url(key.as_bytes())))
                .collect();
            let read: Vec<_> = keys.iter().map(|key| Some(key.expose().to_vec())).collect();
            assert_eq!(read, meant);
            let again = file::parse(&file::render(&keys)).expect("what was written can be read");
            assert_eq!(facts(&again), facts(&keys));
            for key in of_keys.iter().filter_map(|line| line.get(line.len().checked_sub(43)?..)) {
                assert!(!format!("{keys:?}").contains(key), "a key in the debug form");
            }
            true
        }
        Err(error) => {
            let (KeyTextError::NotAKey(number)
            | KeyTextError::NotAnInstant(number)
            | KeyTextError::NotThirtyTwoBytes(number)
            | KeyTextError::Repeated(number)) = error;
            let line = lines.get(number - 1).expect("a line of the text");
            assert!(of_keys.contains(line), "line {number} has no key");
            assert!(error.to_string().contains(&format!("line {number} of the key ring")));
            let words = line.split_whitespace().filter(|word| word.len() > 20);
            words.for_each(|word| assert!(!error.to_string().contains(word), "a key in a message"));
            false
        }
    }
}

fn facts(keys: &[MasterKey]) -> Vec<(i64, [u8; 32])> {
    keys.iter().map(|key| (key.use_from().as_millis(), *key.expose())).collect()
}

/// Each key that is read is one of the text and published by its public half alone; the first signs, so that what is
/// published verifies it; a switch turns the two round; and nothing repeats anything of the text.
fn client_keys(text: &str) -> bool {
    let secret: SecretString = text.to_owned().into();
    let mut is_taken = false;
    for algorithm in [None, Some(Algorithm::Es256), Some(Algorithm::Rs256), Some(Algorithm::Ps256)] {
        for key_id in [None, Some("of-the-idp".to_owned())] {
            let choice = Choice { algorithm, key_id: key_id.clone() };
            match ClientKeys::parse(&secret, &choice) {
                Ok(keys) => {
                    assert!(algorithm.is_none_or(|algorithm| algorithm == keys.algorithm()));
                    assert_eq!(keys.key_id(), key_id.unwrap_or_else(|| thumbprint(&keys.published()[0])));
                    assert_good(&keys, text);
                    is_taken = true;
                }
                Err(error) => assert_repeats_nothing(&error.to_string(), text),
            }
        }
    }
    match (client_file::switch(&secret), ClientKeys::parse(&secret, &Choice::default())) {
        (Ok(switched), Ok(keys)) => {
            let switched =
                ClientKeys::parse(&switched, &Choice::default()).expect("what was written is read");
            let turned: Vec<_> = keys.published().iter().rev().cloned().collect();
            assert_eq!(switched.published(), turned);
        }
        (Err(error), keys) => {
            assert!(
                keys.is_err() || error == ClientFileError::OneKey && keys.unwrap().published().len() == 1
            );
            assert_repeats_nothing(&error.to_string(), text);
        }
        // A switch does not look into the keys.
        (Ok(_), Err(_)) => {}
    }
    is_taken
}

fn assert_good(keys: &ClientKeys, text: &str) {
    let published = keys.published();
    assert!((1..=2).contains(&published.len()) && published.len() <= text.matches(BEGIN).count());
    for jwk in published {
        let members = jwk.as_object().expect("a JWK is an object");
        let public = ["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"];
        assert!(
            members.keys().all(|name| public.contains(&name.as_str())),
            "more than the public half: {jwk}"
        );
        assert!(jwk["use"] == "sig" && jwk["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
    }
    if let [one, other] = published {
        assert_ne!(thumbprint(one), thumbprint(other), "one key is published twice");
    }
    let jwk = &published[0];
    assert!(jwk["kid"] == keys.key_id() && jwk["alg"] == keys.algorithm().as_str());
    let bytes = |name: &str| base64url(jwk[name].as_str().expect("a member").as_bytes()).expect("base64url");
    let signature = keys.sign(b"message").expect("a key that was taken signs");
    let verified = match keys.algorithm() {
        Algorithm::Es256 => {
            let point = [&[4][..], &bytes("x"), &bytes("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(b"message", &signature)
        }
        rsa => {
            let parameters = match rsa {
                Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
                _ => &RSA_PSS_2048_8192_SHA256,
            };
            PublicKeyComponents { n: bytes("n"), e: bytes("e") }.verify(parameters, b"message", &signature)
        }
    };
    assert!(verified.is_ok(), "what is published does not verify what was signed");
    assert_repeats_nothing(&format!("{keys:?}"), text);
}

/// RFC 7638: the hash of the required members, in the order of their names.
fn thumbprint(jwk: &Value) -> String {
    let names: &[&str] = if jwk["kty"] == "RSA" { &["e", "kty", "n"] } else { &["crv", "kty", "x", "y"] };
    let members: Vec<_> = names.iter().map(|name| format!(r#""{name}":{}"#, jwk[*name])).collect();
    let hash = digest(&SHA256, format!("{{{}}}", members.join(",")).as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hash)
}

fn assert_repeats_nothing(told: &str, text: &str) {
    let words = text.split_whitespace().filter(|word| word.len() > 20);
    words.for_each(|word| assert!(!told.contains(word), "a key is shown: {told}"));
}
