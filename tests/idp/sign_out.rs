//! Signing out at the IdP.

use reqwest::Method;
use serde_json::json;
use url::form_urlencoded;

use crate::house::{Browser, CALLBACK, House};

const BYE: &str = "http://app.localhost:8080/bye?x=1";

fn path(pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/t1/end_session?{query}")
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.authorize(&[("prompt", "none")]).await.returned("code").is_some()
}

#[tokio::test]
async fn a_hint_ends_the_session_and_leads_back() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let tokens = browser.sign_in("alice").await;
    // An expired ID token still says who signs out.
    house.set(Method::POST, "/clock", json!({ "advance": "3h" })).await;
    assert!(is_signed_in(&mut browser).await);
    let hint = tokens["id_token"].as_str().unwrap();
    let out = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("state", "s 1")];
    let reply = browser.go(Method::GET, &path(&out), &[]).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, "http://app.localhost:8080/bye?x=1&state=s+1")
    );
    assert_eq!(browser.cookie, None);
    assert!(!is_signed_in(&mut browser).await);
}

/// As a gateway calls it whose user's cookie did not come along.
#[tokio::test]
async fn a_hint_ends_the_session_without_its_cookie() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let tokens = browser.sign_in("alice").await;
    let hint = [("id_token_hint", tokens["id_token"].as_str().unwrap())];
    let reply = house.get(&path(&hint)).await;
    assert!(reply.status == 200 && reply.body.contains("signed-out"));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn without_a_hint_the_person_is_asked_and_stays_here() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.sign_in("alice").await;
    let page = browser.go(Method::GET, &path(&[("post_logout_redirect_uri", BYE)]), &[]).await;
    assert!(page.status == 200 && page.body.contains("confirm-sign-out"));
    assert!(is_signed_in(&mut browser).await);
    let done = browser.go(Method::POST, "/t1/end_session", &[("confirm", "1")]).await;
    assert_eq!((done.status, done.header("location")), (200, ""));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_forged_hint_changes_nothing() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let tokens = browser.sign_in("alice").await;
    let hint = tokens["id_token"].as_str().unwrap();
    let forged = format!("{}AAAA", &hint[..hint.len() - 4]);
    let foreign = house.idp.issuer("t2");
    assert_ne!(foreign, house.issuer());
    for (pairs, status) in [
        ([("id_token_hint", forged.as_str()), ("post_logout_redirect_uri", BYE)], 400),
        ([("id_token_hint", hint), ("post_logout_redirect_uri", "http://evil.example/")], 400),
        ([("id_token_hint", hint), ("post_logout_redirect_uri", "javascript:alert(1)")], 400),
        ([("id_token_hint", hint), ("client_id", "other")], 200),
    ] {
        let reply = house.get(&path(&pairs)).await;
        assert_eq!((reply.status, reply.header("location")), (status, ""), "{pairs:?}");
    }
}

#[tokio::test]
async fn a_strict_tenant_leads_back_only_where_registered() {
    let house = House::strict().await;
    let body = json!({ "secret": "any", "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [BYE] });
    house.set(Method::PUT, "/clients/app", body).await;
    let mut browser = Browser::new(&house);
    let tokens = browser.sign_in("alice").await;
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    let elsewhere = ("post_logout_redirect_uri", "http://app.localhost:8080/bye");
    assert_eq!(house.get(&path(&[hint, elsewhere])).await.status, 400);
    assert!(is_signed_in(&mut browser).await);
    let reply = house.get(&path(&[hint, ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!((reply.status, reply.header("location")), (303, BYE));
}
