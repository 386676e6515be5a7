//! Two things happen at once. A refresh token is never lost and never shown twice to an IdP that takes that for theft; what
//! has ended stays ended.

use std::time::Duration;

use hourgate::provider::settings::Rotation;
use hourgate::session::tokens::Tokens;
use hourgate::store::{Claimed, Completion, Replaced};
use serde_json::json;

use crate::house::{APP, HOUR, House, MINUTE, SECOND};
use crate::under_way::{held_answer, let_go, refresh_under_way, until_asked, with_strict_rotation};

impl House {
    /// How many refresh tokens were shown to the IdP that it had given a successor for.
    async fn tokens_shown_twice(&self) -> usize {
        let journal = self.control("GET", "/requests?endpoint=token", json!(null)).await;
        let requests = journal.as_array().or_else(|| journal["requests"].as_array()).unwrap().clone();
        requests.iter().filter(|request| request["reuse"] == true).count()
    }

    async fn requests_at(&self, endpoint: &str) -> usize {
        let journal = self.control("GET", &format!("/requests?endpoint={endpoint}"), json!(null)).await;
        journal.as_array().or_else(|| journal["requests"].as_array()).unwrap().len()
    }

    async fn lose_one_answer(&self) {
        let lost = json!({ "endpoint": "token", "mode": "lost_response", "times": 1 });
        self.control("POST", "/faults", lost).await;
    }
}

stories! {
    async fn race_03_and_race_04_a_node_whose_claim_lapsed_stores_its_token_and_hands_the_session_over(house: House) {
        with_strict_rotation(house).await;
        let browser = house.signed_in().await;
        held_answer(house).await;
        house.clock.advance(3 * HOUR / 4);
        let late = refresh_under_way(house).await;
        house.clock.advance(11 * SECOND);
        house.work().await;
        let (_, session) = house.session().await;
        assert_eq!(session.failed_check.unwrap().why.code(), "token_spent", "the other node sends nothing that may be spent");

        let_go(house).await;
        late.await.unwrap();
        house.work().await;
        let (_, session) = house.session().await;
        assert_eq!((session.failed_check, session.proof.proved_at), (None, house.services().now()));
        assert_eq!((house.token_requests("refresh_token").await, house.tokens_shown_twice().await), (2, 0));
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn race_04_a_session_is_handed_over_to_a_node_that_still_holds_it(house: House) {
        with_strict_rotation(house).await;
        let browser = house.signed_in().await;
        held_answer(house).await;
        house.clock.advance(3 * HOUR / 4);
        let late = refresh_under_way(house).await;
        house.clock.advance(11 * SECOND);
        // Another node has taken over, and has looked at the tokens before the late ones are stored.
        let (id, _) = house.session().await;
        let store = house.services().sessions.clone();
        let claimed = store.store().claim(id, house.services().now(), 10 * SECOND).await.unwrap();
        let Claimed::Ours(fence) = claimed else { panic!("{claimed:?}") };
        let_go(house).await;
        while house.token_requests("refresh_token").await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        // It gives up for want of them.
        let next_due = house.services().now().plus(90 * 24 * HOUR);
        assert!(store.store().complete(id, Completion { fence, next_due }).await.unwrap());
        late.await.unwrap();
        house.work().await;
        let (_, session) = house.session().await;
        assert_eq!((session.failed_check, session.proof.proved_at), (None, house.services().now()));
        assert_eq!((house.token_requests("refresh_token").await, house.tokens_shown_twice().await), (2, 0));
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn race_05_a_client_that_hangs_up_stops_no_refresh(house: House) {
        with_strict_rotation(house).await;
        let browser = house.signed_in().await;
        house.outage().await;
        house.wait(HOUR).await;
        house.no_outage().await;
        house.clock.advance(15 * SECOND);
        held_answer(house).await;
        let waiting = browser.clone();
        let tab = tokio::spawn(async move { waiting.step(&format!("{APP}/_hourgate/check?rd=/")).await.status });
        until_asked(house).await;
        tab.abort();
        let_go(house).await;
        while house.session().await.1.proof.proved_at != house.services().now() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        house.wait(2 * HOUR).await;
        assert_eq!((browser.navigate(&format!("{APP}/")).await.way.len(), house.tokens_shown_twice().await), (1, 0));
    }

    async fn race_07_within_the_grace_of_the_idp_a_lost_answer_costs_nothing(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "rotation": "rotate", "grace": "30s", "reuse_detection": true })).await;
        house.config.providers[0].rotation = Rotation::Grace(20 * SECOND);
        house.restart().await;
        let browser = house.signed_in().await;
        house.lose_one_answer().await;
        house.wait_in_steps(50 * MINUTE, SECOND).await;
        let (_, session) = house.session().await;
        assert_eq!(session.failed_check, None, "asked again a second later, and given the same successor");
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);

        house.lose_one_answer().await;
        house.wait(2 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/page")).await.url.path(), "/page", "past the grace: one silent redirect");
        assert_eq!(house.tokens_shown_twice().await, 0);
    }

    async fn race_07_an_idp_that_rotates_only_now_and_then_signs_nobody_out_with_an_answer_that_was_lost(house: House) {
        let browser = house.signed_in().await;
        house.wait(HOUR).await; // seen to keep its refresh token
        let strict = json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true });
        house.control("PUT", "/tokens-policy", strict).await;
        house.lose_one_answer().await;
        house.wait(HOUR).await;
        let (_, session) = house.session().await;
        assert_eq!(session.failed_check.unwrap().why.code(), "token_spent", "that is no \"no\"");
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        house.wait(HOUR).await;
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"), "no credentials were asked for");

        // From now on it is known to rotate.
        let shown = house.tokens_shown_twice().await;
        house.control("PUT", "/tokens-policy", json!({ "rotation": "none" })).await;
        house.wait(HOUR).await;
        house.control("PUT", "/tokens-policy", json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true })).await;
        house.wait(HOUR).await;
        house.control("PUT", "/tokens-policy", json!({ "rotation": "none" })).await;
        house.wait(HOUR).await;
        house.lose_one_answer().await;
        house.wait(HOUR).await;
        assert_eq!(house.tokens_shown_twice().await, shown);
        let (_, session) = house.session().await;
        assert_eq!(session.failed_check.unwrap().why.code(), "token_spent");
    }

    async fn h2_whoever_was_disabled_while_an_answer_was_lost_is_let_in_no_more(house: House) {
        for (rotation, outcome) in [(Rotation::Auto, "token_spent"), (Rotation::None, "idp_refused")] {
            house.config.providers[0].rotation = rotation;
            house.restart().await;
            house.control("POST", "/users/alice/enable", json!(null)).await;
            let browser = house.signed_in().await;
            let (id, _) = house.session().await;
            house.wait(HOUR).await;
            house.lose_one_answer().await;
            while house.control("GET", "/faults", json!(null)).await != json!([]) {
                house.wait_in_steps(MINUTE, MINUTE).await;
            }
            house.disable("alice").await;
            house.wait(HOUR).await;
            match outcome {
                "token_spent" => {
                    assert_eq!(house.session().await.1.failed_check.unwrap().why.code(), outcome);
                    let visit = browser.navigate(&format!("{APP}/report")).await;
                    assert!(visit.went_over("/authorize") && visit.user().is_empty(), "the IdP says it to the browser: {visit:?}");
                }
                _ => assert_eq!(house.tombstone(id).await.reason.code(), outcome, "the operator's word is enough"),
            }
            assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401, "{outcome}");
            let services = house.services();
            hourgate::journeys::revoke::revoke_session(services, id, None, services.now()).await.unwrap();
        }
    }

    async fn race_08_a_token_that_may_be_spent_is_never_shown_again_to_a_strict_idp(house: House) {
        with_strict_rotation(house).await;
        house.config.providers[0].rotation = Rotation::Strict;
        house.restart().await;
        let browser = house.signed_in().await;
        house.control("PUT", "/auto-login", json!({ "user": null })).await;
        for _ in 0..5 {
            house.lose_one_answer().await;
            house.wait(3 * HOUR).await;
            let visit = browser.navigate(&format!("{APP}/page")).await;
            assert_eq!((visit.status, visit.url.path()), (200, "/page"), "no credentials were asked for");
        }
        assert_eq!(house.tokens_shown_twice().await, 0);
        assert_eq!(house.token_requests("refresh_token").await, 5, "one for each answer that was lost");
    }

    async fn race_09_a_refusal_of_a_token_that_was_replaced_meanwhile_is_no_no(house: House) {
        house.signed_in().await;
        let (id, session) = house.session().await;
        held_answer(house).await;
        house.clock.advance(3 * HOUR / 4);
        let loser = refresh_under_way(house).await;
        // Meanwhile another node stores a newer token, and the IdP takes the old one no more.
        let sessions = house.services().sessions.clone();
        let (version, tokens) = sessions.tokens(id).await.unwrap().unwrap();
        let newer = Tokens { unanswered_since: None, ..tokens };
        let written = sessions.replace_tokens(id, version, &newer, house.services().now()).await.unwrap();
        assert!(matches!(written, Replaced::Done(_)));
        house.control("POST", "/users/alice/revoke", json!(null)).await;
        let rest = json!({ "endpoint": "token", "mode": "status", "status": 429 });
        house.control("POST", "/faults", rest).await;
        let_go(house).await;
        loser.await.unwrap();
        assert_eq!(house.session().await.0, id, "only a no to the newest token counts");

        house.no_faults().await;
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "idp_refused", "and that one is asked about next");
        assert!(session.failed_check.is_none());
    }

    async fn race_10_a_session_that_ends_during_a_refresh_stays_ended(house: House) {
        for way in ["sign-out", "revocation"] {
            with_strict_rotation(house).await;
            let browser = house.signed_in().await;
            let (id, _) = house.session().await;
            held_answer(house).await;
            house.clock.advance(3 * HOUR / 4);
            let refresh = refresh_under_way(house).await;
            match way {
                "sign-out" => {
                    let own_page = [("sec-fetch-site", "same-origin")];
                    let out = browser.post_once(&format!("{APP}/_hourgate/signout"), &own_page).await;
                    assert_eq!(out.status, 303, "{out:?}");
                }
                _ => {
                    let services = house.services();
                    let revoked = hourgate::journeys::revoke::revoke_session(services, id, None, services.now()).await;
                    revoked.unwrap();
                }
            }
            let_go(house).await;
            refresh.await.unwrap();
            house.wait(5 * MINUTE).await;
            let reason = house.tombstone(id).await.reason.code();
            assert_eq!(reason, if way == "sign-out" { "signed_out" } else { "revoked" });
            assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401, "{way}");
        }
    }

    async fn race_10_what_the_idp_gave_meanwhile_is_taken_back(house: House) {
        with_strict_rotation(house).await;
        house.signed_in().await;
        let (id, _) = house.session().await;
        let late = json!({ "endpoint": "token", "mode": "late_answer", "delay": "500ms", "times": 1 });
        house.control("POST", "/faults", late).await;
        house.clock.advance(3 * HOUR / 4);
        let refresh = refresh_under_way(house).await;
        let services = house.services();
        hourgate::journeys::revoke::revoke_session(services, id, None, services.now()).await.unwrap();
        refresh.await.unwrap();
        while house.requests_at("revoke").await < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(house.tombstone(id).await.reason.code(), "revoked", "the token that it had, and the one that came too late");
    }

    async fn race_11_an_answer_that_was_waited_for_sets_no_cookie_after_a_sign_out(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.outage().await;
        house.wait(HOUR).await;
        house.no_outage().await;
        house.clock.advance(15 * SECOND);
        held_answer(house).await;
        let waiting = browser.clone();
        let tab = tokio::spawn(async move { waiting.step(&format!("{APP}/_hourgate/check?rd=/")).await });
        until_asked(house).await;
        let services = house.services();
        hourgate::journeys::revoke::revoke_session(services, id, None, services.now()).await.unwrap();
        let_go(house).await;
        let answer = tab.await.unwrap();
        assert!(answer.status == 303 && answer.header("location").contains("/_hourgate/start"), "{answer:?}");
        assert_eq!(answer.header("set-cookie"), "");
    }
}
