//! What the settings of an environment mean for people: warnings, use, staying signed in, exempt clients, access rules.

use hourgate::policy::environment::{SignOutScope, StartPage};
use hourgate::policy::exemption::Exemption;
use hourgate::time::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, Visit};
use crate::house::{APP, DAY, HOUR, House, MINUTE, OTHER, SECOND};

impl Browser {
    /// What the page script sees.
    async fn look(&self) -> Value {
        self.script(Method::GET, &format!("{APP}/_hourgate/session")).await.json()
    }

    async fn extend(&self) -> Visit {
        self.script(Method::POST, &format!("{APP}/_hourgate/session/extend")).await
    }

    async fn report_input(&self) -> Visit {
        self.script(Method::POST, &format!("{APP}/_hourgate/session/activity")).await
    }

    async fn sign_out(&self) -> Visit {
        self.submit(&format!("{APP}/_hourgate/signout"), "").await
    }
}

impl House {
    async fn inactivity(&mut self, timeout: std::time::Duration) {
        self.settings().custom_inactivity = true;
        self.settings().inactivity_timeout = timeout;
        self.restart().await;
    }

    async fn user(&self, name: &str, claims: Value) {
        self.control("PUT", &format!("/users/{name}"), json!({ "claims": claims })).await;
    }
}

fn warning(view: &Value) -> (&str, u64, u64) {
    let warn = &view["warn"];
    (warn["kind"].as_str().unwrap(), warn["in"].as_u64().unwrap(), warn["ends_in"].as_u64().unwrap())
}

stories! {
    async fn h6_and_c11_the_page_script_is_told_what_ends_first_and_when_to_warn(house: House) {
        let browser = house.signed_in().await;
        let view = browser.look().await;
        assert_eq!((&view["authenticated"], &view["warn"], &view["expires_in"]), (&json!(true), &Value::Null, &Value::Null));

        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        house.clock.advance(MINUTE);
        let view = browser.look().await;
        assert_eq!(warning(&view), ("inactivity", 7 * 60, 9 * 60), "{view}");
        assert_eq!((view["idle_in"].as_u64(), &view["extend"]), (Some(540), &json!("post")));

        house.settings().custom_inactivity = false;
        house.settings().custom_duration = true;
        house.settings().max_length = 2 * HOUR;
        house.restart().await;
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        let view = browser.look().await;
        assert_eq!(warning(&view), ("end", 40 * 60, 60 * 60), "{view}");
        assert_eq!((view["expires_in"].as_u64(), &view["extend"]), (Some(3600), &json!("popup")));
    }

    async fn c11_and_c10_whoever_says_that_they_stay_stays(house: House) {
        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        for _ in 0..12 {
            house.clock.advance(9 * MINUTE + 50 * SECOND);
            let stayed = browser.extend().await;
            assert_eq!((stayed.status, warning(&stayed.json()).1), (200, 8 * 60), "{}", stayed.body);
            house.work().await;
        }
        house.clock.advance(10 * MINUTE);
        let late = browser.extend().await;
        assert_eq!((late.status, late.json()["reason"].as_str()), (401, Some("inactive")));
        assert_eq!(browser.look().await["authenticated"], false);
    }

    async fn c10_from_the_first_report_of_input_on_what_scripts_do_by_themselves_is_no_use(house: House) {
        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        for _ in 0..4 {
            house.wait_in_steps(4 * MINUTE, MINUTE).await;
            assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 200, "an app without the page script");
        }
        assert_eq!(browser.report_input().await.status, 204);
        house.wait_in_steps(4 * MINUTE, MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 200);
        house.wait_in_steps(4 * MINUTE, MINUTE).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1, "a navigation is use");
        for _ in 0..4 {
            house.wait_in_steps(5 * MINUTE, MINUTE).await;
            assert_eq!(browser.report_input().await.status, 204, "and so is input");
        }
        house.wait_in_steps(6 * MINUTE, MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 200);
        house.wait_in_steps(4 * MINUTE, MINUTE).await;
        let gone = browser.fetch(&format!("{APP}/api")).await;
        assert!(gone.status == 401 && gone.header("www-authenticate").contains("inactive"));
    }

    async fn c10_requests_to_passive_paths_are_no_use(house: House) {
        house.config.environments[0].passive_paths = vec!["/api/poll".into()];
        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        for path in ["/api/poll", "/api/poll/", "/api/poll?x=1", "/api/poll/deep"] {
            house.clock.advance(2 * MINUTE);
            assert_eq!(browser.navigate(&format!("{APP}{path}")).await.status, 200);
        }
        house.clock.advance(2 * MINUTE);
        assert_eq!(browser.fetch(&format!("{APP}/api/polls")).await.status, 401, "ten minutes without use");
    }

    async fn c10_a_flood_of_reports_costs_the_store_one_write_in_20_seconds(house: House) {
        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        let id = house.session().await.0;
        let written = async || house.services().sessions.store().last_activity(id).await.unwrap().unwrap();
        house.clock.advance(MINUTE);
        browser.report_input().await;
        let first = written().await;
        assert_eq!(first, house.clock.now(), "at once, for all nodes");
        for _ in 0..19 {
            house.clock.advance(SECOND);
            assert_eq!((browser.report_input().await.status, browser.extend().await.status), (204, 200));
        }
        assert_eq!(written().await, first);
        house.clock.advance(SECOND);
        browser.report_input().await;
        assert_eq!(written().await, house.clock.now());
    }

    async fn c10_what_another_site_sends_extends_nothing(house: House) {
        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        let before = browser.look().await["idle_in"].clone();
        for path in ["session/extend", "session/activity"] {
            for headers in [
                &[("sec-fetch-site", "cross-site"), ("x-csrf", "1")][..],
                &[("sec-fetch-site", "same-site"), ("x-csrf", "1")],
                &[("origin", "https://evil.example"), ("x-csrf", "1")],
                &[("sec-fetch-site", "same-origin")],
                &[("x-csrf", "1")],
            ] {
                let refused = browser.post_once(&format!("{APP}/_hourgate/{path}"), headers).await;
                assert_eq!(refused.status, 403, "{path} {headers:?}");
            }
            let read = browser.step(&format!("{APP}/_hourgate/{path}")).await;
            assert_eq!(read.status, 404, "a GET changes nothing");
        }
        house.clock.advance(MINUTE);
        let after = browser.look().await["idle_in"].as_u64().unwrap();
        assert_eq!(before.as_u64().unwrap() - after, 60);
        let stranger = house.browser();
        assert_eq!(stranger.extend().await.status, 401);
        assert_eq!(stranger.report_input().await.status, 401);
    }

    async fn a6_an_admin_is_told_which_rule_ends_a_session_and_when_its_person_is_warned(house: House) {
        house.inactivity(10 * MINUTE).await;
        house.signed_in().await;
        let id = house.session().await.0;
        let client = hourgate::admin::client::Client::new(&house.config.management.socket).unwrap();
        let explained: hourgate::admin::wire::ExplanationView =
            client.get(&format!("/sessions/{id}/explain"), &[]).await.unwrap();
        assert_eq!(explained.then.unwrap().rule.as_deref(), Some("activity"));
        let warning = explained.warning.unwrap();
        assert_eq!((warning.of.as_str(), warning.ends_at), ("inactivity", house.clock.now().plus(10 * MINUTE).to_string()));
    }

    async fn c9_nothing_extends_a_session_past_its_end(house: House) {
        house.settings().custom_duration = true;
        house.settings().max_length = HOUR;
        house.restart().await;
        let browser = house.signed_in().await;
        house.wait(55 * MINUTE).await;
        let refused = browser.extend().await;
        assert_eq!((refused.status, refused.json()["reason"].as_str()), (409, Some("absolute_limit")));
        assert_eq!(browser.report_input().await.status, 204);
        house.wait(5 * MINUTE).await;
        assert_eq!(browser.look().await["reason"], "max_length");
    }

    async fn h6_and_c9_a_window_signs_in_again_before_the_end_with_credentials(house: House) {
        house.settings().custom_duration = true;
        house.settings().max_length = HOUR;
        house.restart().await;
        let browser = house.signed_in().await;
        let popup = browser.look().await["popup_url"].as_str().unwrap().to_owned();
        let early = browser.navigate(&popup).await;
        assert_eq!((early.url.path(), early.question()), ("/_hourgate/popup-done", String::new()), "nothing to renew yet");
        house.wait(50 * MINUTE).await;
        let renewed = browser.navigate(&popup).await;
        assert_eq!((renewed.status, renewed.url.path()), (200, "/_hourgate/popup-done"));
        assert!(renewed.question().contains("prompt=login"), "{}", renewed.question());
        assert!(renewed.body.contains("/_hourgate/popup-done.js"));
        assert!(browser.look().await["expires_in"].as_u64().unwrap() > 3500);
    }

    async fn h4_and_h6_a_window_renews_the_proof_silently(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        let view = browser.look().await;
        assert_eq!((warning(&view).0, &view["extend"]), ("proof", &json!("popup")), "{view}");
        let (_, until, _) = warning(&view);
        house.clock.advance(std::time::Duration::from_secs(until + 1));
        assert_eq!(browser.extend().await.json()["reason"], "renewed_by_browser");
        let renewed = browser.navigate(view["popup_url"].as_str().unwrap()).await;
        assert_eq!(renewed.url.path(), "/_hourgate/popup-done");
        assert!(renewed.question().contains("prompt=none"), "{}", renewed.question());
        assert!(warning(&browser.look().await).1 > 0);
    }

    async fn c17_and_o3_whoever_chooses_it_on_the_start_page_is_kept_signed_in(house: House) {
        house.config.environments[0].start_page = StartPage::Always;
        house.restart().await;
        let browser = house.browser();
        let start = browser.navigate(&format!("{APP}/report")).await;
        assert!(start.status == 200 && start.body.contains("name=\"keep\""), "{}", start.body);
        let action = start.form().0;
        let visit = browser.submit(action.as_str(), "rd=/report&idp=idp&keep=1").await;
        assert_eq!((visit.status, visit.user()), (200, "alice"));
        assert!(house.session().await.1.kept_signed_in);
        assert_eq!(browser.look().await["kept_signed_in"], true);
        house.outage().await;
        house.wait(3 * HOUR).await;
        let told = browser.fetch(&format!("{APP}/report")).await;
        assert_eq!((told.status, told.header("x-hourgate-degraded")), (200, "idp_away"));
    }

    async fn c17_only_the_own_form_keeps_somebody_signed_in_and_only_where_that_is_allowed(house: House) {
        let browser = house.browser();
        let start = format!("{APP}/_hourgate/start");
        browser.navigate(&format!("{start}?rd=/&keep=1")).await;
        assert!(!house.session().await.1.kept_signed_in, "a link does not choose for anybody");
        let other = house.browser();
        let form = "application/x-www-form-urlencoded";
        assert_eq!(other.post_from_elsewhere(&start, form, "rd=/&keep=1").await.status, 403);
        browser.sign_out().await;

        house.settings().keep_me_signed_in = false;
        house.restart().await;
        let browser = house.browser();
        browser.submit(&start, "rd=/&keep=1").await;
        assert!(!house.session().await.1.kept_signed_in);
    }

    async fn c17_the_cookie_outlives_the_browser_only_where_somebody_is_kept_and_a_renewal_goes_on_with_it(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        let browser = house.browser();
        let begun = browser.submit(&format!("{APP}/_hourgate/start"), "rd=/&keep=1").await;
        assert_eq!(begun.status, 200);
        house.clock.advance(2 * HOUR);
        let renewed = browser.navigate(&format!("{APP}/")).await;
        assert!(renewed.question().contains("prompt=none"));
        assert!(house.session().await.1.kept_signed_in, "a silent renewal is no new choice");
        house.auto_login("bob").await;
        browser.sign_out().await;
        browser.navigate(&format!("{APP}/")).await;
        assert!(!house.session().await.1.kept_signed_in, "somebody else has chosen nothing");
    }

    async fn a2_after_a_sign_out_the_next_sign_in_of_that_browser_takes_credentials(house: House) {
        let browser = house.signed_in().await;
        browser.sign_out().await;
        assert!(browser.cookie("__Host-hourgate-credentials").is_some());
        house.wait_in_steps(8 * DAY, HOUR).await;
        let back = browser.navigate(&format!("{APP}/")).await;
        assert!(back.question().contains("prompt=login") && back.question().contains("max_age=0"), "{}", back.question());
        assert_eq!((back.status, back.user()), (200, "alice"));
        assert!(browser.cookie("__Host-hourgate-credentials").is_none(), "credentials were entered");
        assert!(!house.browser().navigate(&format!("{APP}/")).await.question().contains("prompt=login"), "another browser");
    }

    async fn a2_credentials_from_before_the_sign_out_do_not_count_however_close(house: House) {
        let browser = house.signed_in().await;
        house.clock.advance(5 * SECOND);
        // The window is closed before the IdP hears of it.
        browser.post_once(&format!("{APP}/_hourgate/signout"), &[("sec-fetch-site", "same-origin")]).await;
        house.clock.advance(5 * SECOND);
        house.fault("authorize", "ignores_prompt").await;
        let refused = browser.navigate(&format!("{APP}/")).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.body.contains("id_token_auth_time"), "{}", refused.body);
        assert!(house.live().await.is_empty());
    }

    async fn a1_a_sign_out_can_end_all_sessions_of_the_user(house: House) {
        let (one, two) = (house.signed_in().await, house.signed_in().await);
        house.auto_login("bob").await;
        let bob = house.browser();
        assert_eq!(bob.navigate(&format!("{APP}/")).await.user(), "bob");
        house.config.environments[0].sign_out_scope = SignOutScope::User;
        house.restart().await;
        let (one, two, bob) = (one.at(house.address()), two.at(house.address()), bob.at(house.address()));
        one.sign_out().await;
        let refused = two.fetch(&format!("{APP}/api")).await;
        assert!(refused.status == 401 && refused.header("www-authenticate").contains("signed_out"));
        assert_eq!(bob.fetch(&format!("{APP}/api")).await.status, 200);
    }

    async fn a1_the_page_script_signs_out_and_is_told_where_to_go(house: House) {
        let browser = house.signed_in().await;
        let headers = [("sec-fetch-site", "same-origin"), ("x-csrf", "1"), ("accept", "application/json")];
        let told = browser.post_once(&format!("{APP}/_hourgate/signout"), &headers).await;
        let location = told.json()["location"].as_str().unwrap().to_owned();
        assert!(told.status == 200 && location.contains("/end_session"), "{location}");
        assert!(browser.cookie("__Host-hourgate").is_none() && house.live().await.is_empty());
    }

    async fn c15_inactivity_does_not_count_where_a_rule_says_so_and_nowhere_else(house: House) {
        house.config.environments[0].exemptions = vec![Exemption {
            name: "mail".into(),
            from_inactivity: true,
            path: Some("/mail".into()),
            ..Exemption::default()
        }];
        house.inactivity(10 * MINUTE).await;
        let browser = house.browser();
        browser.navigate(&format!("{APP}/mail/inbox")).await;
        house.wait_in_steps(30 * MINUTE, MINUTE).await;
        assert_eq!(browser.fetch(&format!("{APP}/mailbox")).await.status, 401);
        assert_eq!(browser.fetch(&format!("{APP}/mail/inbox")).await.status, 200);
        let page = format!("{APP}/mail/inbox");
        let headers = [("sec-fetch-site", "same-origin"), ("referer", page.as_str())];
        let view = browser.with_headers(&format!("{APP}/_hourgate/session"), &headers).await.json();
        assert_eq!((&view["authenticated"], &view["idle_in"]), (&json!(true), &Value::Null));
        house.wait(3 * HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/mail/inbox")).await.way.len(), 1);
    }

    async fn c15_max_length_does_not_count_for_an_exempt_client_and_policy_checks_do(house: House) {
        house.config.environments[0].exemptions = vec![Exemption {
            name: "tablets".into(),
            from_max_length: true,
            user_agent: Some("tablet".into()),
            ..Exemption::default()
        }];
        house.settings().custom_duration = true;
        house.settings().max_length = HOUR;
        house.restart().await;
        let browser = house.signed_in().await;
        let tablet = [("user-agent", "A Tablet/1.0")];
        house.wait(3 * HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401, "the same session in another kind of client");
        assert_eq!(browser.with_headers(&format!("{APP}/"), &tablet).await.status, 200);
        house.disable("alice").await;
        house.wait(HOUR).await;
        assert_ne!(browser.with_headers(&format!("{APP}/"), &tablet).await.status, 200);
        assert!(house.live().await.is_empty());
    }

    async fn c10_a_session_that_nobody_used_takes_credentials_whatever_else_ended_it_later(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        house.settings().lifetime = 2 * HOUR;
        house.inactivity(30 * MINUTE).await;
        let browser = house.signed_in().await;
        house.wait(3 * HOUR).await;
        assert_eq!(browser.look().await["reason"], "inactive");
        let explained = browser.navigate(&format!("{APP}/")).await;
        assert!(explained.status == 401 && explained.question().is_empty());
        let again = browser.navigate(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
        assert!(again.question().contains("prompt=login"), "{}", again.question());
    }

    async fn c10_whoever_lost_the_session_cookie_comes_back_with_credentials(house: House) {
        house.inactivity(30 * MINUTE).await;
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        browser.forget("__Host-hourgate"); // the browser was closed
        let back = browser.navigate(&format!("{APP}/")).await;
        assert!(back.question().contains("prompt=login"), "{}", back.question());
    }

    async fn c9_single_sign_on_does_not_begin_a_custom_length_anew(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        house.settings().custom_duration = true;
        house.settings().max_length = 3 * HOUR;
        house.restart().await;
        let browser = house.signed_in().await;
        for _ in 0..2 {
            house.clock.advance(HOUR + MINUTE);
            let asked = browser.navigate(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
            assert_eq!(asked.user(), "alice");
            assert!(!asked.question().contains("prompt="), "{}", asked.question());
        }
        house.clock.advance(HOUR);
        assert_eq!(browser.look().await["reason"], "max_length");
    }

    async fn a1_what_was_begun_before_a_sign_out_is_not_completed_after_it(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        house.clock.advance(2 * HOUR);
        let mut callbacks = Vec::new();
        for _ in 0..2 {
            let begun = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
            callbacks.push(browser.step(begun.header("location")).await.header("location").to_owned());
        }
        assert_eq!(browser.step(&callbacks[0]).await.status, 303);
        browser.post_once(&format!("{APP}/_hourgate/signout"), &[("sec-fetch-site", "same-origin")]).await;
        assert!(house.live().await.is_empty());
        let late = browser.step(&callbacks[1]).await;
        assert!(late.header("location").contains("/_hourgate/start"), "{:?}", late.headers);
        assert!(house.live().await.is_empty(), "it begins anew, with credentials");
        assert!(browser.navigate(late.header("location")).await.question().contains("prompt=login"));
    }

    async fn c10_a_silent_renewal_that_comes_back_too_late_is_none(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        house.inactivity(70 * MINUTE).await;
        let browser = house.signed_in().await;
        house.clock.advance(65 * MINUTE);
        let begun = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let callback = browser.step(begun.header("location")).await.header("location").to_owned();
        house.clock.advance(8 * MINUTE);
        let late = browser.step(&callback).await;
        assert!(late.header("location").contains("/_hourgate/start"), "{:?}", late.headers);
        assert_eq!(browser.look().await["reason"], "inactive");
    }

    async fn c10_pictures_and_scripts_at_the_check_page_and_windows_of_other_sites_are_no_use(house: House) {
        house.inactivity(10 * MINUTE).await;
        let browser = house.signed_in().await;
        browser.report_input().await;
        let image = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
        let window = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for _ in 0..3 {
            house.clock.advance(3 * MINUTE);
            browser.with_headers(&format!("{APP}/_hourgate/check?rd=/"), &image).await;
            assert_eq!(browser.with_headers(&format!("{APP}/"), &window).await.status, 200);
        }
        house.clock.advance(2 * MINUTE);
        assert_eq!(browser.look().await["reason"], "inactive");
    }

    async fn h4_a_link_does_not_choose_whom_a_silent_renewal_asks_about(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        let browser = house.signed_in().await;
        house.clock.advance(2 * HOUR);
        let begun = browser.step(&format!("{APP}/_hourgate/start?rd=/&login_hint=bob")).await;
        let asked = begun.header("location").to_owned();
        assert!(asked.contains("prompt=none") && !asked.contains("login_hint"), "{asked}");
    }

    async fn pci_12_who_was_kept_out_is_judged_again_with_the_next_proof_of_the_browser_too(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        house.config.environments[0].access.any = vec!["group:staff".parse().unwrap()];
        house.restart().await;
        house.user("carol", json!({ "groups": [] })).await;
        house.auto_login("carol").await;
        let browser = house.browser();
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 403);
        house.user("carol", json!({ "groups": ["staff"] })).await;
        house.clock.advance(61 * MINUTE);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "carol");
    }

    async fn pci_12_access_rules_are_judged_at_the_sign_in_and_at_each_policy_check(house: House) {
        house.config.environments[0].access.any = vec!["group:staff".parse().unwrap()];
        house.restart().await;
        house.user("carol", json!({ "groups": ["guests"] })).await;
        house.auto_login("carol").await;
        let browser = house.browser();
        let refused = browser.navigate(&format!("{APP}/")).await;
        assert_eq!(refused.status, 403, "{:?}", refused.way);
        assert!(refused.body.contains("access_denied") && refused.body.contains("Sign out"), "{}", refused.body);
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.json()["reason"], "access_denied");
        assert_eq!(browser.navigate(&format!("{OTHER}/")).await.status, 200, "another environment has other rules");

        house.user("carol", json!({ "groups": ["guests", "staff"] })).await;
        house.wait(HOUR).await;
        assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "carol", "from the next policy check on");
        house.user("carol", json!({ "groups": [] })).await;
        house.wait(HOUR).await;
        assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 403);
    }

    async fn tok_17_groups_that_are_not_told_are_a_reason_of_their_own(house: House) {
        house.config.environments[0].access.any = vec!["group:staff".parse().unwrap()];
        house.restart().await;
        house.user("dave", json!({ "_claim_names": { "groups": "src1" } })).await;
        house.auto_login("dave").await;
        let refused = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("groups_not_told"), "{}", refused.body);
    }
}
