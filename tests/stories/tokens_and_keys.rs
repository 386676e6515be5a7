//! What an IdP says about people, and with which keys. Areas TOK, KEY and PCI of the security matrix.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hourgate::provider::settings::PolicyCheck;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use crate::house::{APP, HOUR, House, MINUTE};

/// alice, with these claims beside those that she always has.
async fn alice_with(house: &House, change: impl FnOnce(&mut Value)) {
    let mut alice = house.control("GET", "/users/alice", Value::Null).await;
    change(&mut alice["claims"]);
    house.control("PUT", "/users/alice", json!({ "claims": alice["claims"] })).await;
}

/// Answers every request with these bytes; says where it is and how often it was asked.
pub(crate) async fn wire(answer: impl Into<Vec<u8>>) -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, answer) = (asked.clone(), answer.into());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    (url, asked)
}

/// The key ids that the gateway knows of the IdP.
fn known_keys(house: &House) -> Vec<String> {
    let provider = house.services().providers.values().next().unwrap();
    let set: Value = serde_json::from_str(&provider.documents().unwrap().keys.unwrap()).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// A logout token that is right in everything but its key, from whoever can reach the gateway.
async fn stranger_sends_a_token_with_an_unknown_key(house: &House) -> u16 {
    let body = json!({ "client_id": "hourgate", "sub": "alice", "variant": "unknown_kid", "send": false });
    let made = house.control("POST", "/logout-token", body).await;
    #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/_hourgate/backchannel-logout/idp", house.address());
    let request = http.post(url).header("content-type", "application/x-www-form-urlencoded");
    let form = format!("logout_token={}", made["logout_token"].as_str().unwrap());
    request.body(form).send().await.unwrap().status().as_u16()
}

async fn key_fetches(house: &House) -> usize {
    house.control("GET", "/requests?endpoint=jwks", Value::Null).await.as_array().unwrap().len()
}

stories! {
    async fn key_04_a_flood_of_unknown_keys_does_not_starve_a_sign_in_of_a_real_one(house: House) {
        house.signed_in().await;
        house.clock.advance(MINUTE);
        let before = key_fetches(house).await;
        for _ in 0..30 {
            assert_eq!(stranger_sends_a_token_with_an_unknown_key(house).await, 400);
        }
        assert_eq!(key_fetches(house).await, before + 1, "KEY-03");
        house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        for _ in 0..30 {
            stranger_sends_a_token_with_an_unknown_key(house).await;
        }
        assert_eq!(key_fetches(house).await, before + 1, "their budget is spent");
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 200, "at once, not a minute later");
        assert_eq!(key_fetches(house).await, before + 2);
    }

    async fn tok_15_an_address_that_is_none_or_not_verified_is_not_told_to_apps(house: House) {
        for (email, verified, told) in [
            (json!("alice@t1.example"), json!(true), "alice@t1.example"),
            (json!("alice@t1.example"), json!(null), "alice@t1.example"),
            (json!("alice@t1.example"), json!(false), ""),
            (json!("alice@t1.example"), json!("false"), ""),
            (json!("alice@t1.example@admin.example"), json!(true), ""),
            (json!("alice@t1.ex\u{0}ample"), json!(true), ""),
            (json!("alice"), json!(true), ""),
            (json!("@t1.example"), json!(true), ""),
            (json!(["alice@t1.example"]), json!(true), ""),
        ] {
            alice_with(house, |claims| {
                claims["email"] = email.clone();
                claims["email_verified"] = verified.clone();
            }).await;
            let visit = house.browser().navigate(&format!("{APP}/")).await;
            assert_eq!((visit.status, visit.user()), (200, "alice"), "{email} {verified}");
            assert_eq!(visit.header("x-auth-request-email"), told, "{email} {verified}");
            assert!(visit.headers.contains_key("x-auth-request-email"), "it is always there");
        }
        house.config.providers[0].unverified_email = true;
        house.restart().await;
        alice_with(house, |claims| {
            claims["email"] = json!("alice@t1.example");
            claims["email_verified"] = json!(false);
        }).await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!(visit.header("x-auth-request-email"), "alice@t1.example", "where the operator says so");
    }

    async fn tok_15_the_same_address_does_not_make_the_same_person(house: House) {
        house.signed_in().await;
        let (_, alice) = house.session().await;
        let bob = house.control("GET", "/users/bob", Value::Null).await;
        let mut claims = bob["claims"].clone();
        claims["email"] = json!("alice@t1.example");
        house.control("PUT", "/users/bob", json!({ "claims": claims })).await;
        house.auto_login("bob").await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!((visit.user(), visit.header("x-auth-request-email")), ("bob", "alice@t1.example"));
        let live = house.live().await;
        let (_, bob) = live.iter().find(|(_, session)| session.identity.subject == "bob").unwrap();
        assert!(!bob.identity.is_same_person_as(&alice.identity));
        // And one person stays the same with another address.
        house.auto_login("alice").await;
        alice_with(house, |claims| claims["email"] = json!("new@t1.example")).await;
        house.wait(50 * MINUTE).await;
        let live = house.live().await;
        let (_, renewed) = live.iter().find(|(_, session)| session.identity.subject == "alice").unwrap();
        assert_eq!(renewed.identity.email.as_deref(), Some("new@t1.example"));
    }

    async fn tok_17_groups_that_the_idp_names_elsewhere_are_said_to_be_missing(house: House) {
        alice_with(house, |claims| {
            claims.as_object_mut().unwrap().remove("groups");
            claims["_claim_names"] = json!({ "groups": "src1" });
            claims["_claim_sources"] = json!({ "src1": { "endpoint": "https://graph.example/groups" } });
        }).await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        let told = (visit.header("x-auth-request-groups"), visit.header("x-auth-request-groups-truncated"));
        assert_eq!(told, ("", "true"));
    }

    async fn tok_20_more_groups_than_a_token_may_hold_are_an_error_that_says_what_to_do_and_no_session(house: House) {
        alice_with(house, |claims| {
            claims["groups"] = (0..4000).map(|n| format!("group-{n}")).collect();
        }).await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!(visit.status, 400);
        assert!(visit.body.contains("id_token_too_long"), "{}", visit.body);
        assert!(house.live().await.is_empty());
    }

    async fn key_06_a_key_that_the_idp_withdraws_is_forgotten_within_the_hour(house: House) {
        house.signed_in().await;
        let before = known_keys(house);
        let rotated = house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        assert_eq!(known_keys(house), before);
        house.clock.advance(HOUR);
        hourgate::journeys::idp_documents::refresh_and_keep(house.services()).await.unwrap();
        assert_eq!(known_keys(house), [rotated["kid"].as_str().unwrap()]);
    }

    async fn key_07_an_idp_that_never_answers_holds_up_only_those_who_wait_for_it(house: House) {
        let inside = house.signed_in().await;
        house.config.providers[0].timeout = Duration::from_secs(1);
        house.restart().await;
        let inside = inside.at(house.address());
        for endpoint in ["discovery", "jwks", "token"] {
            house.clock.advance(HOUR);
            house.fault(endpoint, "hang").await;
            let outside = house.browser();
            let waiting = tokio::spawn(async move { outside.navigate(&format!("{APP}/")).await });
            let script = inside.fetch(&format!("{APP}/_hourgate/session")).await;
            assert_eq!(script.status, 200, "{endpoint}: the others are served meanwhile");
            let visit = waiting.await.unwrap();
            let is_served_from_memory = endpoint == "discovery" && visit.status == 200;
            assert!(visit.status == 503 || is_served_from_memory, "{endpoint}: {visit:?}");
            house.no_faults().await;
        }
    }

    async fn key_08_no_redirect_of_an_idp_is_followed(house: House) {
        let (inner, reached) = wire("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {inner}\r\ncontent-length: 0\r\n\r\n");
        let (outer, asked) = wire(redirect).await;
        house.config.providers[0].discovery_url = Some(outer);
        house.restart().await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert!(visit.status == 503 && visit.body.contains("idp_unavailable"), "{visit:?}");
        assert_eq!((asked.load(Ordering::SeqCst), reached.load(Ordering::SeqCst)), (1, 0));
    }

    async fn pci_09_a_refresh_for_another_tenant_user_ends_the_session_and_keeps_no_token(house: House) {
        for claim in ["tid", "oid"] {
            house.signed_in().await;
            let (id, before) = house.session().await;
            let mut original = Value::Null;
            alice_with(house, |claims| original = std::mem::replace(&mut claims[claim], json!("another"))).await;
            house.wait(HOUR).await;
            assert_eq!(house.tombstone(id).await.reason.code(), "user_mismatch", "{claim}");
            assert!(house.services().sessions.tokens(id).await.unwrap().is_none(), "nothing is stored");
            assert_eq!(before.identity.subject, "alice");
            alice_with(house, |claims| claims[claim] = original.clone()).await;
        }
    }

    async fn pci_09_a_refresh_does_not_change_when_credentials_were_entered(house: House) {
        house.signed_in().await;
        let (_, before) = house.session().await;
        house.wait(3 * HOUR).await;
        let (_, after) = house.session().await;
        assert!(after.proof.proved_at > before.proof.proved_at);
        assert_eq!(after.identity.authenticated_at, before.identity.authenticated_at);
    }

    async fn pci_11_a_password_reset_that_leaves_refresh_tokens_alive_is_not_seen_in_the_background(house: House) {
        let browser = house.signed_in().await;
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        house.control("POST", "/users/alice/reset-password", Value::Null).await;
        house.wait(5 * HOUR).await;
        // That is Entra's way with confidential clients, and the manual says so.
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn pci_11_checked_by_the_browser_it_is_seen_within_the_interval(house: House) {
        house.config.providers[0].policy_check = PolicyCheck::Browser;
        house.restart().await;
        house.control("PUT", "/lifetimes", json!({ "id_token": "8h" })).await;
        let browser = house.signed_in().await;
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        let (_, first) = house.session().await;
        assert_eq!(first.proof.until.since(first.proof.proved_at), HOUR, "the interval, not the token's eight hours");
        house.wait(HOUR).await;
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"), "silently, while nothing is amiss");
        assert!(visit.way.iter().any(|url| url.query().is_some_and(|query| query.contains("prompt=none"))));
        assert_eq!(house.token_requests("refresh_token").await, 0);

        house.control("POST", "/users/alice/reset-password", Value::Null).await;
        assert_eq!(browser.navigate(&format!("{APP}/page")).await.way.len(), 1, "until then it is not known");
        house.wait(HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401);
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!(visit.url.host_str(), Some("127.0.0.1"), "the IdP wants to see the person: {:#?}", visit.way);
        assert_eq!(house.live().await.len(), 1, "nobody said no: it is kept, and not served");
    }
}
