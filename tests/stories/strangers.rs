//! What a stranger may try with cookies, hosts and connections that are no nonsense.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::Browser;
use crate::house::{APP, House, OTHER};

const SESSION: &str = "__Host-hourgate";
const NONCE: &str = "__Host-hourgate-nonce";

/// An authz question from somewhere, of these header lines.
async fn ask(house: &House, target: &str, lines: &[&str]) -> (u16, String) {
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{}\r\n\r\n", lines.join("\r\n"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

fn both(browser: &Browser) -> (String, String) {
    (browser.cookie(SESSION).unwrap(), browser.cookie(NONCE).unwrap())
}

const QUESTION: &str = "/_hourgate/authz/forward-auth";

stories! {
    /// The row asks for honesty: this is the theft that is not prevented, and the manual says so.
    async fn ses_06_both_cookies_together_are_the_session_and_the_manual_says_so(house: House) {
        let browser = house.signed_in().await;
        assert_eq!(browser.stolen().navigate(&format!("{APP}/")).await.user(), "alice");
        assert!(include_str!("../../src/manual/behaviour.md").contains("Not promised, in short"));
        assert!(include_str!("../../src/manual/behaviour.md").contains("theft of both cookies of a browser together"));
    }

    async fn ses_10_of_cookies_of_one_name_four_are_tried_and_none_are_joined(house: House) {
        let (session, nonce) = both(&house.signed_in().await);
        let tossed = |before: usize| {
            let junk = format!("{SESSION}={}; ", "A".repeat(70)).repeat(before);
            format!("Cookie: {junk}{SESSION}={session}; {NONCE}={nonce}")
        };
        for (before, expected) in [(0, 200), (1, 200), (3, 200), (4, 302), (100, 302)] {
            let (status, answer) = ask(house, QUESTION, &["Host: app.example.test", "Accept: text/html", &tossed(before)]).await;
            assert_eq!(status, expected, "{before} before ours: {answer}");
        }
        let (head, tail) = session.split_at(20);
        for parts in [
            format!("Cookie: {SESSION}={head}; {SESSION}={tail}; {NONCE}={nonce}"),
            format!("Cookie: {SESSION}={head}; {NONCE}={nonce}\r\nCookie: {SESSION}={tail}"),
            format!("Cookie: {SESSION}-0={head}; {SESSION}-1={tail}; {NONCE}={nonce}"),
            format!("Cookie: x{SESSION}={session}; {NONCE}={nonce}"),
            format!("Cookie: {}={session}; {NONCE}={nonce}", SESSION.to_lowercase()),
        ] {
            let (status, answer) = ask(house, QUESTION, &["Host: app.example.test", "Accept: text/html", &parts]).await;
            assert_eq!(status, 302, "{parts}: {answer}");
        }
    }

    async fn ses_13_no_answer_with_a_cookie_or_an_identity_can_be_cached(house: House) {
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=/")).await;
        let back = browser.step(start.header("location")).await.header("location").to_owned();
        let mut answers = vec![start, browser.step(&back).await];
        for path in ["session", "userinfo", "signout", "signed-out", "authz/forward-auth", "authz/auth-request", "authz/ext-authz/x", "check?rd=/",
            "start?rd=/", "start?rd=/&rd=/", "callback/idp?code=c&state=s", "nothing"] {
            answers.push(browser.step(&format!("{APP}/_hourgate/{path}")).await);
        }
        let same_site = [("origin", APP), ("sec-fetch-site", "same-origin")];
        answers.push(browser.post_once(&format!("{APP}/_hourgate/signout"), &same_site).await);
        answers.push(browser.step(&format!("{APP}/_hourgate/authz/forward-auth")).await);
        let mut with_cookie = 0;
        for answer in answers {
            assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
            with_cookie += usize::from(answer.headers.contains_key("set-cookie"));
        }
        assert_eq!(with_cookie, 4, "nonce; session; how often it was sent back; the session's end");
    }

    async fn pxy_13_a_person_with_an_odd_name_gets_one_header_of_each(house: House) {
        let claims = json!({ "email": "a\r\nX-Auth-Request-Groups: admins", "preferred_username": "x".repeat(10_000),
            "groups": ["a,admins", "b\u{0}c\r\nd", "g".repeat(5000)] });
        house.control("PUT", "/users/alice", json!({ "claims": claims })).await;
        let (session, nonce) = both(&house.signed_in().await);
        let cookie = format!("Cookie: {SESSION}={session}; {NONCE}={nonce}");
        let (status, answer) = ask(house, QUESTION, &["Host: app.example.test", &cookie]).await;
        assert_eq!(status, 200, "{answer}");
        for header in ["email: ", "preferred-username: ", "groups: a%2Cadmins", "groups-truncated: true"] {
            assert!(answer.contains(&format!("\r\nx-auth-request-{header}\r\n")), "{header}: {answer}");
        }
        assert!(answer.len() < 8 * 1024);
    }

    async fn pxy_14_a_session_of_one_environment_is_none_in_another(house: House) {
        let (session, nonce) = both(&house.signed_in().await);
        let cookie = format!("Cookie: {SESSION}={session}; {NONCE}={nonce}");
        let (status, answer) = ask(house, QUESTION, &["Host: other.example.test", "Accept: application/json", &cookie]).await;
        assert_eq!(status, 401, "{answer}");
        assert!(answer.contains("no_session") && !answer.contains("alice"), "{answer}");
        let other = house.browser();
        assert_eq!(other.navigate(&format!("{OTHER}/")).await.status, 200, "with a sign-in of its own");
    }

    async fn pxy_17_a_host_is_one_of_ours_or_nothing_is_said(house: House) {
        let (session, nonce) = both(&house.signed_in().await);
        let cookie = format!("Cookie: {SESSION}={session}; {NONCE}={nonce}");
        let absolute = "http://app.example.test/_hourgate/authz/forward-auth";
        for (target, host, expected) in [
            (QUESTION, &["Host: app.example.test"][..], 200),
            (QUESTION, &["Host: APP.Example.TEST"], 200),
            (QUESTION, &["Host: app.example.test:443"], 200),
            (QUESTION, &["Host: app.example.test:8443"], 421),
            (QUESTION, &["Host: evil.example"], 421),
            (QUESTION, &["Host: app.example.test.evil.example"], 421),
            (QUESTION, &["Host: evil.example, app.example.test"], 421),
            (QUESTION, &["Host: "], 421),
            (QUESTION, &["Host: app.example.test", "Host: app.example.test"], 400),
            (QUESTION, &["Host: app.example.test", "Host: evil.example"], 400),
            (QUESTION, &["Host: app.example.test", "X-Forwarded-Host: evil.example"], 421),
            (QUESTION, &["Host: app.example.test", "X-Forwarded-Host: app.example.test", "X-Forwarded-Host: evil.example"], 400),
            (absolute, &["Host: evil.example"], 421),
        ] {
            let lines = [host, &["Accept: text/html", &cookie]].concat();
            let (status, answer) = ask(house, target, &lines).await;
            assert_eq!(status, expected, "{target} {host:?}: {answer}");
            assert!(!answer.contains("evil"), "{answer}");
        }
        // A trailing dot is another host to cookies: nothing of ours is there.
        let (status, answer) = ask(house, "/_hourgate/start?rd=/", &["Host: app.example.test."]).await;
        assert!(status == 421 || answer.contains("location: "), "{answer}");
        let (status, answer) = ask(house, "/_hourgate/start?rd=/", &["Host: evil.example"]).await;
        assert!(status == 421 && !answer.contains("set-cookie") && !answer.contains("location"), "{answer}");
    }

    async fn pxy_20_whoever_leaves_early_leaves_nothing_behind(house: House) {
        let browser = house.signed_in().await;
        let (session, nonce) = both(&browser);
        let request = format!(
            "GET /_hourgate/check?rd=/ HTTP/1.1\r\nHost: app.example.test\r\nCookie: {SESSION}={session}; {NONCE}={nonce}\r\n\r\n"
        );
        let held = json!({ "endpoint": "token", "mode": "hold", "times": 1 });
        house.control("POST", "/faults", held).await;
        house.clock.advance(crate::house::HOUR);
        for _ in 0..200 {
            let mut stream = TcpStream::connect(house.address()).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
        }
        while house.control("GET", "/faults", json!(null)).await != json!([]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        house.control("POST", "/release", json!(null)).await;
        // The refresh was made once, and goes on though everybody who asked for it has left.
        while house.session().await.1.proof.proved_at != house.services().now() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(house.token_requests("refresh_token").await, 1);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }

    async fn adm_12_every_error_page_is_plain_and_has_a_reference(house: House) {
        let browser = house.signed_in().await;
        let state = "sealed-state-that-is-nobodys-business";
        for (path, status, code) in [
            ("callback/idp?code=c0de&state=".to_owned() + state, 400, "foreign_state"),
            ("callback/idp?error=access_denied&state=".to_owned() + state, 400, "foreign_state"),
            ("callback/nobody?code=c0de&state=s".into(), 404, "unknown_provider"),
            ("start?rd=/&rd=/".into(), 400, "malformed_query"),
            ("nothing/at/all".into(), 404, "not_found"),
            ("session?".to_owned() + &"a".repeat(9000), 414, "too_large"),
        ] {
            let page = browser.step(&format!("{APP}/_hourgate/{path}")).await;
            assert_eq!(page.status, status, "{path}");
            assert!(page.body.contains(code) && page.header("content-type") == "text/html; charset=utf-8", "{path}: {}", page.body);
            for secret in [state, "c0de", "panicked", "src/", "Error", "alice"] {
                assert!(!page.body.contains(secret), "{secret}: {}", page.body);
            }
            let reference = page.body.split(|c: char| !c.is_ascii_hexdigit()).any(|word| word.len() == 8);
            assert!(reference, "{}", page.body);
        }
    }
}
