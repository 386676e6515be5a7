use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const ISSUER: &str = "https://idp.example";
const EXPECTED: Expected<'_> = Expected {
    issuer: ISSUER,
    client_id: "hourgate",
    algorithms: &[SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256],
};

/// An issuer with one key.
struct Issuer(Ed25519KeyPair);

impl Issuer {
    fn new() -> Self {
        Self::of_seed(1)
    }

    fn of_seed(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn jwk(&self, kid: &str) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.0.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x })
    }

    fn keys(&self) -> CoreJsonWebKeySet {
        keys(&[self.jwk("k")])
    }

    fn sign_text(&self, header: &str, claims: &str) -> String {
        let encode = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
        let input = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        format!("{input}.{}", encode(self.0.sign(input.as_bytes()).as_ref()))
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A good token with changes: `null` takes a member away.
    fn token(&self, header_changes: Value, claim_changes: Value) -> String {
        self.sign(&changed(header(), header_changes), &changed(claims(), claim_changes))
    }

    fn judge(&self, header_changes: Value, claim_changes: Value) -> Result<Whose, LogoutTokenError> {
        let token = self.token(header_changes, claim_changes);
        verify(&token, &self.keys(), &EXPECTED, NOW).map(|verified| verified.whose)
    }
}

fn keys(keys: &[Value]) -> CoreJsonWebKeySet {
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "kid": "k", "typ": "logout+jwt" })
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "hourgate", "iat": NOW.as_secs(), "exp": NOW.as_secs() + 120, "jti": "j",
        "events": { EVENT: {} }, "sub": "alice", "sid": "s",
    })
}

fn changed(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

#[test]
fn a_good_token_says_whose_sessions_end() {
    let issuer = Issuer::new();
    let both = Whose::UsersIdpSession { subject: "alice".into(), sid: "s".into() };
    for good in [
        json!({}),
        json!({ "typ": "JWT" }),
        json!({ "typ": null }),
        json!({ "typ": "application/LOGOUT+jwt" }),
    ] {
        assert_eq!(issuer.judge(good.clone(), json!({})), Ok(both.clone()), "{good}");
    }
    assert_eq!(issuer.judge(json!({}), json!({ "sid": null })), Ok(Whose::User("alice".into())));
    assert_eq!(issuer.judge(json!({}), json!({ "sub": null })), Ok(Whose::IdpSession("s".into())));
    assert_eq!(issuer.judge(json!({}), json!({ "aud": ["hourgate"] })), Ok(both.clone()));
    let others_too =
        json!({ "events": { EVENT: {}, "https://other.example": {} }, "unknown": 1, "toe": "s" });
    assert_eq!(issuer.judge(json!({}), others_too), Ok(both));
}

#[test]
fn log_04_whatever_is_wrong_with_a_token_refuses_it() {
    use LogoutTokenError as E;
    let (issuer, now) = (Issuer::new(), NOW.as_secs());
    for (header, claims, expected) in [
        (json!({ "alg": "none" }), json!({}), E::Jws(JwsError::Algorithm)),
        (json!({ "alg": "HS256" }), json!({}), E::Jws(JwsError::Algorithm)),
        (json!({ "alg": "ES384" }), json!({}), E::Jws(JwsError::Algorithm)),
        (json!({ "alg": "RS256" }), json!({}), E::Jws(JwsError::UnknownKey)),
        (json!({ "alg": null }), json!({}), E::Malformed),
        (json!({ "kid": "other" }), json!({}), E::Jws(JwsError::UnknownKey)),
        (json!({ "kid": 5 }), json!({}), E::Malformed),
        (json!({ "typ": "at+jwt" }), json!({}), E::WrongType),
        (json!({ "typ": "" }), json!({}), E::WrongType),
        (json!({ "typ": "application/at+jwt" }), json!({}), E::WrongType),
        (json!({ "cty": "JWT" }), json!({}), E::WrongType),
        (json!({ "crit": ["exp"] }), json!({}), E::WrongType),
        (json!({}), json!({ "iss": "https://idp.example/" }), E::Issuer),
        (json!({}), json!({ "iss": null }), E::Malformed),
        (json!({}), json!({ "aud": "other" }), E::Audience),
        (json!({}), json!({ "aud": ["hourgate", "other"] }), E::Audience),
        (json!({}), json!({ "aud": [] }), E::Audience),
        (json!({}), json!({ "aud": ["hourgate", "hourgate"] }), E::Audience),
        (json!({}), json!({ "aud": null }), E::Malformed),
        (json!({}), json!({ "iat": null }), E::Malformed),
        (json!({}), json!({ "iat": now.to_string() }), E::Malformed),
        (json!({}), json!({ "iat": now + 61 }), E::NotYetValid),
        (json!({}), json!({ "iat": now - 660, "exp": now + 3600 }), E::Expired),
        (json!({}), json!({ "nbf": now + 61 }), E::NotYetValid),
        (json!({}), json!({ "exp": now - 60 }), E::Expired),
        (json!({}), json!({ "exp": null }), E::Malformed),
        (json!({}), json!({ "jti": null }), E::Malformed),
        (json!({}), json!({ "jti": "" }), E::Malformed),
        (json!({}), json!({ "events": null }), E::Event),
        (json!({}), json!({ "events": {} }), E::Event),
        (json!({}), json!({ "events": { "https://other.example": {} } }), E::Event),
        (json!({}), json!({ "events": { EVENT: true } }), E::Event),
        (json!({}), json!({ "events": EVENT }), E::Event),
        (json!({}), json!({ "events": [EVENT] }), E::Event),
        (json!({}), json!({ "nonce": "n" }), E::Nonce),
        (json!({}), json!({ "sub": null, "sid": null }), E::Nobody),
        (json!({}), json!({ "sub": "" }), E::Malformed),
        (json!({}), json!({ "sid": "" }), E::Malformed),
        (json!({}), json!({ "sub": 1 }), E::Malformed),
        (json!({}), json!({ "pad": "x".repeat(LONGEST) }), E::Malformed),
    ] {
        assert_eq!(issuer.judge(header.clone(), claims.clone()), Err(expected), "{header} {claims}");
    }
}

#[test]
fn whichever_part_of_it_is_wrong_the_reason_code_is_a_logout_tokens_own() {
    let codes = [
        (JwsError::TooLong, "logout_token_malformed"),
        (JwsError::Malformed, "logout_token_malformed"),
        (JwsError::Special, "logout_token_type"),
        (JwsError::Algorithm, "logout_token_alg"),
        (JwsError::UnknownKey, "logout_token_unknown_key"),
        (JwsError::Signature, "logout_token_signature"),
    ];
    for (error, code) in codes {
        assert_eq!(LogoutTokenError::from(error).code(), code);
        assert_eq!(LogoutTokenError::Jws(error).code(), code);
    }
    assert_eq!(
        LogoutTokenError::from(JwsError::Special).to_string(),
        LogoutTokenError::WrongType.to_string()
    );
}

#[test]
fn null_is_not_absent() {
    let issuer = Issuer::new();
    for (name, expected) in [
        ("nonce", LogoutTokenError::Nonce),
        ("sub", LogoutTokenError::Malformed),
        ("sid", LogoutTokenError::Malformed),
        ("nbf", LogoutTokenError::Malformed),
    ] {
        let mut claims = claims();
        claims[name] = Value::Null;
        let token = issuer.sign(&header(), &claims);
        assert_eq!(verify(&token, &issuer.keys(), &EXPECTED, NOW), Err(expected), "{name}");
    }
}

#[test]
fn what_stands_twice_refuses_a_token() {
    let issuer = Issuer::new();
    let (header, claims) = (header().to_string(), claims().to_string());
    let twice = claims.replacen('{', r#"{"sub":"bob","#, 1);
    let in_events = claims.replace(&format!(r#""{EVENT}":{{}}"#), &format!(r#""{EVENT}":1,"{EVENT}":{{}}"#));
    let in_header = header.replacen('{', r#"{"alg":"none","#, 1);
    assert!(in_events.len() > claims.len());
    for (header, claims) in [(&header, &twice), (&header, &in_events), (&in_header, &claims)] {
        let token = issuer.sign_text(header, claims);
        let judged = verify(&token, &issuer.keys(), &EXPECTED, NOW);
        assert_eq!(judged, Err(LogoutTokenError::Malformed), "{header} {claims}");
    }
}

#[test]
fn the_clocks_may_differ_by_a_minute() {
    let (issuer, now) = (Issuer::new(), NOW.as_secs());
    for good in [
        json!({ "iat": now + 60 }),
        json!({ "exp": now - 59 }),
        json!({ "iat": now - 659, "exp": now + 3600 }),
        json!({ "nbf": now + 60 }),
    ] {
        assert!(issuer.judge(json!({}), good.clone()).is_ok(), "{good}");
    }
}

#[test]
fn only_a_key_of_the_issuer_signs() {
    let (issuer, stranger) = (Issuer::new(), Issuer::of_seed(2));
    let judged = |token: &str, keys: &CoreJsonWebKeySet| verify(token, keys, &EXPECTED, NOW).map(drop);
    let forged = stranger.token(json!({}), json!({}));
    assert_eq!(judged(&forged, &issuer.keys()), Err(LogoutTokenError::Jws(JwsError::Signature)));
    let brings_its_own =
        stranger.token(json!({ "jwk": stranger.jwk("k"), "jku": "https://x.example" }), json!({}));
    assert_eq!(judged(&brings_its_own, &issuer.keys()), Err(LogoutTokenError::Jws(JwsError::Signature)));

    let mut encrypts = issuer.jwk("k");
    encrypts["use"] = "enc".into();
    let good = issuer.token(json!({}), json!({}));
    assert_eq!(judged(&good, &keys(&[encrypts])), Err(LogoutTokenError::Jws(JwsError::UnknownKey)));
}

#[test]
fn dos_06_a_token_that_anybody_can_send_costs_one_signature_check_at_most_and_is_short() {
    let (issuer, stranger) = (Issuer::new(), Issuer::of_seed(2));
    let judged = |token: &str, keys: &CoreJsonWebKeySet| verify(token, keys, &EXPECTED, NOW).map(drop);
    let nameless = issuer.token(json!({ "kid": null }), json!({}));
    assert_eq!(judged(&nameless, &issuer.keys()), Ok(()), "there is only one key");
    let two = keys(&[issuer.jwk("k"), stranger.jwk("other")]);
    let unknown = Err(LogoutTokenError::Jws(JwsError::UnknownKey));
    assert_eq!(judged(&nameless, &two), unknown, "of several keys none is tried");
    let alike = keys(&[issuer.jwk("k"), stranger.jwk("k")]);
    assert_eq!(judged(&issuer.token(json!({}), json!({})), &alike), unknown, "nor of several of one name");
    let long = format!("{}.{}.x", "a".repeat(LONGEST), "b".repeat(LONGEST));
    assert_eq!(judged(&long, &issuer.keys()), Err(LogoutTokenError::Malformed), "not even looked into");
}

#[test]
fn an_id_token_is_no_logout_token() {
    let issuer = Issuer::new();
    let id_token = json!({ "events": null, "nonce": "n", "jti": null, "auth_time": NOW.as_secs() });
    assert!(issuer.judge(json!({ "typ": "JWT" }), id_token).is_err());
}

proptest! {
    #[test]
    fn no_text_passes_or_panics(text in "\\PC{0,200}", parts in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,90}") {
        let empty = CoreJsonWebKeySet::new(Vec::new());
        prop_assert!(verify(&text, &empty, &EXPECTED, NOW).is_err());
        prop_assert!(verify(&parts, &empty, &EXPECTED, NOW).is_err());
    }

    #[test]
    fn no_changed_byte_passes(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let issuer = Issuer::new();
        let mut token = issuer.token(json!({}), json!({})).into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != byte);
        token[at] = byte;
        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(verify(&token, &issuer.keys(), &EXPECTED, NOW).is_err());
        }
    }
}
