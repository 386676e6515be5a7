//! IdPs that answer with a form which the browser posts from their own site. The browsers here know which cookies go with
//! that: those that are `SameSite=None`.

use hourgate::provider::settings::ResponseMode;
use serde_json::{Value, json};

use crate::browser::{Browser, Visit};
use crate::house::{APP, HOUR, House, OTHER, provider};

const FORM: &str = "application/x-www-form-urlencoded";

/// The IdP of `APP` answers by POST; another one, of `OTHER`, by query.
async fn answers_by_post(house: &mut House) {
    let second = house.idp.issuer("t2");
    house.config.providers.push(provider("second", &second));
    house.config.environments[1].providers = vec!["second".parse().unwrap()];
    house.config.providers[0].response_mode = ResponseMode::FormPost;
    house.restart().await;
}

/// Signs in up to the page with the form.
async fn at_the_form(browser: &Browser, path: &str) -> Visit {
    let page = browser.navigate(&format!("{APP}{path}")).await;
    assert!(page.status == 200 && page.body.contains("data-testid=\"form-post\""), "{page:?}");
    page
}

async fn post(browser: &Browser, url: &str, kind: &str, body: &str) -> Visit {
    browser.post_from_elsewhere(url, kind, body).await
}

fn refused(visit: &Visit, status: u16, code: &str) {
    assert!(visit.status == status && visit.body.contains(code), "expected {status} {code}: {visit:?}");
}

stories! {
    async fn aut_15_an_answer_by_post_signs_in_and_only_the_nonce_cookie_crosses_sites(house: House) {
        answers_by_post(house).await;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/report")).await;
        let cookie = start.header("set-cookie").to_owned();
        assert!(cookie.starts_with("__Host-hourgate-nonce=") && cookie.contains("SameSite=None; "), "{cookie}");
        assert!(cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
        let elsewhere = house.browser().step(&format!("{OTHER}/_hourgate/start?rd=/")).await;
        assert!(elsewhere.header("set-cookie").contains("SameSite=Lax"), "only where an IdP answers by POST");

        let page = browser.navigate(start.header("location")).await;
        let (url, body) = page.form();
        assert!(url.query().is_none() && page.way.iter().all(|url| !url.as_str().contains("code=")), "{page:?}");
        let answer = post(&browser, url.as_str(), FORM, &body).await;
        assert_eq!((answer.status, answer.header("location")), (303, "https://app.example.test/report"));
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("__Host-hourgate=") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert_eq!(browser.navigate(&format!("{APP}/report")).await.user(), "alice");

        let again = post(&browser, url.as_str(), FORM, &body).await;
        assert!(again.status == 303 && again.header("location").contains("/_hourgate/start"), "a reload: {again:?}");
        assert_eq!(browser.navigate(again.header("location")).await.url.path(), "/report");
        assert_eq!(house.token_requests("authorization_code").await, 1);
        house.session().await;
    }

    async fn a_nonce_cookie_from_before_is_made_to_cross_sites(house: House) {
        let browser = house.signed_in().await;
        answers_by_post(house).await;
        let browser = browser.at(house.address());
        browser.forget("__Host-hourgate");
        let (url, body) = at_the_form(&browser, "/").await.form();
        assert_eq!(post(&browser, url.as_str(), FORM, &body).await.status, 303);
    }

    async fn aut_02_an_answer_by_post_in_another_browser_is_refused(house: House) {
        answers_by_post(house).await;
        let (url, body) = at_the_form(&house.browser(), "/").await.form();
        let victim = house.browser();
        refused(&post(&victim, url.as_str(), FORM, &body).await, 400, "other_browser");
        victim.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        refused(&post(&victim, url.as_str(), FORM, &body).await, 400, "other_browser");
        assert_eq!(house.token_requests("authorization_code").await, 0);
        assert!(house.live().await.is_empty());
    }

    async fn aut_05_an_answer_is_one_form_and_nothing_else(house: House) {
        answers_by_post(house).await;
        let browser = house.browser();
        let (url, body) = at_the_form(&browser, "/").await.form();
        for name in ["code", "state", "iss"] {
            let doubled = format!("{body}&{name}=x");
            refused(&post(&browser, url.as_str(), FORM, &doubled).await, 400, "malformed_response");
            let beside = format!("{url}?{name}=x");
            refused(&post(&browser, &beside, FORM, &body).await, 400, "malformed_response");
        }
        let both = format!("{url}?{body}");
        refused(&post(&browser, &both, FORM, &body).await, 400, "malformed_response");
        refused(&post(&browser, &both, FORM, "").await, 400, "malformed_response");
        refused(&browser.step(&both).await, 400, "malformed_response");

        for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json", ""] {
            refused(&post(&browser, url.as_str(), kind, &body).await, 415, "malformed_form");
        }
        let long = format!("{body}&x={}", "x".repeat(64 * 1024));
        refused(&post(&browser, url.as_str(), FORM, &long).await, 413, "malformed_form");
        for cut in ["", "code=c", "state=s", "code=&state=s"] {
            refused(&post(&browser, url.as_str(), FORM, cut).await, 400, "malformed_response");
        }
        assert_eq!(house.token_requests("authorization_code").await, 0);
        let charset = format!("{FORM}; charset=UTF-8");
        assert_eq!(post(&browser, url.as_str(), &charset, &body).await.status, 303, "and the good one is still good");
    }

    async fn an_idp_that_answers_by_query_is_not_answered_for_by_a_form(house: House) {
        answers_by_post(house).await;
        let browser = house.browser();
        let start = browser.step(&format!("{OTHER}/_hourgate/start?rd=/")).await;
        let url = house.idp.base_url().join("/_control/t2/auto-login").unwrap();
        house.put(url, json!({ "user": "bob" })).await;
        let callback: url::Url = browser.step(start.header("location")).await.header("location").parse().unwrap();
        let form = callback.query().unwrap();
        let bare = callback.as_str().split('?').next().unwrap();
        refused(&post(&browser, bare, FORM, form).await, 400, "malformed_response");
        assert_eq!(browser.step(callback.as_str()).await.status, 303);
    }

    async fn oidcc_client_test_form_post_error_is_a_page_and_no_loop(house: House) {
        answers_by_post(house).await;
        for (error, status, code) in
            [("access_denied", 403, "idp_denied"), ("server_error", 503, "idp_error"), ("<script>", 403, "idp_denied")]
        {
            let fault = json!({ "endpoint": "authorize", "mode": "error", "times": 1, "body": { "error": error } });
            house.control("POST", "/faults", fault).await;
            let browser = house.browser();
            let (url, body) = at_the_form(&browser, "/").await.form();
            let answer = post(&browser, url.as_str(), FORM, &body).await;
            refused(&answer, status, code);
            assert!(answer.header("location").is_empty() && !answer.body.contains("<script>"), "{answer:?}");
        }
        assert_eq!(house.token_requests("authorization_code").await, 0);
        assert!(house.live().await.is_empty());
    }

    async fn aut_12_the_issuer_in_a_form_counts_as_it_does_in_a_query(house: House) {
        answers_by_post(house).await;
        for mode in ["wrong_response_iss", "missing_response_iss"] {
            house.control("POST", "/faults", json!({ "endpoint": "authorize", "mode": mode, "times": 1 })).await;
            let browser = house.browser();
            let (url, body) = at_the_form(&browser, "/").await.form();
            refused(&post(&browser, url.as_str(), FORM, &body).await, 400, "wrong_issuer");
        }
        assert_eq!(house.token_requests("authorization_code").await, 0);
    }

    async fn h5_a_silent_renewal_by_post_does_not_begin_the_lifetime_anew(house: House) {
        house.control("PUT", "/tokens-policy", json!({ "issue_refresh_token": false })).await;
        answers_by_post(house).await;
        let browser = house.browser();
        let (url, body) = at_the_form(&browser, "/").await.form();
        post(&browser, url.as_str(), FORM, &body).await;
        let (_, first) = house.session().await;
        house.control("PUT", "/auto-login", json!({ "user": Value::Null })).await;

        house.wait(HOUR).await;
        let tabs = [at_the_form(&browser, "/one").await, at_the_form(&browser, "/two").await];
        for tab in tabs {
            let (url, body) = tab.form();
            assert_eq!(post(&browser, url.as_str(), FORM, &body).await.status, 303);
            for (_, renewed) in house.live().await {
                assert_eq!(renewed.signed_in_at, first.signed_in_at, "the session cookie did not come along");
            }
        }
        assert_eq!(browser.navigate(&format!("{APP}/")).await.user(), "alice");
        house.wait(24 * HOUR).await;
        assert!(house.live().await.is_empty(), "the lifetime counts from the sign-in");
    }
}
