//! The gateway is killed, restarted, given new keys. Nobody is signed out.

use std::time::Duration;

use hourgate::config::KeySource;
use hourgate::keys::{MasterKey, file};

use crate::house::{APP, DAY, HOUR, House, START};

stories! {
    async fn a_restart_signs_nobody_out_and_checks_go_on(house: House) {
        let browser = house.signed_in().await;
        house.restart().await;
        let browser = browser.at(house.address());
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
        house.disable("alice").await;
        house.wait(HOUR).await;
        assert!(house.live().await.is_empty(), "the due queue outlived the restart");
    }

    async fn a_key_rotation_signs_nobody_out(house: House) {
        let first = MasterKey::random(START);
        house.config.keys = KeySource::Ring(file::render([&first]));
        house.restart().await;
        let browser = house.signed_in().await;

        let start = browser.stolen();
        start.forget("__Host-hourgate");
        let at_idp = start.step(&format!("{APP}/_hourgate/start?rd=/in-flight")).await;

        let second = MasterKey::random(house.services().now().plus(HOUR));
        house.config.keys = KeySource::Ring(file::render([&second, &first]));
        house.restart().await;
        house.wait(HOUR + Duration::from_secs(1)).await;
        let browser = browser.at(house.address());
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "cookie and record of the old key are good");
        house.wait(3 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "records were sealed anew, with the new key");
        let _ = at_idp;

        let third = MasterKey::random(house.services().now());
        house.config.keys = KeySource::Ring(file::render([&third, &second]));
        house.restart().await;
        let gone = browser.at(house.address()).navigate(&format!("{APP}/")).await;
        assert_eq!(gone.status, 200, "without the first key the cookie is nobody's: a clean sign-in, no dead end");
        assert!(gone.way.len() > 1);
    }

    async fn aut_09_a_sign_in_under_way_outlives_a_key_rotation(house: House) {
        let first = MasterKey::random(START);
        house.config.keys = KeySource::Ring(file::render([&first]));
        house.restart().await;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/in-flight")).await;
        house.clock.advance(Duration::from_secs(5));
        let second = MasterKey::random(house.services().now());
        house.config.keys = KeySource::Ring(file::render([&second, &first]));
        house.restart().await;
        let visit = browser.at(house.address()).navigate(start.header("location")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/in-flight"));
    }

    async fn activity_is_noted_and_written_rarely(house: House) {
        let browser = house.signed_in().await;
        let (id, _) = house.session().await;
        let store = |house: &House| house.services().sessions.clone();
        for _ in 0..10 {
            house.clock.advance(Duration::from_secs(7));
            browser.navigate(&format!("{APP}/")).await;
            house.work().await;
        }
        let written = store(house).store().last_activity(id).await.unwrap().unwrap();
        assert!(house.services().now().since(written) < Duration::from_secs(30));
        let before = written;
        house.clock.advance(DAY / 24);
        browser.with_headers(&format!("{APP}/poll"), &[("x-hourgate-passive", "1")]).await;
        browser.navigate(&format!("{APP}/_hourgate/session")).await;
        house.work().await;
        house.clock.advance(Duration::from_secs(60));
        house.work().await;
        let after = store(house).store().last_activity(id).await.unwrap().unwrap();
        assert!(after.since(before) < Duration::from_secs(30), "polling and looking are not use");
    }
}
