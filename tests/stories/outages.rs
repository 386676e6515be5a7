//! The IdP is away, or answers nonsense. Nobody is signed out by a "don't know".

use hourgate::provider::settings::Rotation;
use serde_json::json;

use crate::house::{APP, HOUR, House, MINUTE, SECOND};

stories! {
    async fn o2_an_outage_of_ten_minutes_goes_unnoticed(house: House) {
        let browser = house.signed_in().await;
        for _ in 0..6 {
            house.wait(35 * MINUTE).await;
            house.outage().await;
            house.wait(10 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
            house.no_outage().await;
            house.wait(15 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        }
    }

    async fn o4_past_the_proof_people_wait_and_are_not_signed_out(house: House) {
        let browser = house.signed_in().await;
        house.outage().await;
        house.wait(3 * HOUR).await;

        let script = browser.fetch(&format!("{APP}/api")).await;
        assert_eq!((script.status, script.header("retry-after")), (503, "1"));
        let page = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!(page.status, 503);
        assert!(!page.header("retry-after").is_empty() && page.body.contains("Your session is kept"), "{}", page.body);
        assert!(browser.cookie("__Host-hourgate").is_some(), "the cookie is kept");
        house.session().await;

        house.no_outage().await;
        house.clock.advance(15 * SECOND);
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/report"), "works again at the first successful check");
    }

    async fn o1_only_a_positive_no_ends_a_session(house: House) {
        let browser = house.signed_in().await;
        for fault in [
            json!({ "endpoint": "token", "mode": "status", "status": 500 }),
            json!({ "endpoint": "token", "mode": "status", "status": 503, "body": { "error": "invalid_grant" } }),
            json!({ "endpoint": "token", "mode": "status", "status": 429, "body": { "error": "invalid_grant" } }),
            json!({ "endpoint": "token", "mode": "status", "status": 408, "body": { "error": "invalid_grant" } }),
            json!({ "endpoint": "token", "mode": "status", "status": 401, "body": { "error": "invalid_client" } }),
            json!({ "endpoint": "token", "mode": "status", "status": 400, "body": { "error": "temporarily_unavailable" } }),
            json!({ "endpoint": "token", "mode": "html" }),
            json!({ "endpoint": "token", "mode": "garbage" }),
            json!({ "endpoint": "token", "mode": "reset" }),
            json!({ "endpoint": "jwks", "mode": "status", "status": 500 }),
            json!({ "endpoint": "discovery", "mode": "html" }),
        ] {
            house.control("POST", "/faults", fault.clone()).await;
            house.wait(40 * MINUTE).await;
            house.session().await;
            house.no_faults().await;
            house.wait(20 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200, "{fault}");
        }
    }

    async fn a_failing_check_is_tried_again_soon_and_less_and_less_often(house: House) {
        house.config.providers[0].rotation = Rotation::None;
        house.restart().await;
        house.signed_in().await;
        house.fault("token", "reset").await;
        house.wait(HOUR).await;
        let (_, session) = house.session().await;
        let failed = session.failed_check.unwrap();
        assert!(failed.attempts >= 3, "{failed:?}");
        assert!(session.next_check.since(failed.at) <= 90 * SECOND);
        assert!(session.next_check.since(failed.at) >= std::time::Duration::from_secs(2));
    }

    async fn key_10_and_o6_the_gateway_starts_with_the_idp_down_and_lets_known_sessions_in(house: House) {
        use hourgate::journeys::idp_documents;
        let browser = house.signed_in().await;
        idp_documents::refresh_and_keep(house.services()).await.unwrap();
        house.outage().await;
        house.restart().await;
        idp_documents::restore(house.services()).await.unwrap();
        let browser = browser.at(house.address());
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        let stranger = house.browser();
        let start = stranger.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        assert_eq!(start.status, 303, "the kept metadata names the way to the IdP");

        house.no_outage().await;
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 200, "as soon as it is back");
    }

    async fn a_sign_in_while_the_idp_is_down_says_so(house: House) {
        house.outage().await;
        let page = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!(page.status, 503);
        assert!(page.body.contains("idp_unavailable"), "{}", page.body);
    }

    async fn race_07_an_answer_that_was_lost_costs_nothing_where_the_idp_was_seen_to_keep_the_refresh_token(house: House) {
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        house.control("POST", "/faults", json!({ "endpoint": "token", "mode": "lost_response", "times": 1 })).await;
        house.wait(2 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn pci_03_and_o3_people_who_are_kept_signed_in_are_served_in_an_outage_and_marked(house: House) {
        let browser = house.signed_in().await;
        let id = house.keep_signed_in().await;
        house.outage().await;
        house.wait(3 * HOUR).await;
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!((visit.status, visit.way.len(), visit.user()), (200, 1, "alice"));
        let told = browser.fetch(&format!("{APP}/report")).await;
        assert_eq!((told.status, told.header("x-hourgate-degraded")), (200, "idp_away"));
        let metrics = house.services().metrics.render();
        assert!(metrics.contains("hourgate_degraded_answers_total{provider=\"idp\"}"), "{metrics}");

        house.no_outage().await;
        house.wait(5 * MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/report")).await.header("x-hourgate-degraded"), "", "proved again");
        house.outage().await;
        house.wait(8 * HOUR + 5 * MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/report")).await.status, 503, "eight hours, no longer");
        house.no_outage().await;
        house.wait(5 * MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/report")).await.status, 200);

        house.outage().await;
        house.wait(3 * HOUR).await;
        let services = house.services();
        hourgate::journeys::revoke::revoke_session(services, id, None, services.now()).await.unwrap();
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401, "an admin's word always counts");
    }

    async fn race_07_an_answer_that_was_lost_costs_nothing_where_the_operator_says_that_the_idp_keeps_the_refresh_token(house: House) {
        house.config.providers[0].rotation = Rotation::None;
        house.restart().await;
        let browser = house.signed_in().await;
        house.control("POST", "/faults", json!({ "endpoint": "token", "mode": "lost_response", "times": 1 })).await;
        house.wait(2 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn race_07_an_answer_that_was_lost_costs_a_silent_redirect_where_the_idp_takes_each_refresh_token_once(house: House) {
        let strict = json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true });
        house.control("PUT", "/tokens-policy", strict).await;
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        house.control("POST", "/faults", json!({ "endpoint": "token", "mode": "lost_response", "times": 1 })).await;
        house.wait(50 * MINUTE).await;
        let (_, session) = house.session().await;
        assert_eq!(session.failed_check.unwrap().why.code(), "token_spent", "that is no \"no\"");

        house.wait(HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401, "past the proof nobody is served without one");
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"), "no credentials were asked for");
        house.session().await;
        house.wait(5 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "and it goes on as before");
    }

    async fn h2_whoever_was_disabled_during_an_outage_is_refused_when_it_is_over(house: House) {
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        let (id, _) = house.session().await;
        house.outage().await;
        house.wait(HOUR).await;
        house.disable("alice").await;
        house.no_outage().await;
        house.wait(5 * MINUTE).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "idp_refused");
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401);
    }

    async fn race_13_people_who_wait_cannot_make_the_gateway_hammer_the_idp(house: House) {
        house.config.providers[0].rotation = Rotation::None;
        house.restart().await;
        let browser = house.signed_in().await;
        house.fault("token", "html").await;
        house.wait(2 * HOUR).await;
        house.clock.advance(15 * SECOND);
        let before = house.token_calls().await;
        for _ in 0..20 {
            assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 503);
        }
        assert_eq!(house.token_calls().await, before + 1);
    }
}
