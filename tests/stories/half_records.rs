//! A store lost one half of what belongs together. The other half heals, or goes.

use hourgate::session::id::{Lane, SessionId, StoredId};
use hourgate::store::NewSession;

use serde_json::json;

use crate::house::{APP, DAY, HOUR, House, MINUTE, SECOND};

async fn is_queued(house: &House, id: StoredId) -> bool {
    house.services().sessions.store().live(id.partition()).await.unwrap().contains(&id)
}

stories! {
    async fn rds_12_a_session_that_the_queue_lost_is_checked_when_it_is_visited(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.wait_in_steps(MINUTE, MINUTE).await; // its last use is noted; it would bring it back
        house.lose_the_queue().await;
        house.wait(HOUR).await;
        assert_eq!(house.token_requests("refresh_token").await, 0, "nobody knows that it is due");

        let visit = browser.at(house.address()).navigate(&format!("{APP}/")).await;
        assert_eq!((visit.status, visit.user()), (200, "alice"), "{visit:?}");
        assert!(visit.went_over("/check") && is_queued(house, id).await);
        house.wait(HOUR).await;
        assert_eq!(house.token_requests("refresh_token").await, 2, "from now on it is checked as ever");
    }

    async fn rds_12_a_session_in_use_comes_back_to_the_queue_before_anybody_notices(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        house.lose_the_queue().await;
        assert!(!is_queued(house, id).await);
        house.wait_in_steps(MINUTE, MINUTE).await;
        let browser = browser.at(house.address());
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 200);
        house.wait_in_steps(MINUTE, 30 * SECOND).await;
        assert!(is_queued(house, id).await);
        house.wait(HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 200, "it never became stale");
    }

    async fn rds_12_a_session_without_its_tokens_is_renewed_by_the_browser(house: House) {
        let browser = house.signed_in().await;
        let (id, before) = house.session().await;
        house.lose_the_tokens(id).await;
        house.wait(HOUR + MINUTE).await;
        let visit = browser.at(house.address()).navigate(&format!("{APP}/")).await;
        assert_eq!((visit.status, visit.user()), (200, "alice"), "{visit:?}");
        let (new, after) = house.session().await;
        assert_ne!(new, id);
        assert_eq!(after.signed_in_at, before.signed_in_at, "nobody was asked anything");
    }

    async fn rds_12_a_session_whose_activity_was_lost_is_not_taken_for_unused_nor_for_used_for_ever(house: House) {
        house.settings().custom_inactivity = true;
        house.settings().inactivity_timeout = 30 * MINUTE;
        house.restart().await;
        let mut browser = house.signed_in().await;
        for _ in 0..5 {
            house.wait_in_steps(20 * MINUTE, MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "in use");
        }
        house.wait_in_steps(MINUTE, MINUTE).await; // the last use is written
        let (id, _) = house.session().await;
        house.lose_the_activity(id).await;
        house.restart().await; // no node remembers
        browser = browser.at(house.address());
        let peek = browser.fetch(&format!("{APP}/_hourgate/session")).await;
        assert_eq!(peek.json()["authenticated"], json!(true), "nobody knows that it was unused: {}", peek.body);

        house.wait_in_steps(31 * MINUTE, MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401, "a loss is one use, not a licence");
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "inactive");
    }

    async fn rds_12_a_check_in_the_background_ends_no_session_whose_activity_was_lost(house: House) {
        house.settings().custom_inactivity = true;
        house.settings().inactivity_timeout = 30 * MINUTE;
        house.restart().await;
        let browser = house.signed_in().await;
        let (id, before) = house.session().await;
        house.clock.advance(28 * MINUTE);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        house.wait_in_steps(MINUTE, MINUTE).await; // the last use is written
        house.lose_the_activity(id).await;
        house.restart().await;
        house.clock.advance(20 * MINUTE);
        house.work().await;
        assert!(house.session().await.1.proof.proved_at > before.proof.proved_at, "asked about, and not ended");
        let known = house.services().sessions.store().last_activity(id).await.unwrap();
        assert_eq!(known, Some(house.services().now()), "from now on it is known");
        house.wait_in_steps(HOUR, MINUTE).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "inactive");
    }

    async fn rds_12_a_session_that_could_not_be_served_for_long_is_deleted_though_its_activity_was_lost(house: House) {
        house.signed_in().await;
        let (id, _) = house.session().await;
        house.wait(26 * HOUR).await;
        house.lose_the_activity(id).await;
        house.wait_in_steps(88 * DAY, DAY).await;
        house.session().await;
        house.wait_in_steps(3 * DAY, DAY / 4).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "forgotten");
    }

    async fn rds_12_a_queue_entry_without_its_record_goes(house: House) {
        let id = SessionId::new(Lane::of(&"idp".parse().unwrap())).stored();
        let due = house.services().now();
        let keep = SECOND;
        let record = NewSession { session: b"x", tokens: b"x", due, active_at: due, keep };
        house.services().sessions.store().create(id, record).await.unwrap();
        house.lose_the_record(id).await;
        assert!(is_queued(house, id).await);
        house.wait(MINUTE).await;
        assert!(!is_queued(house, id).await);
    }
}
