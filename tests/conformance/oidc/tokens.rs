//! ID tokens beyond the modules: one function, many tokens. Area TOK of the security matrix.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use hourgate::issuer::keys::{Algorithm, SigningKey};
use hourgate::oidc::id_token::{self, Expected, ExpectedNonce, IdTokenError, LEEWAY, VerifiedIdToken};
use hourgate::oidc::jws::JwsError;
use hourgate::oidc::keys;
use hourgate::provider::settings::{Settings, SigningAlgorithm};
use hourgate::time::Timestamp;
use openidconnect::AccessToken;
use openidconnect::core::CoreJsonWebKeySet;
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const ISSUER: &str = "https://idp.example/t1";
const SECOND: Duration = Duration::from_secs(1);

fn at(timestamp: Timestamp) -> Value {
    json!(timestamp.as_secs())
}

/// An issuer with one key.
struct Issuer {
    key: SigningKey,
    keys: CoreJsonWebKeySet,
}

impl Issuer {
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let (keys, weak) = keys::parse(json!({ "keys": [key.jwk()] }).to_string().as_bytes()).unwrap();
        assert!(weak.is_empty());
        Self { key, keys }
    }

    fn header(&self) -> Value {
        json!({ "alg": self.key.algorithm().as_str(), "kid": self.key.kid(), "typ": "JWT" })
    }

    /// Well signed, whatever it says.
    fn sign(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
        format!("{input}.{}", BASE64URL.encode(self.key.sign(input.as_bytes()).unwrap()))
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    fn judge(&self, token: &str) -> Result<VerifiedIdToken, IdTokenError> {
        self.judge_for(token, ExpectedNonce::Required("the nonce"), &Settings::DEFAULT_ALGORITHMS)
    }

    fn judge_for(
        &self,
        token: &str,
        nonce: ExpectedNonce<'_>,
        algorithms: &[SigningAlgorithm],
    ) -> Result<VerifiedIdToken, IdTokenError> {
        let expected = Expected {
            issuer: ISSUER,
            client_id: "hourgate",
            algorithms,
            nonce,
            access_token: &AccessToken::new("access".into()),
            code: Some("code"),
            authenticated_since: None,
        };
        id_token::verify(token, &self.keys, &expected, NOW)
    }

    fn refusal(&self, token: &str) -> IdTokenError {
        self.judge(token).expect_err(token)
    }

    /// The refusal of a token whose claims were changed, and nothing else.
    fn refusal_with(&self, change: impl FnOnce(&mut Value)) -> IdTokenError {
        let mut claims = claims();
        change(&mut claims);
        self.refusal(&self.token(&claims))
    }

    fn accepts_with(&self, change: impl FnOnce(&mut Value)) {
        let mut claims = claims();
        change(&mut claims);
        if let Err(error) = self.judge(&self.token(&claims)) {
            panic!("{error}: {claims}");
        }
    }

    /// The refusal of a token whose header was changed, and nothing else.
    fn refusal_with_header(&self, change: impl FnOnce(&mut Value)) -> IdTokenError {
        let mut header = self.header();
        change(&mut header);
        self.refusal(&self.sign(&header.to_string(), &claims().to_string()))
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "alice", "aud": "hourgate", "azp": "hourgate", "nonce": "the nonce",
        "iat": at(NOW), "exp": at(NOW.plus(SECOND * 3600)), "auth_time": at(NOW),
    })
}

#[test]
fn what_the_others_spoil_is_a_good_token_without() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let issuer = Issuer::new(algorithm);
        assert_eq!(issuer.judge(&issuer.token(&claims())).unwrap().subject(), "alice");
    }
}

#[test]
fn tmo_05_credentials_that_were_entered_before_they_were_asked_for_do_not_count() {
    let issuer = Issuer::new(Algorithm::Es256);
    let judge = |auth_time: Value| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove("auth_time");
        if !auth_time.is_null() {
            claims["auth_time"] = auth_time;
        }
        let expected = Expected {
            issuer: ISSUER,
            client_id: "hourgate",
            algorithms: &Settings::DEFAULT_ALGORITHMS,
            nonce: ExpectedNonce::Required("the nonce"),
            access_token: &AccessToken::new("access".into()),
            code: Some("code"),
            authenticated_since: Some(NOW),
        };
        id_token::verify(&issuer.token(&claims), &issuer.keys, &expected, NOW).map(drop)
    };
    assert_eq!(judge(json!(at(NOW))), Ok(()));
    assert_eq!(judge(json!(at(NOW.minus(SECOND * 60)))), Ok(()), "clocks may differ by a minute");
    assert_eq!(judge(json!(at(NOW.minus(SECOND * 61)))), Err(IdTokenError::AuthTimeTooOld));
    assert_eq!(judge(json!(at(NOW.minus(SECOND * 86_400)))), Err(IdTokenError::AuthTimeTooOld));
    assert_eq!(judge(Value::Null), Err(IdTokenError::AuthTimeMissing));
}

#[test]
fn tok_01_an_unsigned_token_is_refused_however_it_is_spelt() {
    let issuer = Issuer::new(Algorithm::Es256);
    for alg in ["none", "None", "nOnE", "NONE", "", " ", "null"] {
        let header = json!({ "alg": alg, "kid": issuer.key.kid() }).to_string();
        let signed = issuer.sign(&header, &claims().to_string());
        let (input, _) = signed.rsplit_once('.').unwrap();
        for token in [signed.clone(), format!("{input}.")] {
            assert_eq!(issuer.refusal(&token), IdTokenError::Jws(JwsError::Algorithm), "{alg:?}");
        }
        assert_eq!(issuer.refusal(input), IdTokenError::Malformed, "{alg:?}, in two parts");
    }
    for header in [json!({}), json!({ "alg": null }), json!({ "alg": ["none"] }), json!([])] {
        let token = issuer.sign(&header.to_string(), &claims().to_string());
        assert_eq!(issuer.refusal(&token), IdTokenError::Malformed, "{header}");
    }
    let (input, _) =
        issuer.token(&claims()).rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(
        issuer.refusal(&format!("{input}.")),
        IdTokenError::Jws(JwsError::Signature),
        "no signature under a good header"
    );
}

#[test]
fn tok_02_what_is_public_is_no_key_of_a_mac() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let issuer = Issuer::new(algorithm);
        let jwk = issuer.key.jwk();
        let member = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        let raw =
            [member("n"), member("e"), member("x"), member("y")].map(|text| BASE64URL.decode(text).unwrap());
        let secrets = [
            jwk.to_string().into_bytes(),
            raw.concat(),
            raw[0].clone(),
            [&[4][..], &raw[2], &raw[3]].concat(),
            b"secret".to_vec(),
            Vec::new(),
        ];
        let macs = [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)];
        for (alg, mac) in macs {
            for secret in &secrets {
                let header = json!({ "alg": alg, "kid": issuer.key.kid() }).to_string();
                let input =
                    format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims().to_string()));
                let tag = hmac::sign(&hmac::Key::new(mac, secret), input.as_bytes());
                let token = format!("{input}.{}", BASE64URL.encode(tag));
                assert_eq!(issuer.refusal(&token), IdTokenError::Jws(JwsError::Algorithm), "{alg}");
                // Not even an operator can allow it: there is no such name.
                assert!(alg.parse::<SigningAlgorithm>().is_err());
            }
        }
    }
}

#[test]
fn tok_02_an_algorithm_counts_only_with_a_key_of_its_type() {
    let (ec, rsa) = (Issuer::new(Algorithm::Es256), Issuer::new(Algorithm::Rs256));
    for (issuer, alg, expected) in [
        (&ec, "RS256", IdTokenError::Jws(JwsError::UnknownKey)),
        (&ec, "ES384", IdTokenError::Jws(JwsError::Algorithm)),
        (&ec, "EdDSA", IdTokenError::Jws(JwsError::UnknownKey)),
        (&rsa, "ES256", IdTokenError::Jws(JwsError::UnknownKey)),
        // The key says that it is for RS256.
        (&rsa, "PS256", IdTokenError::Jws(JwsError::UnknownKey)),
    ] {
        assert_eq!(issuer.refusal_with_header(|header| header["alg"] = alg.into()), expected, "{alg}");
    }
    let only_rsa = [SigningAlgorithm::Rs256];
    let refused = ec.judge_for(&ec.token(&claims()), ExpectedNonce::Required("the nonce"), &only_rsa);
    assert_eq!(refused.unwrap_err(), IdTokenError::Jws(JwsError::Algorithm));
}

#[test]
fn tok_03_a_key_that_a_token_brings_along_is_not_even_looked_at() {
    let (issuer, attacker) = (Issuer::new(Algorithm::Es256), Issuer::new(Algorithm::Es256));
    for (name, value) in [
        ("jwk", attacker.key.jwk().clone()),
        ("jku", json!("http://169.254.169.254/jwks")),
        ("x5u", json!("http://127.0.0.1:1/cert")),
        ("x5c", json!(["MIIB"])),
    ] {
        for (kid, expected) in [
            (issuer.key.kid(), IdTokenError::Jws(JwsError::Signature)),
            (attacker.key.kid(), IdTokenError::Jws(JwsError::UnknownKey)),
        ] {
            let header = json!({ "alg": "ES256", "kid": kid, name: value }).to_string();
            assert_eq!(issuer.refusal(&attacker.sign(&header, &claims().to_string())), expected, "{name}");
        }
        // Nor does it harm where it stands beside a good signature.
        let header = json!({ "alg": "ES256", "kid": issuer.key.kid(), name: value }).to_string();
        assert!(issuer.judge(&issuer.sign(&header, &claims().to_string())).is_ok(), "{name}");
    }
}

#[test]
fn tok_04_and_tok_08_a_header_that_changes_the_meaning_of_the_rest_is_refused() {
    let issuer = Issuer::new(Algorithm::Es256);
    for (name, value) in [
        ("enc", json!("A128GCM")),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
    ] {
        let refusal = issuer.refusal_with_header(|header| header[name] = value.clone());
        assert_eq!(refusal, IdTokenError::WrongType, "{name}: {value}");
    }
    let inner = issuer.token(&claims());
    let nested = issuer.sign(&json!({ "alg": "ES256", "kid": issuer.key.kid() }).to_string(), &inner);
    assert_eq!(issuer.refusal(&nested), IdTokenError::Malformed, "a JWT in a JWT");
    assert_eq!(issuer.refusal(&format!("{inner}.{inner}")), IdTokenError::Malformed, "more than three parts");
}

#[test]
fn tok_05_an_instant_of_another_type_or_out_of_range_is_an_error_and_never_absent() {
    let issuer = Issuer::new(Algorithm::Es256);
    for claim in ["exp", "iat", "nbf", "auth_time"] {
        for value in [
            json!("1800000000"),
            json!("NaN"),
            json!(null),
            json!([]),
            json!([1_800_000_000]),
            json!({}),
            json!(true),
            json!(1e300),
            json!(-1),
            json!(-1e300),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(253_402_300_800_i64),
        ] {
            let refusal = issuer.refusal_with(|claims| claims[claim] = value.clone());
            assert_eq!(refusal, IdTokenError::Malformed, "{claim}: {value}");
        }
    }
    for claim in ["iss", "sub", "nonce", "azp", "at_hash", "c_hash", "sid", "tid", "oid"] {
        for value in [json!(null), json!(1), json!(["alice"]), json!({ "alice": 1 }), json!(false)] {
            let refusal = issuer.refusal_with(|claims| claims[claim] = value.clone());
            assert_eq!(refusal, IdTokenError::Malformed, "{claim}: {value}");
        }
    }
    issuer.accepts_with(|claims| claims["iat"] = json!(1_799_999_999.75));
}

proptest! {
    #[test]
    fn tok_05_no_claim_of_any_value_makes_it_panic_or_wrap(
        claim in prop::sample::select(vec!["exp", "iat", "nbf", "auth_time", "aud", "sub", "events"]),
        value in prop_oneof![
            any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from), any::<bool>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ],
    ) {
        let issuer = Issuer::new(Algorithm::Es256);
        let mut claims = claims();
        claims[claim] = value.clone();
        if issuer.judge(&issuer.token(&claims)).is_ok() {
            // Whatever passes is a moment that the rules allow.
            let seconds = value.as_f64();
            let now = 1_800_000_000.0;
            match claim {
                "exp" => prop_assert!(seconds.unwrap() > now - 61.0),
                "iat" | "nbf" | "auth_time" => prop_assert!(seconds.unwrap() < now + 61.0),
                "aud" => prop_assert_eq!(value, "hourgate"),
                "sub" => prop_assert!(value.is_string()),
                _ => prop_assert!(false, "a logout token passed"),
            }
        }
    }

    #[test]
    fn tok_04_no_text_makes_it_panic(token in "[A-Za-z0-9_.=-]{0,200}") {
        prop_assert!(Issuer::new(Algorithm::Es256).judge(&token).is_err());
    }
}

#[test]
fn tok_06_another_kind_of_token_is_no_id_token() {
    let issuer = Issuer::new(Algorithm::Es256);
    for typ in ["at+jwt", "application/at+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "JWT+x", ""] {
        let refusal = issuer.refusal_with_header(|header| header["typ"] = typ.into());
        assert_eq!(refusal, IdTokenError::WrongType, "{typ:?}");
    }
    for events in [json!({ "http://schemas.openid.net/event/backchannel-logout": {} }), json!(null)] {
        let refusal = issuer.refusal_with(|claims| claims["events"] = events.clone());
        assert_eq!(refusal, IdTokenError::WrongType, "{events}");
    }
    assert_eq!(issuer.refusal_with(|claims| claims["aud"] = "another-app".into()), IdTokenError::Audience);
    let without =
        |name: &'static str| move |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(name));
    assert_eq!(issuer.refusal_with(without("nonce")), IdTokenError::Nonce);
    for typ in ["JWT", "jwt", "application/jwt", "JOSE"] {
        let header = json!({ "alg": "ES256", "kid": issuer.key.kid(), "typ": typ }).to_string();
        assert!(issuer.judge(&issuer.sign(&header, &claims().to_string())).is_ok(), "{typ}");
    }
}

#[test]
fn tok_07_the_audience_is_this_client_to_the_letter_and_nobody_else() {
    let issuer = Issuer::new(Algorithm::Es256);
    for audience in [
        json!("hourgate "),
        json!("Hourgate"),
        json!("hourgate2"),
        json!("ourgate"),
        json!("https://hourgate"),
        json!(""),
        json!([]),
        json!(["another-app"]),
        json!(["hourgate", "another-app"]),
        json!(["another-app", "hourgate"]),
        json!(["hourgate", "hourgate"]),
    ] {
        let refusal = issuer.refusal_with(|claims| claims["aud"] = audience.clone());
        assert_eq!(refusal, IdTokenError::Audience, "{audience}");
    }
    for audience in [json!(1), json!(null), json!([1]), json!([["hourgate"]]), json!({ "hourgate": 1 })] {
        let refusal = issuer.refusal_with(|claims| claims["aud"] = audience.clone());
        assert_eq!(refusal, IdTokenError::Malformed, "{audience}");
    }
    for azp in ["another-app", "", "hourgat", "HOURGATE"] {
        assert_eq!(
            issuer.refusal_with(|claims| claims["azp"] = azp.into()),
            IdTokenError::AuthorizedParty,
            "{azp}"
        );
    }
    issuer.accepts_with(|claims| claims["aud"] = json!(["hourgate"]));
    issuer.accepts_with(|claims| drop(claims.as_object_mut().unwrap().remove("azp")));
}

#[test]
fn tok_09_a_doubled_member_is_refused_in_header_and_claims() {
    let issuer = Issuer::new(Algorithm::Es256);
    let (header, claims) = (issuer.header().to_string(), claims().to_string());
    for doubled in
        [r#""sub":"admin""#, r#""aud":"another-app""#, r#""exp":9999999999"#, r#""groups":[],"groups":[1]"#]
    {
        let payload = format!("{},{doubled}}}", claims.strip_suffix('}').unwrap());
        assert_eq!(issuer.refusal(&issuer.sign(&header, &payload)), IdTokenError::Malformed, "{doubled}");
    }
    let header = format!("{},\"alg\":\"none\"}}", header.strip_suffix('}').unwrap());
    assert_eq!(issuer.refusal(&issuer.sign(&header, &claims)), IdTokenError::Malformed);
}

#[test]
fn tok_10_a_payload_that_is_no_object_or_too_deep_is_refused() {
    let issuer = Issuer::new(Algorithm::Es256);
    let header = issuer.header().to_string();
    let deep = format!("{{\"a\":{}", "[".repeat(20_000));
    for payload in ["[]", "\"alice\"", "1", "null", "", "{", "\u{feff}{}", deep.as_str()] {
        let refusal = issuer.refusal(&issuer.sign(&header, payload));
        assert_eq!(refusal, IdTokenError::Malformed, "{}", &payload[..payload.len().min(20)]);
    }
}

#[test]
fn tok_11_what_costs_work_before_it_can_be_judged_is_refused_by_its_header() {
    let issuer = Issuer::new(Algorithm::Es256);
    for header in [
        json!({ "alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2_147_483_647, "p2s": "c2FsdA" }),
        json!({ "alg": "dir", "enc": "A256GCM", "zip": "DEF" }),
    ] {
        let part = BASE64URL.encode(header.to_string());
        let token = format!("{part}.AAAA.AAAA.{}.AAAA", "A".repeat(60_000));
        assert!(
            matches!(issuer.refusal(&token), IdTokenError::WrongType | IdTokenError::Malformed),
            "{header}"
        );
        let signed = issuer.sign(&header.to_string(), &claims().to_string());
        assert_eq!(issuer.refusal(&signed), IdTokenError::WrongType, "{header}");
    }
    let header = json!({ "alg": "PBES2-HS512+A256KW", "p2c": 2_147_483_647, "p2s": "c2FsdA" });
    assert_eq!(issuer.refusal(&issuer.sign(&header.to_string(), "{}")), IdTokenError::Malformed);
}

#[test]
fn tok_12_clocks_may_differ_by_a_minute_and_not_by_more() {
    let issuer = Issuer::new(Algorithm::Es256);
    let late = |span: Duration| at(NOW.plus(span));
    let early = |span: Duration| json!(NOW.as_secs() - i64::try_from(span.as_secs()).unwrap());
    issuer.accepts_with(|claims| claims["exp"] = early(LEEWAY - SECOND));
    assert_eq!(issuer.refusal_with(|claims| claims["exp"] = early(LEEWAY)), IdTokenError::Expired);
    assert_eq!(issuer.refusal_with(|claims| claims["exp"] = early(LEEWAY + SECOND)), IdTokenError::Expired);
    for claim in ["iat", "nbf", "auth_time"] {
        issuer.accepts_with(|claims| claims[claim] = late(LEEWAY));
        let refusal = issuer.refusal_with(|claims| claims[claim] = late(LEEWAY + SECOND));
        assert_eq!(refusal, IdTokenError::NotYetValid, "{claim}");
    }
    let day = SECOND * 86_400;
    issuer.accepts_with(|claims| claims["iat"] = early(day));
    assert_eq!(issuer.refusal_with(|claims| claims["iat"] = early(day + SECOND)), IdTokenError::Stale);
}

#[test]
fn tok_13_the_nonce_is_the_one_of_this_sign_in_to_the_letter() {
    let issuer = Issuer::new(Algorithm::Es256);
    for nonce in ["", "the nonc", "the nonce ", "The nonce", "another browser's"] {
        assert_eq!(
            issuer.refusal_with(|claims| claims["nonce"] = nonce.into()),
            IdTokenError::Nonce,
            "{nonce:?}"
        );
        let mut refreshed = claims();
        refreshed["nonce"] = nonce.into();
        let judged = issuer.judge_for(
            &issuer.token(&refreshed),
            ExpectedNonce::IfPresent("the nonce"),
            &Settings::DEFAULT_ALGORITHMS,
        );
        assert_eq!(judged.unwrap_err(), IdTokenError::Nonce, "at a refresh, too: {nonce:?}");
    }
}

#[test]
fn tok_16_the_issuer_is_the_configured_one_to_the_letter() {
    let issuer = Issuer::new(Algorithm::Es256);
    for other in [
        "https://idp.example/t2",
        "https://idp.example/{tenantid}",
        "https://idp.example/t1/",
        "https://IDP.example/t1",
        "https://idp.example:443/t1",
        "http://idp.example/t1",
        "",
    ] {
        assert_eq!(
            issuer.refusal_with(|claims| claims["iss"] = other.into()),
            IdTokenError::Issuer,
            "{other}"
        );
    }
}

#[test]
fn h7_nobody_but_the_issuer_can_say_that_a_token_is_for_somebody_else() {
    let (issuer, attacker) = (Issuer::new(Algorithm::Es256), Issuer::new(Algorithm::Es256));
    for (claim, ours) in
        [("iss", IdTokenError::Issuer), ("aud", IdTokenError::Audience), ("nonce", IdTokenError::Nonce)]
    {
        let mut claims = claims();
        claims[claim] = "another".into();
        assert_eq!(issuer.refusal(&issuer.token(&claims)), ours);
        let forged = attacker.sign(&issuer.header().to_string(), &claims.to_string());
        assert_eq!(issuer.refusal(&forged), IdTokenError::Jws(JwsError::Signature), "{claim}");
        assert_eq!(
            issuer.refusal(&attacker.token(&claims)),
            IdTokenError::Jws(JwsError::UnknownKey),
            "{claim}"
        );
    }
}

#[test]
fn tok_19_a_hash_that_is_there_must_be_right() {
    let issuer = Issuer::new(Algorithm::Es256);
    let half = |text: &str| {
        let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        BASE64URL.encode(&hash.as_ref()[..16])
    };
    for (claim, of, expected) in
        [("at_hash", "access", IdTokenError::AccessTokenHash), ("c_hash", "code", IdTokenError::CodeHash)]
    {
        issuer.accepts_with(|claims| claims[claim] = half(of).into());
        for wrong in [half("another"), String::new(), half(of)[..10].to_owned(), format!("{}=", half(of))] {
            let refusal = issuer.refusal_with(|claims| claims[claim] = wrong.clone().into());
            assert_eq!(refusal, expected, "{claim}: {wrong:?}");
        }
    }
}

#[test]
fn tok_20_a_token_that_is_too_long_is_refused_with_what_to_do_about_it() {
    let issuer = Issuer::new(Algorithm::Es256);
    let groups: Vec<String> = (0..10_000).map(|n| format!("group-{n}")).collect();
    let refusal = issuer.refusal_with(|claims| claims["groups"] = json!(groups));
    assert_eq!(refusal, IdTokenError::Jws(JwsError::TooLong));
    assert!(refusal.to_string().contains("fewer groups"), "{refusal}");
}

#[test]
fn tok_15_a_subject_that_no_header_can_carry_is_refused() {
    let issuer = Issuer::new(Algorithm::Es256);
    for subject in ["adm\u{0}in", "alice\r\n", "\u{85}", "", &"a".repeat(256)] {
        assert_eq!(
            issuer.refusal_with(|claims| claims["sub"] = subject.into()),
            IdTokenError::Malformed,
            "{subject:?}"
        );
    }
}
