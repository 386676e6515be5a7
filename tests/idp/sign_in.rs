//! The browser's side: single sign-on, prompts, the page and its buttons.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::house::{Browser, House, claims, nothing};

#[tokio::test]
async fn the_second_app_signs_in_silently() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let first = claims(&browser.sign_in("alice").await);
    house.clock.advance(Duration::from_secs(600));
    let answer = browser.authorize(&[("prompt", "none")]).await;
    assert_eq!(answer.status, 302);
    let second = claims(&house.redeem(&answer.returned("code").unwrap()).await.json());
    assert_eq!((&first["sid"], &first["auth_time"]), (&second["sid"], &second["auth_time"]));
}

#[tokio::test]
async fn silence_without_a_session_is_login_required() {
    let house = House::open().await;
    let reply = Browser::new(&house).authorize(&[("prompt", "none")]).await;
    assert_eq!(reply.returned("error").as_deref(), Some("login_required"));
    assert_eq!(reply.returned("iss"), Some(house.issuer()));
}

#[tokio::test]
async fn silence_is_not_broken_by_auto_login() {
    let house = House::open().await;
    house.set(Method::PUT, "/auto-login", json!({ "user": "alice" })).await;
    let reply = Browser::new(&house).authorize(&[("prompt", "none")]).await;
    assert_eq!(reply.returned("error").as_deref(), Some("login_required"));

    let mut browser = Browser::new(&house);
    browser.sign_in("bob").await;
    let reply = browser.authorize(&[("prompt", "none")]).await;
    let silent = house.redeem(&reply.returned("code").unwrap()).await.json();
    assert_eq!(claims(&silent)["sub"], "bob");
}

#[tokio::test]
async fn max_age_asks_again_and_the_new_auth_time_proves_it() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let first = claims(&browser.sign_in("alice").await);
    house.clock.advance(Duration::from_secs(61));
    assert_eq!(browser.authorize(&[("max_age", "60")]).await.status, 200);
    let silent = browser.authorize(&[("max_age", "60"), ("prompt", "none")]).await;
    assert_eq!(silent.returned("error").as_deref(), Some("login_required"));
    assert!(browser.authorize(&[("max_age", "61")]).await.returned("code").is_some());

    let answer = browser.press(("user", "alice"), &[("max_age", "60")]).await;
    let again = claims(&house.redeem(&answer.returned("code").unwrap()).await.json());
    assert_eq!(again["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap(), 61);
    assert_eq!(again["sid"], first["sid"], "the same person in the same browser");
}

#[tokio::test]
async fn prompts_show_a_page_in_spite_of_a_session() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.sign_in("alice").await;
    for prompt in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0")] {
        let page = browser.authorize(&[prompt]).await;
        assert!(page.status == 200 && page.body.contains("user-bob"), "{prompt:?}");
    }
    let consent = browser.authorize(&[("prompt", "consent")]).await;
    assert!(consent.body.contains("data-testid=\"allow\""));
    let allowed = browser.press(("consent", "1"), &[("prompt", "consent")]).await;
    assert!(allowed.returned("code").is_some());
}

/// The page is no way around what the request asks for.
#[tokio::test]
async fn the_consent_button_does_not_skip_the_login() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    let without_session = browser.press(("consent", "1"), &[("prompt", "consent")]).await;
    assert_eq!((without_session.status, without_session.returned("code")), (200, None));
    browser.sign_in("alice").await;
    let with_login = browser.press(("consent", "1"), &[("prompt", "login consent")]).await;
    assert_eq!((with_login.status, with_login.returned("code")), (200, None));
}

#[tokio::test]
async fn deny_is_access_denied() {
    let house = House::open().await;
    let reply = Browser::new(&house).press(("deny", "1"), &[]).await;
    assert_eq!(reply.returned("error").as_deref(), Some("access_denied"));
    assert_eq!(reply.returned("state").as_deref(), Some("st"));
}

#[tokio::test]
async fn a_disabled_user_gets_a_page_and_no_session() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    browser.sign_in("alice").await;
    house.set(Method::POST, "/users/alice/disable", nothing()).await;
    let silent = browser.authorize(&[("prompt", "none")]).await;
    assert_eq!(silent.returned("error").as_deref(), Some("login_required"));
    let refused = browser.press(("user", "alice"), &[]).await;
    assert_eq!((refused.status, refused.header("location")), (403, ""));
    let unknown = browser.press(("user", "<script>mallory"), &[]).await;
    assert_eq!(unknown.status, 403);
    assert!(!unknown.body.contains("<script>"));
}

#[tokio::test]
async fn a_hinted_token_wants_the_same_person_back() {
    let house = House::open().await;
    let (mut alice, mut bob) = (Browser::new(&house), Browser::new(&house));
    let tokens = alice.sign_in("alice").await;
    bob.sign_in("bob").await;
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    assert!(alice.authorize(&[hint, ("prompt", "none")]).await.returned("code").is_some());
    let other = bob.authorize(&[hint, ("prompt", "none")]).await;
    assert_eq!(other.returned("error").as_deref(), Some("login_required"));
    let forged = bob.authorize(&[("id_token_hint", "a.b.c")]).await;
    assert_eq!(forged.returned("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn auto_login_signs_in_without_a_page_and_switches_people() {
    let house = House::open().await;
    let mut browser = Browser::new(&house);
    house.set(Method::PUT, "/auto-login", json!({ "user": "alice" })).await;
    let subject = async |reply: crate::house::Reply| {
        claims(&house.redeem(&reply.returned("code").unwrap()).await.json())["sub"].clone()
    };
    let reply = browser.authorize(&[]).await;
    assert_eq!(subject(reply).await, "alice");
    let bob = [("login_hint", "bob@t1.example"), ("hourgate_auto", "1")];
    let reply = browser.authorize(&bob).await;
    assert_eq!(subject(reply).await, "bob");
    house.set(Method::PUT, "/auto-login", json!({ "user": null })).await;
    assert_eq!(browser.authorize(&[("prompt", "login")]).await.status, 200);
}

#[tokio::test]
async fn the_page_is_locked_down_and_writes_nothing_raw() {
    let house = House::open().await;
    let page = Browser::new(&house).authorize(&[("client_id", "\"><script>x</script>")]).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_session_cookie_is_the_tenants_own() {
    let house = House::open().await;
    let reply = Browser::new(&house).press(("user", "alice"), &[]).await;
    let cookie = reply.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/t1"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}
