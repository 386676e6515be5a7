//! Many sessions at one IdP: it is asked no faster than it can bear, the longest due first, and one IdP holds up no other.

use std::time::Duration;

use hourgate::journeys::policy_check::run_due;
use hourgate::session::id::StoredId;
use serde_json::json;

use crate::house::{APP, HOUR, House, MINUTE, OTHER, SECOND, provider};

impl House {
    /// Signs alice in so many times, a minute apart, each in a browser of her own, and tells the sessions in the order in
    /// which their checks fall due.
    async fn herd(&self, size: usize) -> Vec<StoredId> {
        for _ in 0..size {
            self.signed_in_at(APP).await;
            self.clock.advance(SECOND);
        }
        let mut live = self.live().await;
        live.sort_by_key(|(_, session)| session.next_check);
        live.into_iter().map(|(id, _)| id).collect()
    }

    async fn signed_in_at(&self, app: &str) {
        let visit = self.browser().navigate(&format!("{app}/")).await;
        assert_eq!(visit.status, 200);
    }

    /// Those of `herd` that were proved at or after the instant.
    async fn proved_since(&self, since: hourgate::time::Timestamp) -> Vec<StoredId> {
        let live = self.live().await;
        live.into_iter().filter(|(_, session)| session.proof.proved_at >= since).map(|(id, _)| id).collect()
    }
}

stories! {
    async fn pci_13_a_herd_is_asked_about_at_the_idps_pace_and_in_the_order_in_which_it_falls_due(house: House) {
        house.config.providers[0].checks_per_second = 2;
        house.restart().await;
        let herd = house.herd(12).await;
        house.clock.advance(46 * MINUTE);
        let since = house.services().now();
        for done in 1..=herd.len() {
            house.work().await;
            let mut proved = house.proved_since(since).await;
            proved.sort_by_key(|id| herd.iter().position(|other| other == id));
            assert_eq!(proved, herd[..done], "one turn every half second, the longest due first");
            house.clock.advance(SECOND / 2);
        }
        assert_eq!(house.token_requests("refresh_token").await, herd.len());
    }

    async fn pci_14_after_an_outage_few_ask_first_and_the_backlog_is_cleared_in_order(house: House) {
        house.config.providers[0].checks_per_second = 1000;
        house.restart().await;
        let herd = house.herd(12).await;
        house.outage().await;
        let before = house.token_calls().await;
        // In steps in which few fall due: what is under way at once is not called back when the breaker opens.
        house.wait(35 * MINUTE).await;
        house.wait_in_steps(15 * MINUTE, 20 * SECOND).await;
        house.wait(2 * HOUR).await;
        let during = house.token_calls().await - before;
        assert!(during <= herd.len(), "{during} calls: the breaker opened, and then it only knocked");
        assert_eq!(house.live().await.len(), herd.len(), "nobody was signed out");

        house.no_outage().await;
        house.clock.advance(15 * SECOND);
        let since = house.services().now();
        house.work().await;
        assert_eq!(house.proved_since(since).await.len(), herd.len(), "each answer lets in more, and none is left over");
        assert_eq!(house.token_requests("refresh_token").await, herd.len());
    }

    async fn pci_15_an_idp_that_asks_for_a_rest_gets_it(house: House) {
        let browser = house.signed_in().await;
        let rest = json!({ "endpoint": "token", "mode": "status", "status": 429, "times": 1 });
        house.control("POST", "/faults", rest).await;
        house.wait_in_steps(HOUR, MINUTE).await;
        assert_eq!(house.token_requests("refresh_token").await, 1, "asked again, and not signed out");
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn pci_15_a_rest_at_the_token_endpoint_stops_no_sign_in_and_silence_does(house: House) {
        house.signed_in().await;
        house.outage().await; // which says when to come back
        house.clock.advance(50 * MINUTE);
        house.work().await;
        house.no_outage().await;
        let breaker = house.services().providers["idp"].breaker().clone();
        assert!(breaker.is_open(house.services().now()), "checks wait");
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 200, "people do not");

        house.herd(5).await;
        house.fault("*", "reset").await;
        house.clock.advance(HOUR);
        house.work().await;
        assert!(breaker.is_open(house.services().now()));
        house.no_faults().await;
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 503, "nobody would be let in at its end");
    }

    async fn o5_an_idp_that_hangs_holds_up_no_other(house: House) {
        let second = house.idp.issuer("t2");
        house.config.providers.push(provider("second", &second));
        house.config.environments[1].providers = vec!["second".parse().unwrap()];
        house.restart().await;
        let url = house.idp.base_url().join("/_control/t2/auto-login").unwrap();
        house.put(url, json!({ "user": "bob" })).await;
        house.signed_in_at(APP).await;
        house.signed_in_at(OTHER).await;
        house.control("POST", "/faults", json!({ "endpoint": "token", "mode": "hold", "times": 1 })).await;
        house.clock.advance(46 * MINUTE);

        let services = house.services().clone();
        let (hanging, other) = (services.providers["idp"].clone(), services.providers["second"].clone());
        let for_hanging = services.clone();
        let held_up = tokio::spawn(async move { run_due(&for_hanging, &hanging).await.unwrap() });
        assert_eq!(run_due(&services, &other).await.unwrap().looked_at, 1);
        assert!(!held_up.is_finished());
        house.control("POST", "/release", json!(null)).await;
        assert_eq!(held_up.await.unwrap().looked_at, 1);
    }

    async fn pci_17_a_script_that_comes_back_to_a_dormant_session_asks_again_and_is_served(house: House) {
        let browser = house.signed_in().await;
        house.wait(30 * HOUR).await;
        let before = house.token_requests("refresh_token").await;
        let first = browser.fetch(&format!("{APP}/api")).await;
        assert_eq!((first.status, first.header("retry-after")), (503, "1"));
        while browser.fetch(&format!("{APP}/api")).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(house.token_requests("refresh_token").await, before + 1);
    }
}
