//! Several IdPs in one gateway, chosen by the environment or by the user.

use crate::house::{APP, HOUR, House, OTHER, provider};

async fn with_two_idps(house: &mut House) {
    let second = house.idp.issuer("t2");
    house.config.providers.push(provider("second", &second));
    house.config.environments[0].providers.push("second".parse().unwrap());
    house.restart().await;
    // The second tenant has people of its own.
    let url = house.idp.base_url().join("/_control/t2/auto-login").unwrap();
    house.put(url, serde_json::json!({ "user": "bob" })).await;
}

stories! {
    async fn people_choose_where_two_idps_serve_one_environment(house: House) {
        with_two_idps(house).await;
        let browser = house.browser();
        let chooser = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!(chooser.status, 200);
        assert!(chooser.body.contains("Test idp") && chooser.body.contains("Test second"), "{}", chooser.body);
        let visit = browser.submit(&format!("{APP}/_hourgate/start"), "rd=/page&idp=second").await;
        assert_eq!((visit.url.path(), visit.user()), ("/page", "bob"));
        assert_eq!(house.session().await.1.identity.issuer, house.idp.issuer("t2"));

        let direct = house.browser().navigate(&format!("{OTHER}/")).await;
        assert_eq!(direct.user(), "alice", "the other environment has one IdP and asks nobody");
    }

    async fn an_idp_that_was_taken_away_lets_nobody_in_and_locks_nobody_out(house: House) {
        with_two_idps(house).await;
        let browser = house.browser();
        let visit = browser.navigate(&format!("{APP}/_hourgate/start?rd=/page&idp=second")).await;
        assert_eq!(visit.user(), "bob");
        let both = house.config.environments[0].providers.clone();
        house.config.environments[0].providers = vec!["idp".parse().unwrap()];
        house.restart().await;
        house.clock.advance(2 * HOUR);
        let moved = browser.at(house.address());
        assert_eq!(moved.fetch(&format!("{APP}/api")).await.status, 401);
        assert_eq!(house.live().await.len(), 1, "kept, for whoever brings it back");

        house.config.environments[0].providers = both;
        house.restart().await;
        assert_eq!(browser.at(house.address()).navigate(&format!("{APP}/page")).await.user(), "bob");

        house.config.environments[0].providers = vec!["idp".parse().unwrap()];
        house.restart().await;
        let anew = browser.at(house.address()).navigate(&format!("{APP}/page")).await;
        assert_eq!((anew.status, anew.user()), (200, "alice"), "a clean sign-in at the IdP that is left");
    }

    async fn an_idp_that_the_environment_does_not_have_is_refused(house: House) {
        with_two_idps(house).await;
        let browser = house.browser();
        for url in [
            format!("{OTHER}/_hourgate/start?idp=second"),
            format!("{APP}/_hourgate/start?idp=nobody"),
            format!("{OTHER}/_hourgate/callback/second?code=c&state=s"),
        ] {
            assert_eq!(browser.step(&url).await.status, 404, "{url}");
        }
    }

    async fn aut_13_a_response_of_one_idp_at_the_callback_of_another_is_refused(house: House) {
        with_two_idps(house).await;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/&idp=idp")).await;
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        let mixed_up = callback.replace("/callback/idp?", "/callback/second?");
        let refused = browser.step(&mixed_up).await;
        assert_eq!(refused.status, 400);
        assert!(refused.body.contains("foreign_state"), "{}", refused.body);

        let foreign = callback.replace("%2Ft1", "%2Ft2");
        let refused = browser.step(&foreign).await;
        assert!(refused.status == 400 && refused.body.contains("wrong_issuer"), "{}", refused.body);
        assert_eq!(house.token_requests("authorization_code").await, 0, "the code was sent to nobody");
    }

    async fn key_01_an_idp_whose_metadata_names_another_issuer_is_refused_and_the_others_serve(house: House) {
        with_two_idps(house).await;
        house.config.providers[0].issuer.push('/');
        house.restart().await;
        let refused = house.browser().navigate(&format!("{APP}/_hourgate/start?rd=/&idp=idp")).await;
        assert_eq!(refused.status, 503);
        let served = house.browser().navigate(&format!("{APP}/_hourgate/start?rd=/&idp=second")).await;
        assert_eq!(served.status, 200);
    }
}
