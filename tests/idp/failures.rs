//! Faults, outages, key rotation and the clock.

use std::str::FromStr;

use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, ClientSecret, IssuerUrl, Nonce};
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Browser, House, claims, decoded, nothing, query};

#[tokio::test]
async fn a_fault_counts_down_over_sign_in_and_refresh() {
    let house = House::open().await;
    let (token, code) = (house.refresh_token("alice").await, house.code("bob").await);
    house.fault(json!({ "endpoint": "token", "mode": "status", "status": 503, "times": 2 })).await;
    assert_eq!(house.refresh(&token).await.status, 503);
    assert_eq!(house.redeem(&code).await.status, 503);
    assert_eq!(house.refresh(&token).await.status, 200);
    assert_eq!(house.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_fault_without_times_lasts_until_deleted() {
    let house = House::open().await;
    house.fault(json!({ "endpoint": "*", "mode": "status", "status": 502, "body": "bad gateway" })).await;
    for path in ["/t1/jwks", "/t1/.well-known/openid-configuration", "/t1/userinfo", "/t1/authorize"] {
        let reply = house.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (502, "bad gateway"), "{path}");
    }
    assert_eq!(house.control(Method::GET, "/faults", nothing()).await.json().as_array().unwrap().len(), 1);
    house.set(Method::DELETE, "/faults", nothing()).await;
    assert_eq!(house.get("/t1/jwks").await.status, 200);
}

#[tokio::test]
async fn every_way_to_answer_badly() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    let once = async |spec: Value| {
        let mut spec = spec;
        spec["endpoint"] = "token".into();
        spec["times"] = 1.into();
        house.fault(spec).await;
        house.refresh(&token).await
    };
    let garbage = once(json!({ "mode": "garbage" })).await;
    assert_eq!(garbage.header("content-type"), "application/json");
    assert!(serde_json::from_str::<Value>(&garbage.body).is_err());
    let html = once(json!({ "mode": "html" })).await;
    assert!(html.status == 200 && html.header("content-type").starts_with("text/html"));
    let error = once(json!({ "mode": "error", "body": { "error": "temporarily_unavailable" } })).await;
    assert_eq!((error.status, error.error().as_str()), (400, "temporarily_unavailable"));
    let delayed = once(json!({ "mode": "delay", "delay": "1ms" })).await;
    assert_eq!(delayed.status, 200);
    assert_eq!(house.control(Method::GET, "/faults", nothing()).await.json(), json!([]));
}

#[tokio::test]
async fn a_reset_closes_the_connection_and_a_hang_keeps_it() {
    let house = House::open().await;
    house.fault(json!({ "endpoint": "jwks", "mode": "reset", "times": 1 })).await;
    let error = house.send(house.request(Method::GET, "/t1/jwks")).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");

    house.fault(json!({ "endpoint": "jwks", "mode": "hang", "times": 1 })).await;
    let hanging = house.request(Method::GET, "/t1/jwks").timeout(std::time::Duration::from_millis(200));
    assert!(house.send(hanging).await.unwrap_err().is_timeout());
    let journal = house.control(Method::GET, "/requests?endpoint=jwks", nothing()).await.json();
    let statuses: Vec<&Value> = journal.as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, [&json!(null), &json!(null)]);
    assert_eq!(house.get("/t1/jwks").await.status, 200);
}

#[tokio::test]
async fn an_outage_takes_everything_but_the_control_api_away() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    house.set(Method::POST, "/outage", json!({ "for": "10m" })).await;
    for path in ["/t1/jwks", "/t1/.well-known/openid-configuration", &format!("/t1/authorize?{}", query(&[]))]
    {
        let reply = house.get(path).await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, "5"), "{path}");
    }
    assert_eq!(house.refresh(&token).await.status, 503);
    assert_eq!(house.get("/t2/jwks").await.status, 200, "other tenants are not concerned");
    house.set(Method::POST, "/clock", json!({ "advance": "10m" })).await;
    assert_eq!(house.refresh(&token).await.status, 200);

    house.set(Method::POST, "/outage", json!({ "for": null, "mode": "close" })).await;
    assert!(house.send(house.request(Method::GET, "/t1/jwks")).await.is_err());
    house.set(Method::DELETE, "/outage", nothing()).await;
    assert_eq!(house.get("/t1/jwks").await.status, 200);
}

/// A reader that knows the specifications refuses every token that is broken beyond doubt.
#[tokio::test]
async fn an_independent_reader_refuses_the_broken_tokens() {
    let house = House::at_real_time().await;
    let keys: CoreJsonWebKeySet = serde_json::from_str(&house.get("/t1/jwks").await.body).unwrap();
    let verifier = CoreIdTokenVerifier::new_confidential_client(
        ClientId::new("app".into()),
        ClientSecret::new("any".into()),
        IssuerUrl::new(house.issuer()).unwrap(),
        keys,
    )
    .set_allowed_algs([CoreJwsSigningAlgorithm::EcdsaP256Sha256]);
    let accepted = async || {
        let tokens = house.tokens("alice").await;
        CoreIdToken::from_str(tokens["id_token"].as_str().unwrap())
            .is_ok_and(|token| token.claims(&verifier, &Nonce::new("no".into())).is_ok())
    };
    assert!(accepted().await);
    for mode in [
        "wrong_nonce",
        "wrong_iss",
        "wrong_aud",
        "bad_sig",
        "expired",
        "alg_none",
        "missing_iat",
        "missing_sub",
        "extra_aud",
    ] {
        house.fault(json!({ "endpoint": "token", "mode": mode, "times": 1 })).await;
        assert!(!accepted().await, "{mode}");
    }
    assert!(accepted().await);
}

/// These are for the relying party itself to notice.
#[tokio::test]
async fn the_other_defects_are_in_the_token() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    let broken = async |mode: &str| {
        house.fault(json!({ "endpoint": "token", "mode": mode, "times": 1 })).await;
        decoded(&house.refresh(&token).await.json()["id_token"])
    };
    assert_eq!(broken("wrong_sub").await.1["sub"], "mallory");
    assert_eq!(broken("no_kid").await.0.get("kid"), None);
    assert_eq!(broken("wrong_azp").await.1["azp"], "another-client");
    assert_eq!(broken("wrong_at_hash").await.1["at_hash"], "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(broken("wrong_nonce").await.1["nonce"], "wrong");
    assert_eq!(broken("extra_aud").await.1["aud"], json!(["app", "another-client"]));
}

#[tokio::test]
async fn userinfo_and_discovery_can_lie_too() {
    let house = House::open().await;
    let access_token = house.tokens("alice").await["access_token"].as_str().unwrap().to_owned();
    house.fault(json!({ "endpoint": "userinfo", "mode": "wrong_sub", "times": 1 })).await;
    assert_eq!(house.userinfo(&access_token).await.json()["sub"], "mallory");
    house.fault(json!({ "endpoint": "userinfo", "mode": "missing_sub", "times": 1 })).await;
    assert_eq!(house.userinfo(&access_token).await.json()["sub"], Value::Null);
    house.fault(json!({ "endpoint": "discovery", "mode": "wrong_iss", "times": 1 })).await;
    let metadata = house.get("/t1/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], "https://wrong-issuer.invalid");
}

#[tokio::test]
async fn the_authorization_response_can_name_the_wrong_issuer_or_none() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    house.fault(json!({ "endpoint": "authorize", "mode": "wrong_response_iss", "times": 1 })).await;
    let reply = browser.press(("user", "alice"), &[]).await;
    assert_eq!(reply.returned("iss").as_deref(), Some("https://wrong-issuer.invalid"));
    house.fault(json!({ "endpoint": "authorize", "mode": "missing_response_iss", "times": 1 })).await;
    assert_eq!(browser.authorize(&[]).await.returned("iss"), None);
    let spec = json!({ "endpoint": "authorize", "mode": "error", "times": 1, "body": { "error": "interaction_required" } });
    house.fault(spec).await;
    let reply = browser.authorize(&[]).await;
    assert_eq!(reply.returned("error").as_deref(), Some("interaction_required"));
    assert_eq!(reply.returned("iss"), Some(house.issuer()));
}

#[tokio::test]
async fn keys_rotate_with_and_without_overlap() {
    let house = House::open().await;
    let kids = async || -> Vec<String> {
        let keys = house.get("/t1/jwks").await.json();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = kids().await;
    house.set(Method::POST, "/keys/rotate", json!({ "overlap": true })).await;
    let both = kids().await;
    assert_eq!(both.len(), 2);
    assert_eq!(both[1], first[0]);
    assert_eq!(decoded(&house.tokens("alice").await["id_token"]).0["kid"], both[0].as_str());
    house.set(Method::POST, "/keys/rotate", json!({ "overlap": false })).await;
    let last = kids().await;
    assert!(last.len() == 1 && !both.contains(&last[0]));
}

#[tokio::test]
async fn the_clock_moves_by_tenant() {
    let house = House::open().await;
    let now =
        async |tenant: &str| house.get(&format!("/_control/{tenant}/clock")).await.json()["now"].clone();
    house.set(Method::POST, "/clock", json!({ "set": "2030-01-01T00:00:00Z" })).await;
    house.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(now("t1").await, "2030-01-01T00:01:00Z");
    assert_eq!(now("t2").await, "2027-01-15T08:01:00Z");
    assert_eq!(claims(&house.tokens("alice").await)["iat"], 1_893_456_060);
    house.set(Method::POST, "/clock", json!({ "advance": "61m" })).await;
    assert_eq!(now("t1").await, "2030-01-01T01:02:00Z");
    house.set(Method::POST, "/clock", json!({ "real": true })).await;
    assert_eq!(now("t1").await, "2027-01-15T08:01:00Z");
}
