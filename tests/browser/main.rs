//! Headless Chromium in front of nginx and the gateway: what a person sees.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers do too")]

mod chromium;
mod demo;
mod session;
mod wsfed;

#[path = "../support/programs/mod.rs"]
#[expect(dead_code, reason = "some of it is for the tests with other programs")]
mod programs;

use fantoccini::cookies::Cookie;
use fantoccini::{Client, Locator};
use serde_json::json;

use chromium::Chromium;
use programs::guarded_app::{GuardedApp, INTERVAL};
use programs::nginx::Nginx;
use programs::wait::eventually;

async fn house(policy_check_interval: &str) -> (GuardedApp, Nginx, Chromium) {
    house_with(policy_check_interval, "").await
}

/// With `more` in the table of the provider.
async fn house_with(policy_check_interval: &str, more: &str) -> (GuardedApp, Nginx, Chromium) {
    let mut house = GuardedApp::with(policy_check_interval, more).await;
    // People choose on a page who they are.
    house.idp.put("/auto-login", r#"{"user":null}"#).await;
    let nginx = Nginx::start(house.front_port, house.gateway_port, house.app_port, &[]);
    (house, nginx, Chromium::start().await)
}

fn app(house: &GuardedApp, name: &str) -> String {
    format!("http://{name}.localhost:{}/", house.front_port)
}

async fn press(page: &Client, button: &str) {
    page.wait().for_element(Locator::Css(button)).await.unwrap().click().await.unwrap();
}

/// What a person reads, once these words are there.
async fn reads(page: &Client, words: &str) -> String {
    eventually(&format!("the page says {words:?}"), async || {
        // Between two pages there is no body.
        let body = page.find(Locator::Css("body")).await.ok()?;
        body.text().await.ok().filter(|text| text.contains(words))
    })
    .await
}

async fn sign_in(page: &Client, address: &str) {
    page.goto(address).await.unwrap();
    press(page, "[data-testid=\"user-alice\"]").await;
    reads(page, "x-auth-request-user: alice").await;
    assert_eq!(page.current_url().await.unwrap().as_str(), address);
}

#[tokio::test]
async fn whoever_is_disabled_at_the_idp_lands_on_the_page_that_explains_it() {
    let (mut house, _nginx, chromium) = house(INTERVAL).await;
    let page = chromium.page();
    sign_in(page, &app(&house, "one")).await;
    page.goto(&app(&house, "two")).await.unwrap();
    reads(page, "x-auth-request-user: alice").await;
    assert_eq!(page.current_url().await.unwrap().as_str(), app(&house, "two"));

    house.idp.disable("alice").await;
    // The browser rests. Both of its sessions end without it.
    eventually("no session is left", async || {
        let list = house.gateway.ask(&["sessions", "list"]);
        list["sessions"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
    for name in ["one", "two"] {
        page.goto(&app(&house, name)).await.unwrap();
        let text = reads(page, "You have been signed out").await;
        assert!(text.contains("no longer accepts this session") && text.contains("idp_refused"), "{text}");
    }
    press(page, "button[name=idp]").await;
    press(page, "[data-testid=\"user-alice\"]").await;
    reads(page, "disabled").await;
}

#[tokio::test]
async fn the_browser_takes_both_cookies_and_keeps_them_from_scripts() {
    let (house, _nginx, chromium) = house("60m").await;
    let page = chromium.page();
    sign_in(page, &app(&house, "one")).await;
    let cookies = page.get_all_cookies().await.unwrap();
    let mut names: Vec<_> = cookies.iter().map(Cookie::name).collect();
    names.sort_unstable();
    assert_eq!(names, ["__Host-hourgate", "__Host-hourgate-nonce", "__Host-hourgate-sent-back"]);
    for cookie in &cookies {
        assert_eq!((cookie.http_only(), cookie.secure()), (Some(true), Some(true)), "{cookie}");
        assert_eq!(cookie.same_site().map(|site| site.to_string()).as_deref(), Some("Lax"), "{cookie}");
        assert_eq!((cookie.path(), cookie.domain()), (Some("/"), Some("one.localhost")), "{cookie}");
    }
    assert_eq!(page.execute("return document.cookie", vec![]).await.unwrap(), json!(""));
}

/// The IdP's page posts from another site: only a cookie that is `SameSite=None` comes along, and the session's is not.
#[tokio::test]
async fn aut_15_a_sign_in_that_is_answered_by_post_completes() {
    let (house, _nginx, chromium) = house_with("60m", "response_mode = \"form_post\"").await;
    let page = chromium.page();
    sign_in(page, &app(&house, "one")).await;
    let cookies = page.get_all_cookies().await.unwrap();
    let same_site = |name: &str| {
        let cookie = cookies.iter().find(|cookie| cookie.name() == name).unwrap();
        (cookie.same_site().unwrap().to_string(), cookie.secure())
    };
    assert_eq!(same_site("__Host-hourgate"), ("Lax".into(), Some(true)));
    assert_eq!(same_site("__Host-hourgate-nonce"), ("None".into(), Some(true)));

    // A second visit while signed in at the IdP: nobody is asked, and the form sends itself.
    house.gateway.ask(&["users", "revoke", "alice"]);
    page.goto(&app(&house, "one")).await.unwrap();
    press(page, "button[name=idp]").await;
    reads(page, "x-auth-request-user: alice").await;
}

#[tokio::test]
async fn a_script_learns_why_it_is_refused() {
    let (house, _nginx, chromium) = house("60m").await;
    let page = chromium.page();
    sign_in(page, &app(&house, "one")).await;
    let fetch = "const done = arguments[arguments.length - 1];
        fetch('/api/items').then(r => done([r.status, r.headers.get('www-authenticate')]), e => done(String(e)))";
    assert_eq!(page.execute_async(fetch, vec![]).await.unwrap(), json!([200, null]));
    house.gateway.ask(&["users", "revoke", "alice"]);
    let refused = page.execute_async(fetch, vec![]).await.unwrap();
    assert_eq!(refused[0], 401, "{refused}");
    assert!(refused[1].as_str().unwrap().starts_with("Hourgate reason=\"revoked\""), "{refused}");
}

#[tokio::test]
async fn a_person_signs_out_here_and_at_the_idp() {
    let (house, _nginx, chromium) = house("60m").await;
    let page = chromium.page();
    sign_in(page, &app(&house, "one")).await;
    page.goto(&format!("{}_hourgate/signout", app(&house, "one"))).await.unwrap();
    reads(page, "You are signed in as alice@t1.example").await;
    press(page, "button[type=submit]").await;
    reads(page, "You are signed out").await;
    assert!(house.gateway.ask(&["sessions", "list"])["sessions"].as_array().unwrap().is_empty());
    // The other app asks who it is: the IdP's session has ended, too.
    sign_in(page, &app(&house, "two")).await;
}
