//! The IdP is asked, in the background, whether a session may go on.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use hourgate::journeys::check::Usage;
use hourgate::journeys::policy_check::run_visited;
use hourgate::store::{Claimed, Completion};
use serde_json::json;

use crate::house::{APP, DAY, HOUR, House, MINUTE, SECOND};
use crate::under_way::{held_answer, let_go, refresh_under_way};

stories! {
    async fn pci_01_and_h1_the_id_token_is_renewed_every_hour_and_nobody_notices(house: House) {
        let browser = house.signed_in().await;
        let (_, first) = house.session().await;
        for _ in 0..24 {
            house.wait(HOUR).await;
            let visit = browser.navigate(&format!("{APP}/report")).await;
            assert_eq!((visit.status, visit.way.len()), (200, 1), "no redirect, no error");
        }
        let renewals = house.token_requests("refresh_token").await;
        assert!((32..=42).contains(&renewals), "{renewals} renewals in 24 hours, each at 60 to 75 % of the hour");
        let (_, last) = house.session().await;
        assert!(last.proof.proved_at.since(first.proof.proved_at) > 23 * HOUR);
        assert_eq!(last.signed_in_at, first.signed_in_at);
    }

    async fn h2_a_disabled_user_has_lost_the_session_within_the_interval_before_any_request(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.disable("alice").await;
        house.wait(HOUR).await;

        let tombstone = house.tombstone(id).await;
        assert_eq!(tombstone.reason.code(), "idp_refused");
        assert!(tombstone.at.since(crate::house::START) <= HOUR, "within one policy check interval");

        let script = browser.fetch(&format!("{APP}/api")).await;
        assert_eq!(script.status, 401);
        assert!(script.header("www-authenticate").contains("reason=\"idp_refused\""));
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!(visit.status, 401);
        assert!(visit.body.contains("no longer accepts this session"), "{}", visit.body);
    }

    async fn h2_a_revoked_refresh_token_ends_the_session_too_and_signing_in_again_works(house: House) {
        let browser = house.signed_in().await;
        house.control("POST", "/users/alice/revoke", serde_json::Value::Null).await;
        house.wait(HOUR).await;
        assert!(house.live().await.is_empty());
        let explained = browser.navigate(&format!("{APP}/report")).await;
        assert!(explained.body.contains("idp_refused"), "{}", explained.body);
        let (action, fields) = explained.form();
        let visit = browser.submit(action.as_str(), &fields).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/report"));
    }

    async fn pci_12_what_the_idp_takes_away_from_a_person_is_gone_after_the_next_check(house: House) {
        let browser = house.signed_in().await;
        let groups = |visit: &crate::browser::Visit| visit.header("x-auth-request-groups").to_owned();
        assert_eq!(groups(&browser.fetch(&format!("{APP}/")).await), "staff,finance");
        let mut alice = house.control("GET", "/users/alice", json!(null)).await;
        alice["claims"]["groups"] = json!(["staff"]);
        house.control("PUT", "/users/alice", json!({ "claims": alice["claims"] })).await;
        assert_eq!(groups(&browser.fetch(&format!("{APP}/")).await), "staff,finance", "as last proved");
        house.wait(HOUR).await;
        assert_eq!(groups(&browser.fetch(&format!("{APP}/")).await), "staff");
    }

    async fn h3_a_session_in_use_goes_on_for_days(house: House) {
        let browser = house.signed_in().await;
        for _ in 0..10 {
            house.wait_in_steps(DAY / 2, 10 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        }
    }

    async fn h1_a_rotating_refresh_token_with_reuse_detection_lasts(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true })).await;
        let browser = house.signed_in().await;
        house.wait(24 * HOUR - MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        assert!(house.token_requests("refresh_token").await > 24);
    }

    async fn h1_a_short_lived_refresh_token_is_used_before_it_ends(house: House) {
        house.control("PUT", "/lifetimes", json!({ "refresh_token": "30m" })).await;
        let browser = house.signed_in().await;
        house.wait(5 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn h1_the_idp_may_ask_for_a_shorter_interval_but_not_for_a_longer_one(house: House) {
        house.control("PUT", "/pci", json!({ "claim": "xms_pci", "seconds": 900 })).await;
        house.signed_in().await;
        let (_, session) = house.session().await;
        assert_eq!(session.proof.until.since(session.proof.proved_at), 15 * MINUTE);
        house.control("PUT", "/pci", json!({ "claim": "xms_pci", "seconds": 86_400 })).await;
        house.wait(15 * MINUTE).await;
        let (_, session) = house.session().await;
        assert_eq!(session.proof.until.since(session.proof.proved_at), HOUR);
    }

    async fn h1_a_dormant_session_is_not_refreshed_and_not_served_without_a_check(house: House) {
        let browser = house.signed_in().await;
        house.wait(25 * HOUR).await;
        let before = house.token_requests("refresh_token").await;
        house.wait(10 * HOUR).await;
        assert_eq!(house.token_requests("refresh_token").await, before, "nobody keeps it alive");
        let visit = browser.navigate(&format!("{APP}/report")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/report"));
        assert!(visit.went_over("/_hourgate/check"));
        assert_eq!(house.token_requests("refresh_token").await, before + 1);
        house.wait(5 * HOUR).await;
        assert!(house.token_requests("refresh_token").await > before + 4, "and is refreshed again");
    }

    async fn h1_whoever_comes_back_to_a_dormant_session_is_known_to_all_nodes_at_once(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        for back_after in [30 * HOUR, 24 * HOUR - SECOND] {
            house.clock.advance(back_after);
            assert_eq!(browser.navigate(&format!("{APP}/report")).await.status, 200);
            let known = house.services().sessions.store().last_activity(id).await.unwrap();
            assert_eq!(known, Some(house.services().now()), "another node would send them to the check, and so on for ever");
        }
    }

    async fn h8_whoever_waits_is_checked_where_another_node_has_let_the_session_go_unasked(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.clock.advance(30 * HOUR);
        let (store, now) = (house.services().sessions.store(), house.services().now());
        let Claimed::Ours(fence) = store.claim(id, now, 10 * SECOND).await.unwrap() else { panic!("not ours") };
        let page = format!("{APP}/report");
        let let_go = async {
            // The visitor has met the claim by then.
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(store.complete(id, Completion { fence, next_due: now.plus(DAY) }).await.unwrap());
        };
        let (visit, ()) = tokio::join!(browser.navigate(&page), let_go);
        assert_eq!((visit.status, visit.url.path()), (200, "/report"));
    }

    async fn h1_a_forgotten_session_is_deleted_after_90_days(house: House) {
        house.signed_in().await;
        let (id, _) = house.session().await;
        house.wait(26 * HOUR).await;
        house.wait_in_steps(88 * DAY, DAY).await;
        house.session().await;
        house.wait_in_steps(DAY, DAY / 4).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "forgotten");
    }

    async fn h7_a_refresh_that_answers_for_somebody_else_ends_the_session(house: House) {
        for mode in ["wrong_sub", "wrong_iss", "wrong_aud"] {
            house.signed_in().await;
            let (id, _) = house.session().await;
            house.fault("token", mode).await;
            house.wait(HOUR).await;
            assert_eq!(house.tombstone(id).await.reason.code(), "user_mismatch", "{mode}");
            house.no_faults().await;
        }
    }

    async fn h7_an_answer_for_somebody_else_that_nobody_known_has_signed_ends_nothing(house: House) {
        let browser = house.signed_in().await;
        house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
        house.fault("jwks", "reset").await;
        for mode in ["wrong_iss", "wrong_aud", "wrong_sub"] {
            house.fault("token", mode).await;
            house.wait(HOUR).await;
            let (_, session) = house.session().await;
            assert_eq!(session.failed_check.unwrap().why.code(), "unreachable", "{mode}");
            house.no_faults().await;
            house.wait(5 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "{mode}");
            house.control("POST", "/keys/rotate", json!({ "overlap": false })).await;
            house.fault("jwks", "reset").await;
        }
    }

    async fn h1_a_proof_counts_from_when_the_idp_gave_it_however_long_that_took(house: House) {
        house.signed_in().await;
        held_answer(house).await;
        house.clock.advance(50 * MINUTE);
        let refresh = refresh_under_way(house).await;
        house.clock.advance(2 * HOUR);
        let_go(house).await;
        refresh.await.unwrap();
        let (_, session) = house.session().await;
        assert_eq!((session.failed_check, session.proof.proved_at), (None, house.services().now()));
    }

    async fn h1_an_answer_that_came_when_it_was_over_confirms_nothing_and_ends_nothing(house: House) {
        house.control("PUT", "/lifetimes", json!({ "access_token": "8h" })).await;
        house.config.providers[0].userinfo = true;
        house.restart().await;
        let browser = house.signed_in().await;
        let (_, before) = house.session().await;
        let held = json!({ "endpoint": "userinfo", "mode": "hold", "times": 1 });
        house.control("POST", "/faults", held).await;
        house.clock.advance(50 * MINUTE);
        let refresh = refresh_under_way(house).await;
        house.clock.advance(2 * HOUR); // it has issued its ID token long ago
        let_go(house).await;
        refresh.await.unwrap();
        let journal = house.control("GET", "/requests?endpoint=userinfo", json!(null)).await;
        assert_eq!(journal.as_array().unwrap().last().unwrap()["status"], 200);
        let (_, session) = house.session().await;
        let failed = session.failed_check.unwrap();
        assert_eq!((session.proof, failed.why.code()), (before.proof, "unreachable"));
        assert!(session.next_check > house.services().now(), "it is asked again, and not at once");
        house.wait(5 * MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn tok_14_a_refreshed_id_token_may_lack_the_nonce_or_repeat_it_but_not_change_it(house: House) {
        house.signed_in().await;
        house.wait(HOUR).await;
        house.control("PUT", "/tokens-policy", json!({ "nonce_on_refresh": true })).await;
        house.wait(HOUR).await;
        let (id, _) = house.session().await;
        house.fault("token", "wrong_nonce").await;
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "user_mismatch");
    }

    async fn o1_a_refreshed_id_token_that_cannot_be_verified_signs_nobody_out(house: House) {
        for mode in ["bad_sig", "alg_none", "expired", "wrong_at_hash"] {
            let browser = house.signed_in().await;
            house.fault("token", mode).await;
            house.wait(50 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "{mode}");
            house.no_faults().await;
            house.wait(30 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "{mode}: and goes on");
        }
    }

    async fn pci_10_and_h7_a_refresh_without_an_id_token_counts_only_where_configured(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "id_token_on_refresh": false })).await;
        house.signed_in().await;
        let (_, before) = house.session().await;
        house.wait(50 * MINUTE).await;
        let (_, after) = house.session().await;
        assert_eq!(after.proof, before.proof, "not proved, not ended");

        house.config.providers[0].refresh_without_id_token = true;
        house.restart().await;
        house.wait(5 * MINUTE).await;
        let (_, after) = house.session().await;
        assert!(after.proof.proved_at > before.proof.proved_at, "userinfo's sub agrees");

        house.fault("userinfo", "wrong_sub").await;
        let (id, _) = house.session().await;
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "user_mismatch");
    }

    async fn o1_userinfo_that_names_nobody_signs_nobody_out(house: House) {
        house.config.providers[0].userinfo = true;
        house.restart().await;
        let browser = house.signed_in().await;
        house.fault("userinfo", "missing_sub").await;
        house.wait(50 * MINUTE).await;
        house.session().await;
        house.no_faults().await;
        house.wait(30 * MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn pci_08_and_h9_an_idp_that_wants_to_see_the_person_gets_to_see_them_and_the_session_is_kept_until_then(house: House) {
        let browser = house.signed_in().await;
        house.control("POST", "/faults", json!({
            "endpoint": "token", "mode": "error", "status": 400, "body": { "error": "interaction_required" },
        })).await;
        house.wait(50 * MINUTE).await;
        house.session().await;
        house.no_faults().await;
        let script = browser.fetch(&format!("{APP}/api")).await;
        assert_eq!(script.status, 401);
        assert!(script.header("www-authenticate").contains("interaction_required"));
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"));
        assert!(visit.went_over("/authorize"));
    }

    async fn race_01_twenty_waiting_tabs_cause_one_refresh(house: House) {
        let browser = house.signed_in().await;
        house.outage().await;
        house.wait(HOUR).await;
        house.no_outage().await;
        house.clock.advance(15 * SECOND);
        let before = house.token_requests("refresh_token").await;
        house.control("POST", "/faults", json!({ "endpoint": "token", "mode": "delay", "delay": "1s", "times": 1 })).await;
        let tabs: Vec<_> = (0..20)
            .map(|tab| {
                let browser = browser.clone();
                tokio::spawn(async move { browser.navigate(&format!("{APP}/{tab}")).await.status })
            })
            .collect();
        for tab in tabs {
            assert_eq!(tab.await.unwrap(), 200);
        }
        assert_eq!(house.token_requests("refresh_token").await, before + 1);
    }

    async fn tmo_02_and_c10_a_session_that_nobody_uses_ends_on_the_server_and_asks_for_credentials(house: House) {
        house.settings().custom_inactivity = true;
        house.settings().inactivity_timeout = 10 * MINUTE;
        house.restart().await;
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        for _ in 0..12 {
            house.wait_in_steps(9 * MINUTE, MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "in use");
        }
        for _ in 0..10 {
            house.wait_in_steps(MINUTE, MINUTE).await;
            let poll = browser.with_headers(&format!("{APP}/poll"), &[("x-hourgate-passive", "1")]).await;
            let _ = poll.status;
        }
        let script = browser.fetch(&format!("{APP}/api")).await;
        assert_eq!(script.status, 401, "polling is no use");
        assert!(script.header("www-authenticate").contains("inactive"));
        // The record ends with the next turn of its queue, whether anybody asks or not.
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "inactive");
        let visit = browser.navigate(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
        let asked = visit.way.iter().find(|url| url.path().ends_with("/authorize")).unwrap().query().unwrap();
        assert!(asked.contains("prompt=login") && asked.contains("max_age=0"), "{asked}");
    }

    async fn c10_whoever_comes_back_just_in_time_is_known_to_all_nodes_at_once(house: House) {
        house.settings().custom_inactivity = true;
        house.settings().inactivity_timeout = 10 * MINUTE;
        house.restart().await;
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.clock.advance(10 * MINUTE - SECOND);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        let known = house.services().sessions.store().last_activity(id).await.unwrap();
        assert_eq!(known, Some(house.services().now()), "not only to the node that was asked");
    }

    async fn race_01_a_page_that_asks_a_hundred_times_takes_one_of_the_idps_passes(house: House) {
        house.signed_in().await;
        house.clock.advance(2 * HOUR);
        let (id, session) = house.session().await;
        let services = house.services();
        let mut visits: Vec<_> = (0..100).map(|_| Box::pin(run_visited(services, id, &session, Usage::Activity))).collect();
        poll_fn(|context| {
            let pending = visits.iter_mut().filter_map(|visit| visit.as_mut().poll(context).is_pending().then_some(()));
            assert!(pending.count() > 0);
            Poll::Ready(())
        })
        .await;
        let left = services.providers["idp"].breaker().enter(u32::MAX, services.now()).len();
        assert_eq!(left, 63, "for others");
    }

    async fn tmo_01_and_c9_a_custom_length_ends_the_session_and_asks_for_credentials(house: House) {
        house.settings().custom_duration = true;
        house.settings().max_length = 2 * HOUR;
        house.restart().await;
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.wait(2 * HOUR - MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        house.wait(MINUTE).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "max_length");
        let explained = browser.navigate(&format!("{APP}/")).await;
        assert!(explained.body.contains("longest length"), "{}", explained.body);
        let visit = browser.navigate(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
        assert_eq!(visit.status, 200);
        let asked = visit.way.iter().find(|url| url.path().ends_with("/authorize")).unwrap().query().unwrap();
        assert!(asked.contains("prompt=login") && asked.contains("max_age=0"), "{asked}");
    }
}
