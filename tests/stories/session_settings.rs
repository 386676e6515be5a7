//! Each setting does what the table says, changed while the gateway runs (rows C1 to C8, C17 to C19).

use serde_json::json;

use crate::house::{APP, HOUR, House, MINUTE, OTHER, SECOND};
use crate::settings::{apply, set};

async fn no_refresh_tokens(house: &House) {
    house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
}

stories! {
    async fn c1_a_custom_length_counts_only_where_it_is_switched_on(house: House) {
        set(house, &[("max_length", json!("1h"))]).await;
        let without = house.signed_in().await;
        set(house, &[("AllowCustomSessionDuration", json!(true))]).await;
        let with = house.signed_in().await;
        let elsewhere = house.browser();
        elsewhere.navigate(&format!("{OTHER}/")).await;
        house.wait(HOUR).await;
        assert_eq!(without.fetch(&format!("{APP}/")).await.status, 200);
        assert_eq!(with.fetch(&format!("{APP}/")).await.status, 401);
        assert_eq!(elsewhere.fetch(&format!("{OTHER}/")).await.status, 200);
    }

    async fn c2_a_custom_length_is_counted_from_the_sign_in_and_goes_beyond_the_idps(house: House) {
        no_refresh_tokens(house).await;
        set(house, &[("lifetime", json!("1h")), ("custom_duration", json!(true)), ("max_length", json!("3h"))]).await;
        let browser = house.signed_in().await;
        house.clock.advance(2 * HOUR);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "alice", "renewed silently past the lifetime");
        house.clock.advance(HOUR - SECOND);
        browser.navigate(&format!("{APP}/")).await;
        house.clock.advance(SECOND);
        let (_, session) = house.session().await;
        assert_eq!(house.services().now().since(session.signed_in_at), 3 * HOUR);
        let refused = browser.fetch(&format!("{APP}/")).await;
        assert!(refused.status == 401 && refused.header("www-authenticate").contains("max_length"), "{refused:?}");
    }

    async fn c3_the_warning_is_of_the_session_and_the_longer_one_stays(house: House) {
        house.signed_in().await;
        apply(house, &[("SessionTimeoutReminderInMins", json!(5))]).await;
        let prod = house.services().environments["prod"].clone();
        let (_, session) = house.session().await;
        assert_eq!(house.services().settings_of(&prod, &session).warn_before, 20 * MINUTE);
        assert_eq!(house.services().settings_for_sign_in(&prod).warn_before, 5 * MINUTE);
    }

    async fn c4_and_c5_inactivity_ends_sessions_only_where_it_is_switched_on(house: House) {
        let before = house.signed_in().await;
        set(house, &[("AllowCustomInactivityDuration", json!(true)), ("InactivityTimeoutInMins", json!(15))]).await;
        let after = house.signed_in().await;
        house.wait(15 * MINUTE).await;
        assert_eq!(before.fetch(&format!("{APP}/")).await.status, 200);
        let refused = after.fetch(&format!("{APP}/")).await;
        assert!(refused.status == 401 && refused.header("www-authenticate").contains("inactive"), "{refused:?}");
    }

    async fn c5_an_inactivity_timeout_that_is_applied_now_reaches_who_is_signed_in(house: House) {
        let browser = house.signed_in().await;
        apply(house, &[("custom_inactivity", json!(true)), ("inactivity_timeout", json!("5m"))]).await;
        house.clock.advance(5 * MINUTE);
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);
    }

    async fn c6_the_nonce_cookie_is_asked_for_unless_that_is_switched_off_for_the_environment(house: House) {
        let bare = async |browser: &crate::browser::Browser| {
            let bare = browser.stolen();
            bare.forget("__Host-hourgate-nonce");
            bare.fetch(&format!("{APP}/")).await.status
        };
        let with = house.signed_in().await;
        assert_eq!(bare(&with).await, 401);
        set(house, &[("WSFedNonceCookieEnabled", json!(false))]).await;
        assert_eq!(bare(&with).await, 401, "its sign-in was bound");
        let without = house.signed_in().await;
        assert_eq!(bare(&without).await, 200);
        apply(house, &[("nonce_cookie", json!(true))]).await;
        assert_eq!(bare(&without).await, 401);
    }

    async fn c7_the_lifetime_is_the_longest_where_nothing_can_be_checked_in_the_background(house: House) {
        no_refresh_tokens(house).await;
        house.control("PUT", "/lifetimes", json!({ "sso_session": "90d" })).await;
        set(house, &[("SessionSecurityTokenLifetimeInHours", json!(48))]).await;
        let browser = house.signed_in().await;
        for _ in 0..47 {
            house.clock.advance(HOUR);
            assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "alice");
        }
        let (_, session) = house.session().await;
        house.clock.advance(HOUR);
        assert_eq!(house.services().now().since(session.signed_in_at), 48 * HOUR);
        let refused = browser.fetch(&format!("{APP}/")).await;
        assert!(refused.header("www-authenticate").contains("lifetime"), "{refused:?}");
    }

    async fn c8_the_policy_check_interval_is_how_long_a_proof_counts(house: House) {
        set(house, &[("policy_check_interval", json!("15m"))]).await;
        house.signed_in().await;
        let (id, session) = house.session().await;
        assert_eq!(session.proof.until.since(session.proof.proved_at), 15 * MINUTE);
        house.disable("alice").await;
        house.wait_in_steps(15 * MINUTE, MINUTE).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "idp_refused");
    }

    async fn c17_keep_me_signed_in_is_offered_unless_it_is_switched_off(house: House) {
        let prod = house.services().environments["prod"].clone();
        assert!(house.services().settings_for_sign_in(&prod).keep_me_signed_in);
        set(house, &[("keep_me_signed_in", json!(false))]).await;
        assert!(!house.services().settings_for_sign_in(&prod).keep_me_signed_in);
        let other = house.services().environments["other"].clone();
        assert!(house.services().settings_for_sign_in(&other).keep_me_signed_in);
    }

    async fn c18_the_outage_grace_can_be_shortened_for_people_who_are_served_by_it(house: House) {
        let browser = house.signed_in().await;
        house.keep_signed_in().await;
        house.outage().await;
        house.wait(3 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200);
        apply(house, &[("outage_grace", json!("2h"))]).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 503);
    }

    async fn c19_an_unused_session_is_left_alone_after_dormant_after(house: House) {
        set(house, &[("dormant_after", json!("2h"))]).await;
        house.signed_in().await;
        house.wait(3 * HOUR).await;
        let before = house.token_requests("refresh_token").await;
        assert!(before >= 2);
        house.wait(5 * HOUR).await;
        assert_eq!(house.token_requests("refresh_token").await, before);
    }
}
