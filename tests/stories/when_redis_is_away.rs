//! Redis is killed, hangs, comes back. The answer is 503, the cookie is kept, nobody is signed out.

use std::time::Duration;

use crate::browser::Browser;
use crate::house::{APP, HOUR, House};

async fn nobody_gets_in_and_nobody_is_signed_out(browser: &Browser) {
    for visit in [
        browser.navigate(&format!("{APP}/report")).await,
        browser.fetch(&format!("{APP}/api")).await,
        browser.navigate(&format!("{APP}/_hourgate/start?rd=/")).await,
        browser.navigate(&format!("{APP}/_hourgate/session")).await,
        browser.navigate(&format!("{APP}/_hourgate/userinfo")).await,
        browser.navigate(&format!("{APP}/_hourgate/check?rd=/")).await,
    ] {
        assert_eq!(visit.status, 503, "{}", visit.url);
        assert_ne!(visit.header("retry-after"), "", "{}", visit.url);
        assert!(visit.headers.get("set-cookie").is_none(), "{}", visit.url);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_01_redis_killed_and_back() {
    let mut house = House::on_redis().await;
    let browser = house.signed_in().await;
    let session = browser.cookie("__Host-hourgate");
    house.redis().kill();
    nobody_gets_in_and_nobody_is_signed_out(&browser).await;
    let ready = browser.step(&format!("http://{}/readyz", house.management())).await;
    assert_eq!(ready.status, 503);
    let live = browser.step(&format!("http://{}/livez", house.management())).await;
    assert_eq!(live.status, 200, "a restart would mend nothing");

    house.redis().restart();
    let back = until_served(&browser).await;
    assert_eq!(back.way.len(), 1, "no sign-in: the session is as it was");
    assert_eq!(browser.cookie("__Host-hourgate"), session);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_01_a_stranger_without_an_authentic_cookie_is_sent_to_sign_in_without_the_store() {
    let mut house = House::on_redis().await;
    house.redis().kill();
    let stranger = house.browser();
    assert_eq!(stranger.step(&format!("{APP}/")).await.status, 302);
    stranger.set_cookie("app.example.test", "__Host-hourgate", "forged");
    assert_eq!(
        stranger.step(&format!("{APP}/")).await.status,
        302,
        "ses_08: a forged id never reaches the store"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_07_a_callback_is_refused_while_nobody_can_say_whether_it_was_used() {
    let mut house = House::on_redis().await;
    let browser = house.browser();
    let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
    let callback = browser.step(start.header("location")).await.header("location").to_owned();
    house.redis().kill();
    assert_eq!(browser.step(&callback).await.status, 503);
    assert_eq!(house.token_requests("authorization_code").await, 0);
    house.redis().restart();
    for _ in 0..200 {
        if browser.step(&callback).await.status == 303 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the code was not spent and the sign-in can be finished");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_01_a_sign_out_takes_the_cookie_away_even_then_and_says_so() {
    let mut house = House::on_redis().await;
    let browser = house.signed_in().await;
    house.redis().kill();
    let url = format!("{APP}/_hourgate/signout");
    let answer = browser.post_once(&url, &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(answer.status, 503);
    assert_eq!(browser.cookies(), ["__Host-hourgate-nonce"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_that_fell_due_meanwhile_are_made_when_redis_is_back() {
    let mut house = House::on_redis().await;
    let browser = house.signed_in().await;
    house.disable("alice").await;
    house.redis().kill();
    house.clock.advance(HOUR);
    assert!(hourgate::journeys::policy_check::run_all_due(house.services()).await.is_err());
    house.redis().restart();
    until_served(&browser).await;
    while hourgate::journeys::policy_check::run_all_due(house.services()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(house.live().await.is_empty());
}

/// Asks until it is not a 503 any more.
async fn until_served(browser: &Browser) -> crate::browser::Visit {
    for _ in 0..200 {
        let visit = browser.step(&format!("{APP}/report")).await;
        if visit.status != 503 {
            return visit;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still 503");
}
