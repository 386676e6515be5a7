//! Something happens while the IdP is being asked: a stop, an outage of the store. A refresh token that was rotated meanwhile is
//! never lost.

use std::time::Duration;

use hourgate::journeys::policy_check::run_all_due;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::house::{APP, HOUR, House};

/// An IdP that gives each refresh token once, and ends the grant of whoever shows one twice.
pub(crate) async fn with_strict_rotation(house: &House) {
    let strict = json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true });
    house.control("PUT", "/tokens-policy", strict).await;
}

/// The next answer of the token endpoint comes when [`let_go`] says so.
pub(crate) async fn held_answer(house: &House) {
    let held = json!({ "endpoint": "token", "mode": "hold", "times": 1 });
    house.control("POST", "/faults", held).await;
}

pub(crate) async fn let_go(house: &House) {
    house.control("POST", "/release", json!(null)).await;
}

/// Lets it go once the gateway stops: from then on no check begins any more.
fn let_go_at_the_stop(house: &House) -> impl Future<Output = ()> + use<> {
    let (services, release) = (house.services().clone(), house.control_later("POST", "/release"));
    async move {
        while services.checks.try_read().is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(services);
        release.send().await.unwrap();
    }
}

/// Background work begins, and the refresh token is on its way to the IdP.
pub(crate) async fn refresh_under_way(house: &House) -> JoinHandle<()> {
    let services = house.services().clone();
    let work = tokio::spawn(async move { drop(run_all_due(&services).await) });
    until_asked(house).await;
    work
}

/// Until the fault has struck, which it does as the request comes in.
pub(crate) async fn until_asked(house: &House) {
    while house.control("GET", "/faults", json!(null)).await != json!([]) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

stories! {
    async fn adm_08_a_stop_waits_for_a_refresh_and_loses_no_token(house: House) {
        with_strict_rotation(house).await;
        let browser = house.signed_in().await;
        held_answer(house).await;
        house.clock.advance(HOUR);
        let waiting = browser.clone();
        let tab = tokio::spawn(async move { waiting.step(&format!("{APP}/_hourgate/check?rd=/")).await.status });
        until_asked(house).await;
        tab.abort();
        let letting_go = tokio::spawn(let_go_at_the_stop(house));
        house.restart().await;
        letting_go.await.unwrap();
        assert_eq!(house.token_requests("refresh_token").await, 1, "the IdP was heard out");
        let (_, session) = house.session().await;
        assert_eq!(session.proof.proved_at, house.services().now(), "and what it said was written");
        house.wait(HOUR).await;
        house.session().await;
        assert_eq!(browser.at(house.address()).navigate(&format!("{APP}/")).await.way.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_06_a_rotated_refresh_token_outlives_an_outage_of_redis() {
    let mut house = House::on_redis().await;
    with_strict_rotation(&house).await;
    let browser = house.signed_in().await;
    held_answer(&house).await;
    house.clock.advance(HOUR * 3 / 4);
    let work = refresh_under_way(&house).await;
    house.redis().kill();
    assert!(run_all_due(house.services()).await.is_err());
    let_go(&house).await;
    // The answer comes now, and there is nowhere to put it.
    while house.token_requests("refresh_token").await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(house.services().sessions.store().ping().await.is_err());
    house.redis().restart();
    work.await.unwrap();
    house.clock.advance(Duration::from_secs(11));
    house.work().await;
    house.wait(2 * HOUR).await;
    house.session().await;
    assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
}
