//! A person signs in.

use std::time::Duration;

use hourgate::journeys::revoke::revoke_session;

use crate::house::{APP, HOUR, House, MINUTE, OTHER};

stories! {
    async fn a_person_signs_in_and_reaches_the_page_they_wanted(house: House) {
        let browser = house.browser();
        let visit = browser.navigate(&format!("{APP}/report?year=2027&q=a%20b")).await;
        assert_eq!(visit.status, 200);
        assert_eq!(visit.url.as_str(), format!("{APP}/report?year=2027&q=a%20b"));
        assert_eq!(visit.user(), "alice");
        assert_eq!(visit.header("x-auth-request-email"), "alice@t1.example");
        assert_eq!(visit.header("x-auth-request-groups"), "staff,finance");
        assert_eq!(visit.header("cache-control"), "no-store");
        assert!(visit.headers.get("set-cookie").is_none(), "no authz answer sets a cookie");
        assert!(visit.went_over("/_hourgate/start") && visit.went_over("/authorize") && visit.went_over("/callback/idp"));
    }

    async fn signed_out_traffic_writes_nothing_to_the_store(house: House) {
        for n in 0..50 {
            let browser = house.browser();
            browser.step(&format!("{APP}/{n}")).await;
            browser.step(&format!("{APP}/_hourgate/start?rd=/{n}")).await;
            browser.step(&format!("{APP}/_hourgate/callback/idp?code=x&state=y")).await;
        }
        assert!(house.live().await.is_empty());
        if let Ok(keys) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| house.redis().cli(&["dbsize"]))) {
            assert_eq!(keys.trim(), "0", "DOS-01");
        }
    }

    async fn aut_11_any_number_of_tabs_can_sign_in_at_once(house: House) {
        let browser = house.browser();
        let mut at_idp = Vec::new();
        for tab in 0..20 {
            let start = browser.step(&format!("{APP}/_hourgate/start?rd=/tab/{tab}")).await;
            at_idp.push(start.header("location").to_owned());
        }
        for (tab, url) in at_idp.iter().enumerate().rev() {
            let visit = browser.navigate(url).await;
            assert_eq!(visit.url.as_str(), format!("{APP}/tab/{tab}"));
        }
        assert_eq!(browser.cookies(), ["__Host-hourgate", "__Host-hourgate-nonce", "__Host-hourgate-sent-back"]);
        assert_eq!(house.live().await.len(), 1, "a browser has one session");
    }

    async fn aut_02_a3_a_sign_in_that_another_browser_began_is_refused_before_the_idp_is_asked(house: House) {
        let attacker = house.browser();
        let start = attacker.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let callback = attacker.step(start.header("location")).await.header("location").to_owned();
        assert!(callback.contains("/callback/idp?"), "{callback}");

        let victim = house.browser();
        assert_eq!(victim.step(&callback).await.status, 400, "no nonce cookie");
        victim.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let refused = victim.step(&callback).await;
        assert_eq!(refused.status, 400, "another nonce cookie");
        assert!(refused.body.contains("other_browser"), "{}", refused.body);
        assert_eq!(house.token_requests("authorization_code").await, 0);
        assert!(house.live().await.is_empty());
        assert_eq!(attacker.step(&callback).await.status, 303, "the browser that began it may still finish it");
    }

    async fn ses_05_a_stolen_session_cookie_is_worth_nothing_in_another_browser(house: House) {
        let browser = house.signed_in().await;
        let session = browser.cookie("__Host-hourgate").unwrap();
        let thief = house.browser();
        thief.set_cookie("app.example.test", "__Host-hourgate", &session);
        let refused = thief.fetch(&format!("{APP}/report")).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").contains("browser_unknown"));
        thief.step(&format!("{APP}/_hourgate/start")).await; // has a nonce cookie of its own now
        let refused = thief.fetch(&format!("{APP}/report")).await;
        assert!(refused.header("www-authenticate").contains("browser_mismatch"));
        assert_eq!(browser.navigate(&format!("{APP}/report")).await.status, 200, "the owner notices nothing");
    }

    async fn aut_06_a3_a_callback_works_once(house: House) {
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/once")).await;
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        let first = browser.step(&callback).await;
        assert_eq!((first.status, first.header("location")), (303, "https://app.example.test/once"));
        let session = browser.cookie("__Host-hourgate");

        let again = browser.step(&callback).await;
        assert_eq!((again.status, again.header("location")), (303, "https://app.example.test/once"), "the back button");
        assert_eq!(browser.cookie("__Host-hourgate"), session, "no new session");
        assert_eq!(house.token_requests("authorization_code").await, 1);

        browser.forget("__Host-hourgate");
        let without = browser.step(&callback).await;
        assert!(without.header("location").contains("/_hourgate/start"), "begins anew: {without:?}");
    }

    async fn ses_01_a_session_cookie_from_before_the_sign_in_is_not_kept(house: House) {
        let browser = house.signed_in().await;
        let (before, _) = house.session().await;
        let old_cookie = browser.cookie("__Host-hourgate").unwrap();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        assert_eq!(start.header("location"), "https://app.example.test/", "signed in already");
        // Signs in once more all the same.
        browser.forget("__Host-hourgate");
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        browser.set_cookie("app.example.test", "__Host-hourgate", &old_cookie);
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        browser.step(&callback).await;
        assert_ne!(browser.cookie("__Host-hourgate").unwrap(), old_cookie);
        assert_eq!(house.tombstone(before).await.reason.code(), "replaced");
        house.session().await;
    }

    async fn ses_03_cookies_are_host_only_secure_and_out_of_reach_of_scripts(house: House) {
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let nonce = start.header("set-cookie").to_owned();
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        let session = browser.step(&callback).await.header("set-cookie").to_owned();
        for (line, name) in [(&nonce, "__Host-hourgate-nonce="), (&session, "__Host-hourgate=")] {
            assert!(line.starts_with(name), "{line}");
            for attribute in ["HttpOnly", "Secure", "Path=/", "SameSite=Lax"] {
                assert!(line.contains(attribute), "{attribute} in {line}");
            }
            assert!(!line.contains("Domain") && line.len() < 400, "{line}");
        }
        assert!(!session.contains("Max-Age") && !session.contains("Expires"), "a session cookie ends with the browser");
    }

    async fn aut_08_who_takes_longer_than_ten_minutes_begins_anew_and_keeps_the_target(house: House) {
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/late")).await;
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        house.wait(10 * MINUTE).await;
        let visit = browser.navigate(&callback).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/late"));
        assert_eq!(house.token_requests("authorization_code").await, 1, "the old code was not sent");
    }

    async fn log_12_a_revocation_stops_a_sign_in_that_is_under_way_and_none_that_begins_later(house: House) {
        use hourgate::journeys::revoke::revoke_user;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        house.clock.advance(Duration::from_secs(1));
        let now = house.services().now();
        revoke_user(house.services(), &house.idp.issuer("t1"), "alice", None, now).await.unwrap();

        let refused = browser.step(&callback).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert!(house.live().await.is_empty());
        house.clock.advance(Duration::from_millis(100));
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200);
    }

    async fn aut_14_an_error_from_the_idp_is_told_plainly_and_never_echoed(house: House) {
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let state = url::Url::parse(start.header("location")).unwrap();
        let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let iss = house.idp.issuer("t1");
        let callback = |error: &str| {
            let mut url = url::Url::parse(&format!("{APP}/_hourgate/callback/idp")).unwrap();
            url.query_pairs_mut()
                .append_pair("error", error)
                .append_pair("error_description", "<script>alert(1)</script>")
                .append_pair("iss", &iss)
                .append_pair("state", &state);
            url.to_string()
        };
        for (error, status, code) in [
            ("access_denied", 403, "idp_denied"),
            ("<script>", 403, "idp_denied"),
            ("server_error", 503, "idp_error"),
        ] {
            let visit = browser.step(&callback(error)).await;
            assert_eq!(visit.status, status, "{error}");
            assert!(visit.body.contains(code) && !visit.body.contains("<script"), "{}", visit.body);
        }
        let forged = callback("access_denied").replace("state=", "state=x");
        assert!(browser.step(&forged).await.body.contains("foreign_state"));
    }

    async fn aut_12_a_response_that_names_another_issuer_or_none_is_refused_before_any_token_request(house: House) {
        let browser = house.browser();
        for mode in ["wrong_response_iss", "missing_response_iss"] {
            house.fault("authorize", mode).await;
            let visit = browser.navigate(&format!("{APP}/")).await;
            assert_eq!(visit.status, 400, "{mode}");
            assert!(visit.body.contains("wrong_issuer"), "{}", visit.body);
            house.no_faults().await;
        }
        assert_eq!(house.token_requests("authorization_code").await, 0);
    }

    async fn every_bad_id_token_is_refused_with_its_own_reason(house: House) {
        for (mode, code) in [
            ("wrong_nonce", "id_token_nonce"),
            ("wrong_iss", "id_token_iss"),
            ("wrong_aud", "id_token_aud"),
            ("extra_aud", "id_token_aud"),
            ("bad_sig", "id_token_signature"),
            ("alg_none", "id_token_alg"),
            ("expired", "id_token_expired"),
            ("missing_iat", "id_token_malformed"),
            ("missing_sub", "id_token_malformed"),
            ("wrong_at_hash", "id_token_at_hash"),
            ("wrong_azp", "id_token_azp"),
        ] {
            house.fault("token", mode).await;
            let visit = house.browser().navigate(&format!("{APP}/")).await;
            assert_eq!(visit.status, 400, "{mode}: {}", visit.body);
            assert!(visit.body.contains(code), "{mode}: {}", visit.body);
            house.no_faults().await;
        }
        assert!(house.live().await.is_empty());
    }

    async fn an_id_token_without_kid_passes_where_there_is_one_key(house: House) {
        house.fault("token", "no_kid").await;
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 200);
    }

    async fn key_02_a_key_that_was_rotated_just_now_is_fetched_once(house: House) {
        house.signed_in().await;
        for alg in ["ES256", "RS256"] {
            house.wait(MINUTE).await;
            house.control("POST", "/keys/rotate", serde_json::json!({ "overlap": false, "alg": alg })).await;
            let visit = house.browser().navigate(&format!("{APP}/")).await;
            assert_eq!(visit.status, 200, "{alg}: {}", visit.body);
        }
    }

    async fn client_secret_post_and_userinfo_work_too(house: House) {
        use hourgate::provider::settings::ClientAuthentication;
        house.config.providers[0].client_authentication = ClientAuthentication::ClientSecretPost("secret".to_owned().into());
        house.config.providers[0].userinfo = true;
        house.restart().await;
        house.signed_in().await;
        house.fault("userinfo", "wrong_sub").await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert!(visit.body.contains("userinfo_sub"), "{}", visit.body);
    }

    async fn h4_without_a_refresh_token_the_browser_renews_the_proof_silently(house: House) {
        house.control("PUT", "/tokens-policy", serde_json::json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        let script = browser.fetch(&format!("{APP}/api")).await;
        assert_eq!(script.status, 401, "a script never gets a redirect");
        house.control("PUT", "/auto-login", serde_json::json!({ "user": null })).await;
        let visit = browser.navigate(&format!("{APP}/page")).await;
        assert_eq!((visit.status, visit.url.path()), (200, "/page"));
        assert!(visit.way.iter().any(|url| url.query().is_some_and(|query| query.contains("prompt=none"))), "{:#?}", visit.way);
        house.session().await;
    }

    async fn h5_without_a_refresh_token_the_session_ends_after_its_lifetime(house: House) {
        house.control("PUT", "/tokens-policy", serde_json::json!({ "issue_refresh_token": false })).await;
        house.signed_in().await;
        let (id, _) = house.session().await;
        house.wait(24 * HOUR + 5 * MINUTE).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "lifetime");
    }

    async fn h5_a_silent_renewal_does_not_begin_the_lifetime_anew(house: House) {
        house.control("PUT", "/tokens-policy", serde_json::json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        let (_, first) = house.session().await;
        for _ in 0..23 {
            house.wait(HOUR).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200);
        }
        let (id, last) = house.session().await;
        assert!(last.proof.proved_at > first.proof.proved_at);
        assert_eq!(last.signed_in_at, first.signed_in_at);
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "lifetime");
    }

    async fn c9_a_silent_renewal_does_not_begin_a_custom_length_anew(house: House) {
        house.settings().custom_duration = true;
        house.settings().max_length = 2 * HOUR;
        house.restart().await;
        house.control("PUT", "/tokens-policy", serde_json::json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        house.wait(HOUR + MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200);
        let (id, _) = house.session().await;
        house.wait(HOUR).await;
        assert_eq!(house.tombstone(id).await.reason.code(), "max_length");
    }

    async fn a1_a_silent_renewal_under_way_does_not_bring_back_a_session_that_was_ended(house: House) {
        house.control("PUT", "/tokens-policy", serde_json::json!({ "issue_refresh_token": false })).await;
        for way in ["signed_out", "revoked"] {
            let browser = house.signed_in().await;
            let (id, _) = house.session().await;
            house.wait(HOUR).await;
            let start = browser.step(&format!("{APP}/_hourgate/start?rd=/page")).await;
            let callback = browser.step(start.header("location")).await;
            if way == "signed_out" {
                let own_page = [("sec-fetch-site", "same-origin")];
                let out = browser.post_once(&format!("{APP}/_hourgate/signout"), &own_page).await;
                assert_eq!(out.status, 303, "{out:?}");
            } else {
                let services = house.services();
                revoke_session(services, id, None, services.now()).await.unwrap();
            }
            let back = browser.step(callback.header("location")).await;
            assert!(back.status == 303 && back.header("location").contains("/_hourgate/start"), "{back:?}");
            assert_eq!(house.tombstone(id).await.reason.code(), way);
            assert!(house.live().await.is_empty(), "{way}");
        }
    }

    async fn h7_a_silent_renewal_for_somebody_else_is_a_sign_in_of_their_own(house: House) {
        house.control("PUT", "/tokens-policy", serde_json::json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        let (id, first) = house.session().await;
        house.wait(HOUR).await;
        browser.forget_all_of("127.0.0.1");
        house.auto_login("bob").await;
        let visit = browser.navigate(&format!("{APP}/")).await;
        assert_eq!((visit.status, visit.user()), (200, "bob"));
        let (_, second) = house.session().await;
        assert!(second.signed_in_at > first.signed_in_at);
        assert_eq!(house.tombstone(id).await.reason.code(), "replaced");
    }

    async fn a_session_of_one_environment_is_nothing_in_another(house: House) {
        let browser = house.signed_in().await;
        let (session, nonce) =
            (browser.cookie("__Host-hourgate").unwrap(), browser.cookie("__Host-hourgate-nonce").unwrap());
        browser.set_cookie("other.example.test", "__Host-hourgate", &session);
        browser.set_cookie("other.example.test", "__Host-hourgate-nonce", &nonce);
        let refused = browser.fetch(&format!("{OTHER}/")).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").contains("no_session"));
    }
}
