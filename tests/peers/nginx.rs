//! nginx with `auth_request`, by the recipe of the manual.

use crate::programs::browser::{Browser, Page};
use crate::programs::guarded_app::{GuardedApp, INTERVAL};
use crate::programs::nginx::Nginx;
use crate::programs::wait::eventually;

/// Long enough that no policy check happens.
const NO_CHECK: &str = "60m";

async fn house(policy_check_interval: &str) -> (GuardedApp, Nginx) {
    let house = GuardedApp::start(policy_check_interval).await;
    let nginx = nginx(&house, &[]);
    (house, nginx)
}

fn nginx(house: &GuardedApp, changes: &[(&str, &str)]) -> Nginx {
    Nginx::start(house.front_port, house.gateway_port, house.app_port, changes)
}

fn takes_no_cookie_away(page: &Page) -> bool {
    !page.headers.contains_key("set-cookie")
}

#[tokio::test]
async fn who_is_signed_out_goes_to_the_sign_in_and_comes_back_as_somebody() {
    let (house, _nginx) = house(NO_CHECK).await;
    let mut browser = Browser::new();
    let page = browser.navigate(&house.url("/reports?year=2026&q=a%20b")).await;

    assert_eq!(
        (page.hops[0].0, page.hops[0].1.as_str()),
        (302, house.url("/reports?year=2026&q=a%20b").as_str())
    );
    assert!(page.went_through("/_hourgate/start?rd=") && page.went_through("/t1/authorize?"), "{page:?}");
    assert_eq!((page.status, page.url.as_str()), (200, house.url("/reports?year=2026&q=a%20b").as_str()));
    assert!(page.body.starts_with("GET /reports?year=2026&q=a%20b "), "{page:?}");
    assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
    assert_eq!(page.app_got("x-auth-request-email"), ["alice@t1.example"]);

    let again = browser.navigate(&house.url("/")).await;
    assert!(again.hops.is_empty() && again.status == 200, "{again:?}");
}

#[tokio::test]
async fn pxy_01_a_forged_identity_never_reaches_the_app() {
    let (mut house, _nginx) = house(NO_CHECK).await;
    // Nothing is known but the subject: the headers that the gateway leaves empty are the ones to forge.
    house.idp.put("/users/alice", r#"{"claims":{}}"#).await;
    let mut browser = house.alice().await;
    let forged = [
        ("X-Auth-Request-User", "mallory"),
        ("x-auth-request-email", "mallory@example.test"),
        ("X-AUTH-REQUEST-GROUPS", "admins"),
        ("X_Auth_Request_User", "mallory"),
        ("X-Auth-Request-Preferred-Username", "mallory"),
        ("X-Auth-Request-Groups-Truncated", "mallory"),
    ];
    let page = browser.send("GET", &house.url("/"), &forged, "").await;
    assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
    assert!(!page.body.contains("mallory") && !page.body.contains("admins"), "{}", page.body);

    let stranger = Browser::new().send("GET", &house.url("/api/"), &forged, "").await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn aut_22_a_script_on_an_api_location_gets_401_with_the_reason() {
    let (house, _nginx) = house(NO_CHECK).await;
    let page = Browser::new().fetch(&house.url("/api/items")).await;
    assert_eq!(page.status, 401);
    let challenge = page.header("www-authenticate");
    assert!(
        challenge.starts_with("Hourgate reason=\"no_session\", login_url=\"http://app.localhost:"),
        "{challenge}"
    );

    let page = house.alice().await.fetch(&house.url("/api/items")).await;
    assert_eq!((page.status, page.app_got("x-auth-request-user")), (200, vec!["alice"]));
}

#[tokio::test]
async fn the_apps_own_answers_pass_unchanged() {
    let (house, _nginx) = house(NO_CHECK).await;
    let mut browser = house.alice().await;
    for path in ["/status/500", "/status/401", "/api/status/401", "/status/404"] {
        let page = browser.navigate(&house.url(path)).await;
        assert!(path.ends_with(&page.status.to_string()) && page.body.starts_with("GET "), "{page:?}");
    }
    let posted = browser.send("POST", &house.url("/form"), &[("content-type", "text/plain")], "kept").await;
    assert!(posted.status == 200 && posted.body.starts_with("POST /form "), "{posted:?}");
    assert_eq!(posted.app_got("content-length"), ["4"]);
}

#[tokio::test]
async fn only_nginx_can_ask_the_question() {
    let (house, _nginx) = house(NO_CHECK).await;
    let mut browser = house.alice().await;
    for contract in ["auth-request", "forward-auth", "ext-authz/x"] {
        let page = browser.fetch(&house.url(&format!("/_hourgate/authz/{contract}"))).await;
        assert_eq!(page.status, 404, "{contract}");
    }
}

#[tokio::test]
async fn whoever_is_disabled_at_the_idp_is_refused_though_their_browser_sent_nothing() {
    let (mut house, _nginx) = house(INTERVAL).await;
    let mut browser = house.alice().await;
    let session = house.gateway.session_id();
    house.idp.disable("alice").await;
    let why = eventually("the session has ended", async || house.gateway.why_ended(&session)).await;
    assert_eq!(why, "idp_refused");

    let page = browser.fetch(&house.url("/api/items")).await;
    assert_eq!(page.status, 401);
    assert!(page.header("www-authenticate").starts_with("Hourgate reason=\"idp_refused\""), "{page:?}");
    let page = browser.navigate(&house.url("/")).await;
    assert!(page.body.contains("You have been signed out") && page.body.contains("idp_refused"), "{page:?}");
}

#[tokio::test]
async fn while_redis_is_away_the_answer_is_503_and_nobody_is_signed_out() {
    let (mut house, _nginx) = house(NO_CHECK).await;
    let mut browser = house.alice().await;
    house.redis.kill();
    for path in ["/", "/api/items"] {
        let page = browser.navigate(&house.url(path)).await;
        assert_eq!((page.status, page.header("retry-after")), (503, "2"), "{page:?}");
        assert!(page.body.contains("Nobody has been signed out") && takes_no_cookie_away(&page), "{page:?}");
    }
    let own = browser.navigate(&house.url("/_hourgate/session")).await;
    assert!(own.status == 503 && takes_no_cookie_away(&own), "{own:?}");

    house.redis.restart();
    let page = house.eventually_at_the_app(&mut browser).await;
    assert!(page.hops.is_empty(), "signed in anew: {page:?}");
    assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
}

#[tokio::test]
async fn a_gateway_that_was_killed_knows_its_sessions_when_it_is_back() {
    let (mut house, _nginx) = house(NO_CHECK).await;
    let mut browser = house.alice().await;
    let session = house.gateway.session_id();
    house.gateway.kill();
    let page = browser.navigate(&house.url("/")).await;
    assert!(page.status == 503 && takes_no_cookie_away(&page), "{page:?}");

    house.gateway.restart();
    let page = house.eventually_at_the_app(&mut browser).await;
    assert!(page.hops.is_empty(), "signed in anew: {page:?}");
    assert_eq!(house.gateway.session_id(), session);
}

#[tokio::test]
async fn a_cache_in_front_of_the_question_does_not_hide_a_revocation() {
    let house = GuardedApp::start(NO_CHECK).await;
    let question = "proxy_buffer_size 8k; # the headers with the groups";
    let cached = format!(
        "{question}\nproxy_cache answers; proxy_cache_key $http_cookie; proxy_cache_valid 200 202 401 5m;"
    );
    let _nginx = nginx(&house, &[(question, &cached)]);
    let mut browser = house.alice().await;
    let session = house.gateway.session_id();
    assert_eq!(browser.fetch(&house.url("/api/items")).await.status, 200);
    house.gateway.ask(&["sessions", "revoke", &session]);
    let page = browser.fetch(&house.url("/api/items")).await;
    assert_eq!(page.status, 401);
    assert!(page.header("www-authenticate").starts_with("Hourgate reason=\"revoked\""), "{page:?}");
}
