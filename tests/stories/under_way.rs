//! Something happens while the IdP is being asked: a stop, an outage of the store, another node that takes over. A refresh
//! token that was rotated meanwhile is never lost, and no answer counts that came too late.

use std::time::Duration;

use hourgate::journeys::policy_check::run_due;
use hourgate::store::Claimed;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::house::{APP, HOUR, House};

/// An IdP that gives each refresh token once, and ends the grant of whoever shows one twice.
async fn with_strict_rotation(house: &House) {
    let strict = json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true });
    house.control("PUT", "/tokens-policy", strict).await;
}

/// The next answer of the token endpoint takes its time.
async fn slow_answer(house: &House) {
    let slow = json!({ "endpoint": "token", "mode": "delay", "delay": "2s", "times": 1 });
    house.control("POST", "/faults", slow).await;
}

/// Background work begins, and the refresh token is on its way to the IdP.
async fn refresh_under_way(house: &House) -> JoinHandle<()> {
    let services = house.services().clone();
    let work = tokio::spawn(async move { drop(run_due(&services).await) });
    until_asked(house).await;
    work
}

/// Until the fault has struck, which it does as the request comes in.
async fn until_asked(house: &House) {
    while house.control("GET", "/faults", json!(null)).await != json!([]) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

stories! {
    async fn adm_08_a_stop_waits_for_a_refresh_and_loses_no_token(house: House) {
        with_strict_rotation(house).await;
        let browser = house.signed_in().await;
        slow_answer(house).await;
        house.clock.advance(HOUR);
        let waiting = browser.clone();
        let tab = tokio::spawn(async move { waiting.step(&format!("{APP}/_hourgate/check?rd=/")).await.status });
        until_asked(house).await;
        tab.abort();
        house.restart().await;
        assert_eq!(house.token_requests("refresh_token").await, 1, "the IdP was heard out");
        let (_, session) = house.session().await;
        assert_eq!(session.proof.proved_at, house.services().now(), "and what it said was written");
        house.wait(HOUR).await;
        house.session().await;
        assert_eq!(browser.at(house.address()).navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn race_09_a_no_does_not_count_once_another_node_has_taken_over(house: House) {
        house.signed_in().await;
        let (id, _) = house.session().await;
        house.disable("alice").await;
        slow_answer(house).await;
        house.clock.advance(HOUR);
        let work = refresh_under_way(house).await;
        house.clock.advance(Duration::from_secs(11));
        let (sessions, now) = (&house.services().sessions, house.services().now());
        let taken = sessions.store().claim(id, now, HOUR).await.unwrap();
        assert!(matches!(taken, Claimed::Ours(_)), "the lease had lapsed: {taken:?}");
        work.await.unwrap();
        house.session().await;
        house.wait(2 * HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "idp_refused", "whose claim it is hears the same");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_06_a_rotated_refresh_token_outlives_an_outage_of_redis() {
    let mut house = House::on_redis().await;
    with_strict_rotation(&house).await;
    let browser = house.signed_in().await;
    slow_answer(&house).await;
    house.clock.advance(HOUR * 3 / 4);
    let work = refresh_under_way(&house).await;
    house.redis().kill();
    assert!(run_due(house.services()).await.is_err());
    tokio::time::sleep(Duration::from_secs(3)).await; // the answer comes now, and there is nowhere to put it
    house.redis().restart();
    work.await.unwrap();
    house.clock.advance(Duration::from_secs(11));
    house.work().await;
    house.wait(2 * HOUR).await;
    house.session().await;
    assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
}
