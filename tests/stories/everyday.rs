//! What people do all day: tabs, polling, forms, coming back. And what of it lies in the store.

use hourgate::journeys::policy_check::run_all_due;
use hourgate::provider::settings::PolicyCheck;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::house::{APP, HOUR, House, MINUTE};

const SCRIPT: &[(&str, &str)] =
    &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("accept", "application/json")];
const PASSIVE: &[(&str, &str)] = &[("sec-fetch-mode", "cors"), ("x-hourgate-passive", "1")];

stories! {
    async fn pci_18_a_frame_is_sent_nowhere_and_a_navigation_once(house: House) {
        house.config.providers[0].policy_check = PolicyCheck::Browser;
        house.restart().await;
        let browser = house.signed_in().await;
        house.wait(2 * HOUR).await;
        for kind in ["iframe", "embed", "image", "script"] {
            let hidden = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", kind), ("accept", "text/html")];
            let answer = browser.with_headers(&format!("{APP}/"), &hidden).await;
            assert_eq!((answer.status, answer.header("location")), (401, ""), "{kind}");
        }
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"));
        let silent = visit.way.iter().filter(|url| url.query().is_some_and(|query| query.contains("prompt=none")));
        assert_eq!(silent.count(), 1, "{:#?}", visit.way);
    }

    async fn tmo_11_what_a_script_posts_after_the_end_is_answered_and_not_redirected(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.outage().await;
        house.wait(3 * HOUR).await;
        let waits = browser.post(&format!("{APP}/api/orders"), SCRIPT).await;
        assert_eq!((waits.status, waits.header("retry-after")), (503, "1"), "it can be sent again");
        house.no_outage().await;

        let services = house.services();
        hourgate::journeys::revoke::revoke_session(services, id, None, services.now()).await.unwrap();
        let over = browser.post(&format!("{APP}/api/orders"), SCRIPT).await;
        assert_eq!((over.status, over.header("content-type")), (401, "application/problem+json"));
        assert!(!over.headers.contains_key("location"));
        assert_eq!((over.json()["reason"].clone(), over.json()["status"].clone()), (json!("revoked"), json!(401)));
        assert!(over.json()["login_url"].as_str().unwrap().starts_with(&format!("{APP}/_hourgate/start")));
    }

    async fn tmo_03_an_app_that_polls_by_itself_uses_no_session(house: House) {
        house.settings().custom_inactivity = true;
        house.settings().inactivity_timeout = 10 * MINUTE;
        house.restart().await;
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        for _ in 0..18 {
            assert_eq!(browser.with_headers(&format!("{APP}/poll"), PASSIVE).await.status, 200);
            house.wait_in_steps(MINUTE / 2, MINUTE / 2).await;
        }
        // Nor does the gateway's own page script.
        assert_eq!(browser.fetch(&format!("{APP}/_hourgate/session")).await.status, 200);
        house.wait_in_steps(MINUTE, MINUTE).await;
        assert_eq!(browser.with_headers(&format!("{APP}/poll"), PASSIVE).await.status, 401);
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "inactive");
    }

    async fn tmo_04_what_is_done_in_one_tab_counts_for_all(house: House) {
        house.settings().custom_inactivity = true;
        house.settings().inactivity_timeout = 10 * MINUTE;
        house.restart().await;
        let (busy, idle) = { let browser = house.signed_in().await; (browser.clone(), browser) };
        for _ in 0..30 {
            house.wait_in_steps(2 * MINUTE, MINUTE).await;
            assert_eq!(busy.fetch(&format!("{APP}/api")).await.status, 200);
        }
        assert_eq!(idle.navigate(&format!("{APP}/")).await.way.len(), 1, "left alone for an hour, and in use");
    }

    async fn log_14_whoever_is_disabled_is_out_everywhere_within_the_interval_though_nobody_says_so(house: House) {
        let browsers = [house.signed_in().await, house.signed_in().await, house.signed_in().await];
        let other = house.browser();
        house.auto_login("bob").await;
        assert_eq!(other.navigate(&format!("{APP}/")).await.user(), "bob");
        house.wait(30 * MINUTE).await;
        house.disable("alice").await;
        house.wait(HOUR).await;
        for browser in browsers {
            let answer = browser.fetch(&format!("{APP}/api")).await;
            assert!(answer.status == 401 && answer.header("www-authenticate").contains("idp_refused"), "{answer:?}");
        }
        assert_eq!(other.navigate(&format!("{APP}/")).await.way.len(), 1, "and nobody else is");
    }

    async fn ses_09_the_cookie_is_as_long_as_ever_however_much_is_known_of_a_person(house: House) {
        let short = house.signed_in().await.cookie("__Host-hourgate").unwrap().len();
        let mut alice = house.control("GET", "/users/alice", Value::Null).await;
        alice["claims"]["groups"] = (0..400).map(|n| format!("a group with a long name, number {n}")).collect();
        alice["claims"]["name"] = "a".repeat(4000).into();
        house.control("PUT", "/users/alice", json!({ "claims": alice["claims"] })).await;
        let browser = house.signed_in().await;
        assert_eq!(browser.cookie("__Host-hourgate").unwrap().len(), short);
        let names = browser.cookies();
        assert!(names.iter().all(|name| !name.starts_with("__Host-hourgate-") || name.ends_with("-nonce") || name.ends_with("-sent-back")), "{names:?}");
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn pci_20_what_lies_in_the_store_is_sealed(house: House) {
        let browser = house.signed_in().await;
        house.wait(2 * HOUR).await;
        run_all_due(house.services()).await.unwrap();
        let (id, session) = house.session().await;
        let (_, tokens) = house.services().sessions.tokens(id).await.unwrap().unwrap();
        let email = session.identity.email.clone().unwrap();
        let cookies = ["__Host-hourgate", "__Host-hourgate-nonce"].map(|name| browser.cookie(name).unwrap());
        let stored = house.all_that_is_stored();
        let is_there = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(is_there(if house.has_redis() { "hg:" } else { "redb" }), "it was looked at");
        let refresh_token = tokens.refresh_token.unwrap();
        let id_token = tokens.id_token.unwrap();
        let mut secrets = vec![refresh_token.expose_secret(), tokens.nonce.as_str(), email.as_str()];
        secrets.extend(id_token.expose_secret().split('.'));
        secrets.extend(cookies.iter().flat_map(|cookie| cookie.split('.')));
        for secret in secrets {
            assert!(secret.len() >= 12 && !is_there(secret), "{secret}");
        }
    }
}
