//! The gateway proves itself to the IdP with a key of its own, pushes its requests, and reads odd answers with care.

use std::sync::Arc;

use hourgate::keys::client::{Choice, ClientKeys};
use hourgate::keys::client_file::{self, Kind};
use hourgate::provider::settings::{ClientAuthentication, PushedRequests};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::house::{APP, HOUR, House, MINUTE, OTHER, SECOND};

/// Gives the gateway these keys.
async fn has_keys(house: &mut House, pem: &SecretString) {
    let keys = ClientKeys::parse(pem, &Choice::default()).unwrap();
    house.config.providers[0].client_authentication = ClientAuthentication::PrivateKeyJwt(Arc::new(keys));
    house.restart().await;
}

/// What the gateway publishes.
async fn published(house: &House) -> Value {
    let answer = house.browser().fetch(&format!("{APP}/_hourgate/jwks.json")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// The IdP takes these keys and no others.
async fn registered(house: &House, jwks: Value) {
    let callbacks = [APP, OTHER].map(|app| format!("{app}/_hourgate/callback/idp"));
    house.control("PUT", "/clients/hourgate", json!({ "jwks": jwks, "redirect_uris": callbacks })).await;
}

async fn offers_to_push(house: &mut House, required: bool) {
    house.control("PUT", "/pushed-requests", json!({ "offered": true, "required": required })).await;
    // Metadata is fetched once an hour.
    house.restart().await;
}

async fn pushes(house: &House) -> usize {
    house.control("GET", "/requests?endpoint=par", Value::Null).await.as_array().unwrap().len()
}

stories! {
    async fn a_gateway_with_a_key_needs_no_secret(house: House) {
        has_keys(house, &client_file::new(Kind::P256).unwrap()).await;
        registered(house, published(house).await).await;
        let browser = house.signed_in().await;
        house.wait(3 * HOUR).await;
        assert!(house.token_requests("refresh_token").await >= 3);
        assert_eq!(house.session().await.1.failed_check, None);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn pci_06_a_wrong_key_is_our_fault_and_signs_nobody_out(house: House) {
        has_keys(house, &client_file::new(Kind::P256).unwrap()).await;
        let right = published(house).await;
        registered(house, right.clone()).await;
        let browser = house.signed_in().await;

        has_keys(house, &client_file::new(Kind::P256).unwrap()).await;
        let browser = browser.at(house.address());
        house.wait(50 * MINUTE).await;
        let (_, session) = house.session().await;
        assert_eq!(session.failed_check.unwrap().why.code(), "our_fault");
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200, "the proof still counts");
        let newcomer = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!(newcomer.status, 502);
        assert!(newcomer.body.contains("misconfigured"), "{}", newcomer.body);

        house.wait(HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 503, "past the proof nobody is let in");
        assert!(browser.cookie("__Host-hourgate").is_some());
        registered(house, published(house).await).await;
        house.wait_in_steps(5 * MINUTE, 30 * SECOND).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "nobody was signed out");
    }

    async fn a_key_is_rotated_without_a_moment_in_which_the_idp_knows_none(house: House) {
        let first = client_file::new(Kind::P256).unwrap();
        has_keys(house, &first).await;
        registered(house, published(house).await).await;
        let browser = house.signed_in().await;

        let rotated = client_file::rotate(&first).unwrap();
        has_keys(house, &rotated).await;
        house.wait(HOUR).await;
        assert_eq!(house.session().await.1.failed_check, None, "the IdP need not know the next key yet");
        let both = published(house).await;
        assert_eq!(both["keys"].as_array().unwrap().len(), 2);
        registered(house, both).await;

        has_keys(house, &client_file::switch(&rotated).unwrap()).await;
        house.wait(2 * HOUR).await;
        assert_eq!(house.session().await.1.failed_check, None);
        assert_eq!(browser.at(house.address()).navigate(&format!("{APP}/")).await.way.len(), 1);
        house.signed_in().await;
    }

    async fn without_a_key_there_is_nothing_to_publish(house: House) {
        assert_eq!(published(house).await, json!({ "keys": [] }));
    }

    async fn a_request_is_pushed_where_the_idp_offers_that_and_the_browser_carries_its_name_only(house: House) {
        offers_to_push(house, false).await;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/page&login_hint=alice%40example")).await;
        let there: url::Url = start.header("location").parse().unwrap();
        let mut carried: Vec<String> = there.query_pairs().map(|(name, _)| name.into_owned()).collect();
        carried.sort();
        assert_eq!((start.status, carried), (303, vec!["client_id".into(), "request_uri".into()]));
        assert_eq!(pushes(house).await, 1);
        let visit = browser.navigate(there.as_str()).await;
        assert_eq!((visit.status, visit.url.path(), visit.user()), (200, "/page", "alice"));

        let again = browser.step(there.as_str()).await;
        assert_eq!(again.status, 400, "a name is good once");
        house.config.providers[0].pushed_authorization_requests = PushedRequests::Never;
        house.restart().await;
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.user(), "alice");
        assert_eq!(pushes(house).await, 1);
    }

    async fn a_request_that_cannot_be_pushed_is_never_sent_the_other_way(house: House) {
        for required in [false, true] {
            offers_to_push(house, required).await;
            for (fault, status, code) in [
                (json!({ "endpoint": "par", "mode": "status", "status": 503 }), 503, "idp_unavailable"),
                (json!({ "endpoint": "par", "mode": "reset" }), 503, "idp_unavailable"),
                (json!({ "endpoint": "par", "mode": "html" }), 503, "idp_unavailable"),
                (json!({ "endpoint": "par", "mode": "garbage" }), 503, "idp_unavailable"),
                (json!({ "endpoint": "par", "mode": "status", "status": 302, "body": "" }), 503, "idp_unavailable"),
                (
                    json!({ "endpoint": "par", "mode": "error", "status": 429, "body": { "error": "slow_down" } }),
                    503,
                    "idp_unavailable",
                ),
                (
                    json!({ "endpoint": "par", "mode": "error", "status": 401, "body": { "error": "invalid_client" } }),
                    502,
                    "misconfigured",
                ),
                (
                    json!({ "endpoint": "par", "mode": "error", "body": { "error": "invalid_request" } }),
                    502,
                    "misconfigured",
                ),
            ] {
                house.control("POST", "/faults", fault.clone()).await;
                let start = house.browser().step(&format!("{APP}/_hourgate/start?rd=/")).await;
                assert_eq!((start.status, start.header("location")), (status, ""), "{fault}");
                assert!(start.body.contains(code), "{fault}: {}", start.body);
                house.no_faults().await;
            }
            house.signed_in().await;
        }
        house.config.providers[0].pushed_authorization_requests = PushedRequests::Never;
        house.restart().await;
        let start = house.browser().step(&format!("{APP}/_hourgate/start?rd=/")).await;
        assert_eq!((start.status, start.body.contains("misconfigured")), (502, true), "{}", start.body);

        house.control("PUT", "/pushed-requests", json!({ "offered": false })).await;
        house.config.providers[0].pushed_authorization_requests = PushedRequests::Always;
        house.restart().await;
        let start = house.browser().step(&format!("{APP}/_hourgate/start?rd=/")).await;
        assert_eq!((start.status, start.body.contains("misconfigured")), (502, true), "{}", start.body);
    }

    async fn a_pushed_request_is_proved_with_the_key_too(house: House) {
        has_keys(house, &client_file::new(Kind::P256).unwrap()).await;
        registered(house, published(house).await).await;
        offers_to_push(house, true).await;
        house.signed_in().await;
        assert_eq!(pushes(house).await, 1);
    }

    async fn key_12_a_rotated_refresh_token_in_an_odd_answer_is_kept(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "rotation": "rotate", "reuse_detection": true })).await;
        house.fault("token", "odd_answer").await;
        let browser = house.signed_in().await;
        house.wait(4 * HOUR).await;
        assert!(house.token_requests("refresh_token").await >= 4);
        assert_eq!(house.session().await.1.failed_check, None);

        house.no_faults().await;
        house.control("POST", "/faults", json!({ "endpoint": "token", "mode": "no_access_token", "times": 1 })).await;
        house.wait(50 * MINUTE).await;
        house.wait(2 * HOUR).await;
        assert_eq!(house.session().await.1.failed_check, None, "the token of the broken answer was the good one");
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }
}
