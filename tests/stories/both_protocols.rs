//! One gateway, one session policy, and two IdPs: one speaks OpenID Connect, the other WS-Federation. Each story is told at both;
//! nothing changes but the IdP's name.

use serde_json::json;

use crate::house::{APP, HOUR, House, MINUTE, OTHER, SECOND, federated};
use crate::settings::set;

const PROVIDERS: [&str; 2] = ["idp", "fed"];

/// Both IdPs, and which of them the apps are behind.
async fn behind(house: &mut House, provider: &str) {
    let issuer = house.idp.issuer("t1");
    house.config.ws_federation = vec![federated("fed", &issuer)];
    for environment in &mut house.config.environments {
        environment.providers = vec![provider.parse().unwrap()];
    }
    house.restart().await;
    house.end_all().await;
}

stories! {
    async fn h4_a_person_signs_in_and_is_known_by_name_mail_and_groups(house: House) {
        for provider in PROVIDERS {
            behind(house, provider).await;
            let browser = house.browser();
            let visit = browser.sign_in(&format!("{APP}/report?page=2")).await;
            assert_eq!((visit.status, visit.user()), (200, "alice"), "{provider}: {visit:?}");
            assert_eq!(visit.url.as_str(), "https://app.example.test/report?page=2");
            assert_eq!(visit.header("x-auth-request-email"), "alice@t1.example", "{provider}");
            assert_eq!(visit.header("x-auth-request-preferred-username"), "alice@t1.example", "{provider}");
            assert_eq!(visit.header("x-auth-request-groups"), "staff,finance", "{provider}");
            let (_, session) = house.session().await;
            assert_eq!(session.identity.name.as_deref(), Some("Alice Example"), "{provider}");
            assert_eq!(session.identity.provider.as_str(), provider);
            assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 200, "{provider}");
        }
    }

    async fn a1_and_a2_a_sign_out_ends_it_at_the_idp_too_and_the_next_sign_in_takes_credentials(house: House) {
        for provider in PROVIDERS {
            behind(house, provider).await;
            let browser = house.browser();
            browser.sign_in(&format!("{APP}/")).await;
            browser.sign_in(&format!("{OTHER}/")).await;
            assert_eq!(house.live().await.len(), 2, "{provider}");
            house.clock.advance(MINUTE);
            let out = browser.submit(&format!("{APP}/_hourgate/signout"), "").await;
            assert!(out.went_over("end_session") || out.went_over("wsfed"), "{provider}: {out:?}");
            assert!(house.live().await.is_empty(), "{provider}: in all environments");
            assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401);

            let back = browser.sign_in(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
            let asked = back.question();
            assert!(asked.contains("prompt=login") || asked.contains("wfresh=0"), "{provider}: {asked}");
            assert_eq!(back.user(), "alice", "{provider}: {back:?}");
        }
    }

    async fn a2_credentials_that_were_not_entered_anew_are_refused(house: House) {
        for (provider, endpoint, fault) in [("idp", "authorize", "ignores_prompt"), ("fed", "wsfed", "old_authn")] {
            behind(house, provider).await;
            let browser = house.browser();
            browser.sign_in(&format!("{APP}/")).await;
            house.clock.advance(HOUR / 2);
            browser.forget("__Host-hourgate");
            browser.submit(&format!("{APP}/_hourgate/signout"), "").await;
            house.fault(endpoint, fault).await;
            let refused = browser.sign_in(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
            assert_eq!(refused.status, 400, "{provider}: {refused:?}");
            assert!(refused.body.contains("auth_time") || refused.body.contains("authn_instant"), "{}", refused.body);
            house.no_faults().await;
        }
    }

    async fn a3_what_one_browser_was_given_is_worth_nothing_in_another(house: House) {
        for provider in PROVIDERS {
            behind(house, provider).await;
            let (thief, victim) = (house.browser(), house.browser());
            let answer = victim.up_to_the_answer(&format!("{APP}/")).await;
            let refused = thief.answer(&answer).await;
            assert!(refused.status == 400 && refused.body.contains("other_browser"), "{provider}: {refused:?}");
            thief.step(&format!("{APP}/_hourgate/start?rd=/")).await;
            let refused = thief.answer(&answer).await;
            assert!(refused.status == 400 && refused.body.contains("other_browser"), "{provider}: {refused:?}");
            assert!(house.live().await.is_empty());
            assert_eq!(victim.answer(&answer).await.status, 303, "{provider}: the victim's own goes on");
            assert_eq!(victim.answer(&answer).await.status, 303, "{provider}: a reload goes on, and signs in nobody");
            house.session().await;
        }
    }

    async fn c9_a_custom_length_ends_the_session_and_takes_credentials(house: House) {
        for provider in PROVIDERS {
            behind(house, provider).await;
            set(house, &[("custom_duration", json!(true)), ("max_length", json!("2h"))]).await;
            let browser = house.browser();
            browser.sign_in(&format!("{APP}/")).await;
            let (id, _) = house.session().await;
            house.wait(HOUR - MINUTE).await;
            assert_eq!(browser.sign_in(&format!("{APP}/")).await.user(), "alice");
            house.wait(HOUR + MINUTE).await;
            assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401, "{provider}");
            assert!(house.live().await.iter().all(|(live, _)| *live != id), "{provider}");
            let back = browser.sign_in(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
            assert!(back.question().contains("max_age=0") || back.question().contains("wfresh=0"), "{provider}");
            assert_eq!(back.user(), "alice");
            set(house, &[("custom_duration", json!(false))]).await;
        }
    }

    async fn c10_whoever_was_away_for_too_long_enters_credentials(house: House) {
        for provider in PROVIDERS {
            behind(house, provider).await;
            set(house, &[("custom_inactivity", json!(true)), ("inactivity_timeout", json!("10m"))]).await;
            let browser = house.browser();
            browser.sign_in(&format!("{APP}/")).await;
            house.wait(9 * MINUTE).await;
            assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "alice", "{provider}");
            house.wait(10 * MINUTE).await;
            let gone = browser.fetch(&format!("{APP}/")).await;
            assert!(gone.header("www-authenticate").contains("inactive"), "{provider}: {gone:?}");
            let back = browser.sign_in(&format!("{APP}/_hourgate/start?rd=/&ask=1")).await;
            assert!(back.question().contains("max_age=0") || back.question().contains("wfresh=0"), "{provider}");
            assert_eq!(back.user(), "alice");
            set(house, &[("custom_inactivity", json!(false))]).await;
        }
    }

    async fn h2_whoever_is_disabled_at_the_idp_is_let_in_no_longer_than_the_proof_counts(house: House) {
        for provider in PROVIDERS {
            behind(house, provider).await;
            let browser = house.browser();
            browser.sign_in(&format!("{APP}/")).await;
            house.disable("alice").await;
            house.wait(HOUR + SECOND).await;
            assert_eq!(browser.fetch(&format!("{APP}/")).await.status, 401, "{provider}");
            assert_ne!(browser.sign_in(&format!("{APP}/")).await.user(), "alice", "{provider}");
            house.enable("alice").await;
        }
    }
}
