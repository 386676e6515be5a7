//! A person signs out.

use crate::house::{APP, House, OTHER};

const SAME_ORIGIN: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

stories! {
    async fn a1_a_sign_out_ends_the_session_here_everywhere_and_at_the_idp(house: House) {
        let browser = house.signed_in().await;
        assert_eq!(browser.navigate(&format!("{OTHER}/")).await.status, 200, "single sign-on in another environment");
        assert_eq!(house.live().await.len(), 2);
        let before = browser.stolen();

        let asked = browser.navigate(&format!("{APP}/_hourgate/signout")).await;
        assert!(asked.status == 200 && asked.body.contains("<form method=\"post\"") && asked.body.contains("alice"));
        assert_eq!(house.live().await.len(), 2, "asking ends nothing");

        house.control("PUT", "/auto-login", serde_json::json!({ "user": null })).await;
        let done = browser.post(&format!("{APP}/_hourgate/signout"), SAME_ORIGIN).await;
        assert_eq!((done.status, done.url.path()), (200, "/_hourgate/signed-out"));
        assert!(done.went_over("/end_session"), "{:#?}", done.way);
        assert!(browser.cookie("__Host-hourgate").is_none() && browser.cookie("__Host-hourgate-nonce").is_some());
        assert!(house.live().await.is_empty(), "also the session of the other environment, by issuer and sid");

        let replayed = before.fetch(&format!("{APP}/api")).await;
        assert_eq!(replayed.status, 401);
        assert!(replayed.header("www-authenticate").contains("signed_out"));
        let back = browser.navigate(&format!("{APP}/")).await;
        assert!(back.url.path().ends_with("/authorize") || back.url.path().contains("/login"), "the IdP asks: {}", back.url);
    }

    async fn log_02_another_site_cannot_sign_anybody_out(house: House) {
        let browser = house.signed_in().await;
        let url = format!("{APP}/_hourgate/signout");
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "https://app.example.test.evil.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example.test")],
            &[],
        ] {
            let refused = browser.post(&url, headers).await;
            assert_eq!(refused.status, 403, "{headers:?}");
        }
        house.session().await;
        let done = browser.post(&url, &[("origin", APP)]).await;
        assert_eq!(done.status, 200, "a browser without Sec-Fetch-Site names its origin");
        assert!(house.live().await.is_empty());
    }

    async fn signing_out_without_a_session_is_harmless(house: House) {
        let browser = house.browser();
        let asked = browser.navigate(&format!("{APP}/_hourgate/signout")).await;
        assert_eq!(asked.url.path(), "/_hourgate/signed-out");
        let done = browser.post(&format!("{APP}/_hourgate/signout"), SAME_ORIGIN).await;
        assert_eq!(done.status, 200);
    }

    async fn ses_04_the_cookie_is_taken_away_with_the_attributes_it_was_set_with(house: House) {
        let browser = house.signed_in().await;
        let done = browser.post(&format!("{APP}/_hourgate/signout"), SAME_ORIGIN).await;
        drop(done);
        let browser = house.signed_in().await;
        let url = format!("{APP}/_hourgate/signout");
        let answer = browser.post_once(&url, SAME_ORIGIN).await;
        let line = answer.header("set-cookie");
        for part in ["__Host-hourgate=;", "Max-Age=0", "Secure", "Path=/", "HttpOnly"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}
