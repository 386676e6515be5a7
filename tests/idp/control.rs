//! The control API: what it keeps, shows and refuses.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::house::{CALLBACK, House, nothing};

#[tokio::test]
async fn health_needs_nothing() {
    let house = House::open().await;
    assert_eq!(house.get("/_control/health").await.status, 200);
}

#[tokio::test]
async fn ops_13_web_pages_of_others_have_no_say() {
    let house = House::open().await;
    let disable = |name: &'static str, value: &'static str| {
        let request = house.request(Method::POST, "/_control/t1/users/alice/disable").header(name, value);
        async { house.send(request).await.unwrap() }
    };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("host", "evil.example:9400"),
    ] {
        let reply = disable(name, value).await;
        assert_eq!(reply.status, 403, "{name}: {value}");
        assert_eq!(reply.json()["error"], "forbidden");
    }
    assert_eq!(house.control(Method::GET, "/users/alice", nothing()).await.json()["disabled"], false);
    assert_eq!(disable("sec-fetch-site", "none").await.status, 204, "a person may");
    assert_eq!(disable("host", "hourgate-idp:9400").await.status, 204, "a container may");
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name_and_changes_nothing() {
    let house = House::open().await;
    let before = house.control(Method::GET, "/lifetimes", nothing()).await.json();
    for (method, path, body, field) in [
        (Method::PUT, "/lifetimes", json!({ "id_tokens": "5m" }), "id_tokens"),
        (Method::PUT, "/lifetimes", json!({ "id_token": "5 minutes" }), "id_token"),
        (Method::PUT, "/lifetimes", json!({ "id_token": "5m", "code": "61s" }), "code"),
        (Method::PUT, "/tokens-policy", json!({ "rotation": "sometimes" }), "rotation"),
        (Method::PUT, "/tokens-policy", json!({ "grace": "31s" }), "grace"),
        (Method::PUT, "/pci", json!({ "claim": "xms_pci", "seconds": -1 }), "seconds"),
        (Method::PUT, "/pci", json!({ "claim": "sub", "seconds": 1 }), "claim"),
        (Method::PUT, "/users/eve", json!({ "claim": {} }), "claim"),
        (Method::PUT, "/users/eve", json!({ "claims": { "iss": "x" } }), "claims.iss"),
        (Method::PUT, "/auto-login", json!({ "user": "mallory" }), "user"),
        (Method::PUT, "/clients/a", json!({ "secret": "s", "redirect_uris": ["/cb"] }), "redirect_uris[0]"),
        (
            Method::PUT,
            "/clients/a",
            json!({ "secret": "s", "redirect_uris": ["https://a/#f"] }),
            "redirect_uris[0]",
        ),
        (Method::PUT, "/clients/a", json!({ "secret": "", "redirect_uris": [] }), "secret"),
        (Method::POST, "/faults", json!({ "endpoint": "token", "mode": "explode" }), "mode"),
        (Method::POST, "/faults", json!({ "endpoint": "tokens", "mode": "reset" }), "endpoint"),
        (Method::POST, "/faults", json!({ "endpoint": "jwks", "mode": "wrong_nonce" }), "mode"),
        (Method::POST, "/outage", json!({ "for": "10" }), "for"),
        (Method::POST, "/outage", json!({ "until": "10m" }), "until"),
        (Method::POST, "/clock", json!({ "set": "tomorrow" }), "set"),
        (Method::POST, "/keys/rotate", json!({ "alg": "HS256" }), "alg"),
    ] {
        let reply = house.control(method, path, body.clone()).await;
        assert_eq!(reply.status, 400, "{path} {body}");
        let error = reply.json();
        assert_eq!(
            (&error["error"], &error["field"]),
            (&json!("invalid_request"), &json!(field)),
            "{path} {body}"
        );
    }
    assert_eq!(house.control(Method::GET, "/lifetimes", nothing()).await.json(), before);
    assert_eq!(house.control(Method::GET, "/users/eve", nothing()).await.status, 404);
    assert_eq!(house.control(Method::GET, "/faults", nothing()).await.json(), json!([]));
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let house = House::open().await;
    for body in ["", "{", "[]", "{} {}"] {
        let request = house
            .request(Method::POST, "/_control/t1/clock")
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        assert_eq!(house.send(request).await.unwrap().status, 400, "{body:?}");
    }
    for two in [json!({}), json!({ "real": false }), json!({ "advance": "1m", "real": true })] {
        assert_eq!(house.control(Method::POST, "/clock", two).await.status, 400);
    }
    let as_form = house.request(Method::POST, "/_control/t1/clock").body("{\"advance\":\"1m\"}");
    assert_eq!(house.send(as_form).await.unwrap().status, 415);
    let large =
        house.control(Method::PUT, "/users/eve", json!({ "claims": { "x": "y".repeat(70_000) } })).await;
    assert_eq!(large.status, 413);
    assert_eq!(house.get("/_control/t1/nothing").await.status, 404);
    assert_eq!(house.get("/_control/T1/clock").await.status, 404);
    assert_eq!(house.control(Method::POST, "/users/mallory/disable", nothing()).await.status, 404);
    assert_eq!(house.get("/_control/t1/requests?endpoint=tokens").await.json()["field"], "endpoint");
}

#[tokio::test]
async fn people_come_and_go() {
    let house = House::open().await;
    let subjects = |users: Value| -> Vec<String> {
        users.as_array().unwrap().iter().map(|user| user["sub"].as_str().unwrap().to_owned()).collect()
    };
    house
        .set(
            Method::PUT,
            "/users/carol",
            json!({ "claims": { "email": "carol@x.example" }, "disabled": true }),
        )
        .await;
    let carol = house.control(Method::GET, "/users/carol", nothing()).await.json();
    assert_eq!(carol, json!({ "sub": "carol", "claims": { "email": "carol@x.example" }, "disabled": true }));
    let all = house.control(Method::GET, "/users", nothing()).await.json();
    assert_eq!(subjects(all), ["admin", "alice", "bob", "carol"]);
    house.set(Method::DELETE, "", nothing()).await;
    let all = house.control(Method::GET, "/users", nothing()).await.json();
    assert_eq!(subjects(all), ["admin", "alice", "bob"], "a reset tenant is as new");
}

/// Row OPS-08: a secret goes in and never comes out.
#[tokio::test]
async fn ops_08_a_clients_secret_is_never_shown() {
    let house = House::open().await;
    let body = json!({ "secret": "s3cret", "redirect_uris": [CALLBACK] });
    house.set(Method::PUT, "/clients/app", body).await;
    let shown = house.control(Method::GET, "/clients/app", nothing()).await;
    assert_eq!(shown.json()["redirect_uris"], json!([CALLBACK]));
    assert!(!shown.body.contains("s3cret"));
    // Registered, it is held to it; the house's app presents another one.
    assert_eq!(house.refresh("x").await.error(), "invalid_client");
    house.set(Method::DELETE, "/clients/app", nothing()).await;
    assert_eq!(house.refresh("x").await.error(), "invalid_grant");
}

#[tokio::test]
async fn the_journal_says_who_asked_what_and_nothing_secret() {
    let house = House::open().await;
    let token = house.refresh_token("alice").await;
    house.refresh("nonsense").await;
    house.form("/t1/token", &[("grant_type", "password"), ("password", "hush")]).await;
    house.fault(json!({ "endpoint": "token", "mode": "status", "status": 503, "times": 1 })).await;
    house.refresh(&token).await;
    let reply = house.control(Method::GET, "/requests?endpoint=token", nothing()).await;
    let seen: Vec<(Value, Value)> = reply
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["grant_type"].clone(), entry["status"].clone()))
        .collect();
    let expected = [
        (json!("authorization_code"), json!(200)),
        (json!("refresh_token"), json!(400)),
        (json!("other"), json!(400)),
        (json!(null), json!(503)),
    ];
    assert_eq!(seen, expected);
    assert!(!reply.body.contains("hush") && !reply.body.contains(&token));
    let all = house.control(Method::GET, "/requests", nothing()).await.json();
    assert_eq!(
        all[0],
        json!({
            "number": 1, "endpoint": "authorize", "method": "GET", "status": 302, "at": "2027-01-15T08:00:00Z"
        })
    );
    let later = house.control(Method::GET, "/requests?after=1", nothing()).await.json();
    assert_eq!(later.as_array().unwrap().as_slice(), &all.as_array().unwrap()[1..]);
    house.set(Method::DELETE, "/requests", nothing()).await;
    assert_eq!(house.control(Method::GET, "/requests", nothing()).await.json(), json!([]));
}

#[tokio::test]
async fn the_journal_says_whose_token_was_shown_and_tells_a_replaced_one() {
    let house = House::open().await;
    house.set(Method::PUT, "/tokens-policy", json!({ "rotation": "rotate" })).await;
    let token = house.refresh_token("alice").await;
    for status in [200, 400, 400] {
        assert_eq!(house.refresh(&token).await.status, status);
    }
    let journal = house.control(Method::GET, "/requests?endpoint=token", nothing()).await.json();
    let seen: Vec<_> = journal
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["user"], &entry["error"], &entry["reuse"]))
        .collect();
    let (alice, no, nothing) = (&json!("alice"), &json!("invalid_grant"), &Value::Null);
    assert_eq!(seen[1..], [(alice, nothing, nothing), (alice, no, &json!(true)), (nothing, no, nothing)]);
}

#[tokio::test]
async fn a_fault_of_one_user_strikes_the_tokens_of_nobody_else() {
    let house = House::open().await;
    let (alice, bob) = (house.refresh_token("alice").await, house.refresh_token("bob").await);
    house.fault(json!({ "endpoint": "token", "mode": "status", "user": "bob" })).await;
    assert_eq!(house.refresh(&alice).await.status, 200);
    assert_eq!(house.refresh(&bob).await.status, 500);
    house.set(Method::DELETE, "/faults", nothing()).await;
    house.set(Method::PUT, "/tokens-policy", json!({ "rotation": "rotate" })).await;
    house.fault(json!({ "endpoint": "token", "mode": "late_answer", "delay": "1ms", "user": "bob" })).await;
    assert_eq!(house.refresh(&bob).await.status, 200);
    assert_eq!(house.refresh(&bob).await.error(), "invalid_grant", "it was done, late or not");
}
