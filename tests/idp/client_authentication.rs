//! Clients that sign, requests that are pushed, and answers by form.

use std::time::Duration;

use hourgate::issuer::client_assertion::TYPE;
use hourgate::issuer::jws::{self, Object};
use hourgate::issuer::keys::{Algorithm, SigningKey};
use hourgate::time::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Browser, CALLBACK, House, Reply, VERIFIER, query};

/// A client that signs.
struct Signing<'a> {
    house: &'a House,
    key: SigningKey,
    used: std::cell::Cell<u32>,
}

impl<'a> Signing<'a> {
    async fn registered(house: &'a House) -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let body = json!({ "jwks": { "keys": [key.jwk()] }, "redirect_uris": [CALLBACK] });
        house.set(Method::PUT, "/clients/app", body).await;
        Self { house, key, used: std::cell::Cell::new(0) }
    }

    fn assertion(&self, audience: Value) -> String {
        self.used.set(self.used.get() + 1);
        let claims = json!({
            "iss": "app", "sub": "app", "aud": audience, "jti": self.used.get().to_string(),
            "exp": self.house.clock.now().as_secs() + 60,
        });
        let claims: Object = claims.as_object().unwrap().clone();
        jws::sign(&self.key, &claims).unwrap()
    }

    async fn post(&self, path: &str, assertion: &str, form: &[(&str, &str)]) -> Reply {
        let proof = [("client_assertion_type", TYPE), ("client_assertion", assertion)];
        self.house.try_form(path, None, &[form, &proof].concat()).await.unwrap()
    }
}

fn redemption(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

async fn push(house: &House, changes: &[(&str, &str)]) -> Reply {
    let pairs = pairs(&query(changes));
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    house.form("/t1/par", &pairs).await
}

async fn pushed(house: &House, changes: &[(&str, &str)]) -> String {
    let reply = push(house, changes).await;
    assert_eq!((reply.status, &reply.json()["expires_in"]), (201, &json!(60)), "{reply:?}");
    reply.json()["request_uri"].as_str().unwrap().to_owned()
}

fn by_name(name: &str) -> String {
    let pairs = [("client_id", "app"), ("request_uri", name)];
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[tokio::test]
async fn a_client_that_signs_is_taken_by_its_signature_alone() {
    let house = House::open().await;
    let client = Signing::registered(&house).await;
    let issuer = json!(house.issuer());
    let code = house.code("alice").await;
    for audience in [json!([house.issuer()]), json!(format!("{}/token", house.issuer())), Value::Null] {
        let refused = client.post("/t1/token", &client.assertion(audience), &redemption(&code)).await;
        assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_client"));
    }
    assert_eq!(house.redeem(&code).await.status, 401, "a secret is no proof of this client");
    let assertion = client.assertion(issuer.clone());
    let tokens = client.post("/t1/token", &assertion, &redemption(&code)).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let refresh_token = tokens.json()["refresh_token"].as_str().unwrap().to_owned();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];
    assert_eq!(client.post("/t1/token", &assertion, &refresh).await.status, 401, "it was used before");
    assert_eq!(client.post("/t1/token", &client.assertion(issuer.clone()), &refresh).await.status, 200);
    let revoke = [("token", refresh_token.as_str())];
    assert_eq!(client.post("/t1/revoke", &client.assertion(issuer.clone()), &revoke).await.status, 200);
    assert_eq!(client.post("/t1/token", &client.assertion(issuer), &refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_client_has_a_secret_or_public_keys() {
    let house = House::open().await;
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwks = json!({ "keys": [key.jwk()] });
    for (body, field) in [
        (json!({ "redirect_uris": [] }), "secret"),
        (json!({ "secret": "s", "jwks": jwks, "redirect_uris": [] }), "secret"),
        (json!({ "jwks": { "keys": [] }, "redirect_uris": [] }), "jwks"),
        (json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AA" }] }, "redirect_uris": [] }), "jwks"),
    ] {
        let refused = house.control(Method::PUT, "/clients/app", body).await;
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{refused:?}");
    }
    let _client = Signing::registered(&house).await;
    let shown = house.control(Method::GET, "/clients/app", Value::Null).await.json();
    assert_eq!(shown["jwks"]["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_pushed_request_is_good_once_for_its_client_and_for_a_minute() {
    let house = House::open().await;
    assert_eq!(push(&house, &[]).await.status, 404, "not offered");
    house.set(Method::PUT, "/pushed-requests", json!({ "offered": true })).await;
    let metadata = house.get("/t1/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{}/par", house.issuer()));
    assert_eq!(metadata["require_pushed_authorization_requests"], false);

    let name = pushed(&house, &[]).await;
    let others = by_name(&name).replace("app", "other");
    assert_eq!(house.get(&format!("/t1/authorize?{others}")).await.status, 400);
    let page = house.get(&format!("/t1/authorize?{}", by_name(&name))).await;
    assert!(page.status == 200 && page.body.contains("user-alice"), "{page:?}");
    assert_eq!(house.get(&format!("/t1/authorize?{}", by_name(&name))).await.status, 400, "only once");
    house.clock.advance(Duration::from_secs(120));
    let mut browser = Browser::new(&house);
    let form = [("request", by_name(&name)), ("user", "alice".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.go(Method::POST, "/t1/login", &form).await;
    assert_eq!(house.redeem(&answer.returned("code").unwrap()).await.status, 200);
    assert_eq!(browser.go(Method::POST, "/t1/login", &form).await.status, 400, "it was answered");

    let name = pushed(&house, &[]).await;
    house.clock.advance(Duration::from_secs(60));
    assert_eq!(house.get(&format!("/t1/authorize?{}", by_name(&name))).await.status, 400);
}

#[tokio::test]
async fn what_is_pushed_is_looked_at_at_once() {
    let house = House::open().await;
    house.set(Method::PUT, "/pushed-requests", json!({ "offered": true, "required": true })).await;
    for (changes, error) in [
        (&[("redirect_uri", "http://evil.example/")][..], "invalid_request"),
        (&[("scope", "email")], "invalid_scope"),
        (&[("client_id", "other")], "invalid_request"),
        (&[("request_uri", "urn:x")], "request_uri_not_supported"),
    ] {
        let refused = push(&house, changes).await;
        assert_eq!((refused.status, refused.error().as_str()), (400, error), "{changes:?}");
    }
    let plain = Browser::new(&house).authorize(&[]).await;
    assert_eq!(plain.returned("error").as_deref(), Some("invalid_request"), "requests must be pushed");
    let refused =
        house.control(Method::PUT, "/pushed-requests", json!({ "offered": false, "required": true })).await;
    assert_eq!(refused.json()["field"], "required");
}

#[tokio::test]
async fn an_answer_by_form_sends_itself_and_has_a_button_for_those_without_script() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let by_form = [("response_mode", "form_post"), ("state", "\"><script>")];
    for button in [("user", "alice"), ("deny", "1")] {
        let page = browser.press(button, &by_form).await;
        assert_eq!((page.status, page.header("location")), (200, ""));
        let policy = page.header("content-security-policy");
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(page.body.matches("<script").count(), 1);
        assert!(page.body.contains(&format!("<script nonce=\"{nonce}\">")), "{}", page.body);
        for part in [
            &format!("<form method=\"post\" action=\"{CALLBACK}\"") as &str,
            "data-testid=\"continue\"",
            &format!("name=\"iss\" value=\"{}\"", house.issuer()),
            if button.0 == "user" {
                "name=\"code\" value=\"hgc."
            } else {
                "name=\"error\" value=\"access_denied\""
            },
        ] {
            assert!(page.body.contains(part), "{part} is not in {}", page.body);
        }
    }
    assert!(browser.cookie.is_some(), "the browser is signed in at the provider");
    assert!(
        !browser.press(("user", "alice"), &[]).await.header("content-security-policy").contains("script")
    );
}
