//! Caddy with `forward_auth`, by the recipe of the manual.
use std::process::Command;

use tempfile::TempDir;

use crate::programs::browser::Browser;
use crate::programs::guarded_app::{GuardedApp, INTERVAL};
use crate::programs::process::Process;
use crate::programs::wait::{eventually, until_listening};

const RECIPE: &str = include_str!("../../src/manual/Caddyfile");
/// Long enough that no policy check happens.
const NO_CHECK: &str = "60m";

struct Caddy {
    _process: Process,
    _dir: TempDir,
}

/// The recipe, with the ports of a test and without TLS.
fn caddy(house: &GuardedApp) -> Caddy {
    let dir = TempDir::new().unwrap();
    let mut config = RECIPE.to_owned();
    for (from, to) in [
        ("app.example.com {", format!("http://app.localhost:{} {{\n\tbind 127.0.0.1", house.front_port)),
        ("127.0.0.1:4180", format!("127.0.0.1:{}", house.gateway_port)),
        ("127.0.0.1:8080", format!("127.0.0.1:{}", house.app_port)),
    ] {
        assert!(config.contains(from), "the recipe has {from:?}");
        config = config.replace(from, &to);
    }
    let file = dir.path().join("Caddyfile");
    std::fs::write(&file, format!("{{\n\tadmin off\n\tauto_https off\n}}\n{config}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(variable, dir.path());
    }
    let process = Process::spawn(&mut command);
    until_listening("caddy", house.front_port);
    Caddy { _process: process, _dir: dir }
}

async fn house(policy_check_interval: &str) -> (GuardedApp, Caddy) {
    let house = GuardedApp::start(policy_check_interval).await;
    let caddy = caddy(&house);
    (house, caddy)
}

#[tokio::test]
async fn who_is_signed_out_goes_to_the_sign_in_and_comes_back_as_somebody() {
    let (house, _caddy) = house(NO_CHECK).await;
    let mut browser = Browser::new();
    let page = browser.navigate(&house.url("/reports?year=2026&q=a%20b")).await;
    assert_eq!(page.hops[0].0, 302);
    assert!(page.went_through("/_hourgate/start?rd=") && page.went_through("/t1/authorize?"), "{page:?}");
    assert_eq!((page.status, page.url.as_str()), (200, house.url("/reports?year=2026&q=a%20b").as_str()));
    assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
    assert_eq!(page.app_got("x-auth-request-email"), ["alice@t1.example"]);
}

/// Row PXY-01; Caddy before 2.11.2 left forged headers in place (GHSA-7r4p-vjf4-gxv4).
#[tokio::test]
async fn pxy_01_a_forged_identity_never_reaches_the_app() {
    let (mut house, _caddy) = house(NO_CHECK).await;
    // Nothing is known but the subject: the headers that the gateway leaves empty are the ones to forge.
    house.idp.put("/users/alice", r#"{"claims":{}}"#).await;
    let mut browser = house.alice().await;
    let forged = [
        ("X-Auth-Request-User", "mallory"),
        ("x-auth-request-email", "mallory@example.test"),
        ("X-AUTH-REQUEST-GROUPS", "admins"),
        ("X_Auth_Request_User", "mallory"),
        ("x_auth-request_groups", "admins"),
        ("X-Auth_Request-User", "mallory"),
        ("X-Auth-Request_User", "mallory"),
        ("X-Auth-Request-Access-Token", "mallory"),
    ];
    let page = browser.send("GET", &house.url("/"), &forged, "").await;
    assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
    assert!(!page.body.contains("mallory") && !page.body.contains("admins"), "{}", page.body);
    assert_eq!(Browser::new().send("GET", &house.url("/"), &forged, "").await.status, 302);
}

#[tokio::test]
async fn aut_22_a_script_gets_401_with_the_reason_in_a_body_it_can_read() {
    let (house, _caddy) = house(NO_CHECK).await;
    let page = Browser::new().fetch(&house.url("/api/items")).await;
    assert_eq!((page.status, page.header("content-type")), (401, "application/problem+json"));
    assert_eq!(page.json()["reason"], "no_session");
    assert!(page.header("www-authenticate").starts_with("Hourgate reason=\"no_session\""), "{page:?}");
}

#[tokio::test]
async fn only_caddy_can_ask_the_question() {
    let (house, _caddy) = house(NO_CHECK).await;
    let page = house.alice().await.fetch(&house.url("/_hourgate/authz/forward-auth")).await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn whoever_is_disabled_at_the_idp_is_refused_though_their_browser_sent_nothing() {
    let (mut house, _caddy) = house(INTERVAL).await;
    let mut browser = house.alice().await;
    let session = house.gateway.session_id();
    house.idp.disable("alice").await;
    let why = eventually("the session has ended", async || house.gateway.why_ended(&session)).await;
    assert_eq!(why, "idp_refused");
    assert_eq!(browser.fetch(&house.url("/")).await.json()["reason"], "idp_refused");
    let page = browser.navigate(&house.url("/")).await;
    assert!(page.body.contains("You have been signed out") && page.body.contains("idp_refused"), "{page:?}");
}

#[tokio::test]
async fn while_redis_is_away_the_answer_is_503_and_nobody_is_signed_out() {
    let (mut house, _caddy) = house(NO_CHECK).await;
    let mut browser = house.alice().await;
    house.redis.kill();
    let page = browser.navigate(&house.url("/")).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "2"), "{page:?}");
    assert!(!page.headers.contains_key("set-cookie"), "{page:?}");

    house.redis.restart();
    let page = house.eventually_at_the_app(&mut browser).await;
    assert!(page.hops.is_empty(), "signed in anew: {page:?}");
}

#[tokio::test]
async fn a_gateway_that_was_killed_knows_its_sessions_when_it_is_back() {
    let (mut house, _caddy) = house(NO_CHECK).await;
    let mut browser = house.alice().await;
    house.gateway.kill();
    assert_eq!(browser.navigate(&house.url("/")).await.status, 502);

    house.gateway.restart();
    let page = house.eventually_at_the_app(&mut browser).await;
    assert!(page.hops.is_empty(), "signed in anew: {page:?}");
}
