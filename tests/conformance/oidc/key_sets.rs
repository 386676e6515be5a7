//! Key sets: which keys in them count. TOK-18 of the security matrix.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use hourgate::issuer::keys::{Algorithm, SigningKey};
use hourgate::oidc::jws::{Jws, JwsError};
use hourgate::oidc::keys::{self, WeakKey};
use hourgate::oidc::metadata::DocumentError;
use hourgate::provider::settings::SigningAlgorithm;
use openidconnect::JsonWebKey;
use openidconnect::core::CoreJsonWebKeySet;
use serde_json::{Value, json};

fn parse(keys: Value) -> Result<(CoreJsonWebKeySet, Vec<WeakKey>), DocumentError> {
    keys::parse(json!({ "keys": keys }).to_string().as_bytes())
}

fn good() -> Value {
    SigningKey::generate(Algorithm::Es256).unwrap().jwk().clone()
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

/// An RSA key of this length, published as `n` and `e`.
fn rsa(bits: usize) -> Value {
    let mut modulus = vec![0xff; bits / 8];
    modulus[0] = 0x80;
    json!({ "kty": "RSA", "kid": "rsa", "alg": "RS256", "use": "sig", "n": BASE64URL.encode(&modulus), "e": "AQAB" })
}

#[test]
fn tok_18_weak_keys_are_left_out_and_named() {
    let off_the_curve = with(good(), "y", BASE64URL.encode([7; 32]).into());
    let short = with(good(), "x", "AAAA".into());
    let zero_padded = {
        let mut modulus = vec![0; 200];
        modulus.extend([0xff; 128]);
        with(rsa(2048), "n", BASE64URL.encode(&modulus).into())
    };
    for weak in [
        rsa(512),
        rsa(1024),
        rsa(2040),
        zero_padded,
        with(rsa(2048), "n", "".into()),
        with(rsa(2048), "e", "AQ".into()),
        with(rsa(2048), "e", "AA".into()),
        rsa(16_384),
        off_the_curve,
        short,
        with(good(), "d", "AAAA".into()),
        json!({ "kty": "oct", "kid": "mac", "k": "AAAA", "alg": "HS256" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AAAA" }),
    ] {
        let beside = good();
        let (keys, named) = parse(json!([weak, beside])).unwrap();
        let kids: Vec<&str> = keys.keys().iter().filter_map(|key| Some(key.key_id()?.as_str())).collect();
        assert_eq!(kids, [beside["kid"].as_str().unwrap()], "{weak}");
        assert_eq!(named.len(), 1, "{weak}: {named:?}");
        assert_eq!(named[0].kid.as_deref(), weak["kid"].as_str(), "{weak}");
        assert!(
            matches!(parse(json!([weak])), Err(DocumentError::KeyCount(0))),
            "alone it replaces nothing: {weak}"
        );
    }
    let (keys, named) = parse(json!([rsa(2048), rsa(4096)])).unwrap();
    assert_eq!((keys.keys().len(), named.len()), (2, 0));
}

#[test]
fn tok_18_a_key_of_another_use_or_kind_is_not_for_signatures() {
    let key = good();
    for other in [
        with(key.clone(), "use", "enc".into()),
        with(key.clone(), "alg", "RS256".into()),
        with(key.clone(), "alg", "ECDH-ES".into()),
        with(key.clone(), "kty", "RSA".into()),
        with(key.clone(), "crv", "P-384".into()),
        with(key, "kty", "oracle".into()),
        json!({ "kty": "RSA", "n": 5, "e": [] }),
        json!("key"),
        json!(null),
    ] {
        assert!(matches!(parse(json!([other])), Err(DocumentError::KeyCount(0))), "{other}");
    }
}

#[test]
fn key_05_a_set_of_no_use_is_an_error_and_replaces_nothing() {
    for document in
        ["{\"keys\":[]}", "{}", "[]", "", "<html>", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "null"]
    {
        assert!(keys::parse(document.as_bytes()).is_err(), "{document}");
    }
    assert!(matches!(parse(json!(vec![good(); 101])), Err(DocumentError::KeyCount(101))));
}

fn signed_by(key: &SigningKey, kid: Option<&str>) -> String {
    let mut header = json!({ "alg": key.algorithm().as_str() });
    if let Some(kid) = kid {
        header["kid"] = kid.into();
    }
    let input = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode("{}"));
    format!("{input}.{}", BASE64URL.encode(key.sign(input.as_bytes()).unwrap()))
}

fn judge(token: &str, keys: &CoreJsonWebKeySet) -> Result<(), JwsError> {
    Jws::parse(token)?.verify(keys, &SigningAlgorithm::ALL).map(drop)
}

#[test]
fn tok_18_where_two_keys_share_a_kid_the_one_that_fits_the_algorithm_counts() {
    let (ec, other_ec, rsa) = (Algorithm::Es256, Algorithm::Es256, Algorithm::Rs256);
    let [ec, other_ec, rsa] = [ec, other_ec, rsa].map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let same = |key: &SigningKey| with(key.jwk().clone(), "kid", "same".into());
    let (keys, _) = parse(json!([same(&rsa), same(&other_ec), same(&ec)])).unwrap();
    for key in [&ec, &other_ec, &rsa] {
        assert_eq!(judge(&signed_by(key, Some("same")), &keys), Ok(()));
    }
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(judge(&signed_by(&stranger, Some("same")), &keys), Err(JwsError::Signature));
    assert_eq!(
        judge(&signed_by(&ec, Some("other")), &keys),
        Err(JwsError::UnknownKey),
        "a kid is never ignored"
    );
}

#[test]
fn tok_18_without_a_kid_at_most_eight_keys_are_tried() {
    let all: Vec<SigningKey> = (0..9).map(|_| SigningKey::generate(Algorithm::Es256).unwrap()).collect();
    let (keys, _) = parse(all.iter().map(|key| key.jwk().clone()).collect()).unwrap();
    assert_eq!(judge(&signed_by(&all[7], None), &keys), Ok(()));
    assert_eq!(judge(&signed_by(&all[8], None), &keys), Err(JwsError::UnknownKey));
    assert_eq!(judge(&signed_by(&all[8], Some(all[8].kid())), &keys), Ok(()));
}
