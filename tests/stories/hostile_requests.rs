//! Strangers send what they like. They get a clear refusal, never a pass and never a crash.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{APP, House};

/// Sends bytes as they are and reads the status of the answer; `None` where the connection is just closed.
async fn raw(house: &House, request: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, answer))
}

stories! {
    async fn every_hostile_request_gets_a_4xx_or_a_way_to_sign_in_and_never_a_2xx(house: House) {
        let long = "a".repeat(60_000);
        let lines = [
            "GET /_hourgate/authz/auth-request HTTP/1.1\r\nHost: app.example.test\r\nX-Original-URL: nonsense\r\n\r\n".to_owned(),
            "GET /_hourgate/authz/auth-request HTTP/1.1\r\nHost: x\r\nX-Original-URL: https://app.example.test/\r\nX-Original-URL: https://app.example.test/\r\n\r\n".into(),
            "GET /_hourgate/authz/auth-request HTTP/1.1\r\nHost: x\r\nX-Original-URL: javascript:alert(1)\r\n\r\n".into(),
            "GET /_hourgate/authz/auth-request HTTP/1.1\r\nHost: x\r\nX-Original-URL: https://app.example.test/\r\nX-Original-Method: G T\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: evil.example\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: app.example.test\r\nX-Forwarded-Proto: http\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: app.example.test, evil\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: app.example.test\r\nCookie: __Host-hourgate=%FF\r\nAccept: application/json\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: app.example.test\r\nAuthorization: Bearer x\r\nAccept: application/json\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: app.example.test\r\nUser-Agent: kube-probe/1.0\r\nAccept: application/json\r\n\r\n".into(),
            "GET /_hourgate/authz/forward-auth HTTP/1.1\r\nHost: app.example.test\r\nX-Auth-Request-User: admin\r\nAccept: application/json\r\n\r\n".into(),
            "GET /_hourgate/authz/ext-authz/../../start HTTP/1.1\r\nHost: app.example.test\r\nAccept: application/json\r\n\r\n".into(),
            "CONNECT app.example.test:443 HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET /_hourgate/callback/idp HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET /_hourgate/callback/idp?code=a&state= HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET /_hourgate/callback/idp?code=a&code=b&state=c HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET /_hourgate/callback/..%2fidp?code=a&state=c HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "POST /_hourgate/callback/idp HTTP/1.1\r\nHost: app.example.test\r\nContent-Length: 0\r\n\r\n".into(),
            "GET /_hourgate/start?rd=/&rd=/ HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET /_hourgate/nothing HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET / HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            "GET /_hourgate/userinfo HTTP/1.1\r\nHost: app.example.test\r\n\r\n".into(),
            format!("GET /_hourgate/userinfo HTTP/1.1\r\nHost: app.example.test\r\nCookie: __Host-hourgate={long}\r\n\r\n"),
            format!("GET /_hourgate/userinfo HTTP/1.1\r\nHost: app.example.test\r\nCookie: {}\r\n\r\n", "__Host-hourgate=x; ".repeat(1000)),
            "GET /_hourgate/userinfo HTTP/1.1\r\nHost: app.example.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".into(),
            "GET /_hourgate/userinfo HTTP/1.1\r\nHost: app.example.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n".into(),
            "\0\0\0\0\r\n\r\n".into(),
            "GET\r\n\r\n".into(),
            format!("GET /{long}{long}{long} HTTP/1.1\r\nHost: app.example.test\r\n\r\n"),
        ];
        for line in lines {
            let shown: String = line.chars().take(160).collect();
            if let Some((status, answer)) = raw(house, line.as_bytes()).await {
                assert!((400..500).contains(&status), "{shown:?}: {answer}");
            }
        }
        house.signed_in().await;
    }

    async fn pxy_01_no_request_gets_a_2xx_from_an_authz_path_without_a_session(house: House) {
        let mut runner = TestRunner::deterministic();
        let names = prop::sample::select(vec![
            "cookie", "x-original-url", "x-forwarded-host", "x-forwarded-uri", "x-forwarded-method", "x-forwarded-proto",
            "authorization", "x-auth-request-user", "accept", "sec-fetch-mode", "x-hourgate-passive", "user-agent",
        ]);
        let values = prop_oneof![
            "[ -~]{0,60}",
            Just("https://app.example.test/x".to_owned()),
            "__Host-hourgate=[A-Za-z0-9_-]{0,80}; __Host-hourgate-nonce=[A-Za-z0-9_-]{43}",
            Just("app.example.test".to_owned()),
        ];
        let path = prop_oneof![
            Just("auth-request".to_owned()), Just("forward-auth".to_owned()), Just("forward-auth?on_fail=200".to_owned()),
            "ext-authz/[!-~]{0,30}", "[!-~]{0,20}",
        ];
        let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "BREW"]);
        let strategy = (method, path, prop::collection::vec((names, values), 0..6));
        for _ in 0..400 {
            let (method, path, headers) = strategy.new_tree(&mut runner).unwrap().current();
            let mut request = format!("{method} /_hourgate/authz/{path} HTTP/1.1\r\nHost: app.example.test\r\nConnection: close\r\n");
            for (name, value) in &headers {
                request.push_str(&format!("{name}: {value}\r\n"));
            }
            request.push_str("\r\n");
            if let Some((status, answer)) = raw(house, request.as_bytes()).await {
                assert!((300..600).contains(&status) && status != 500, "{request}\n{answer}");
                assert!(!answer.to_ascii_lowercase().contains("\r\nx-auth-request-user:"), "{request}\n{answer}");
                assert!(!answer.to_ascii_lowercase().contains("\r\nset-cookie:"), "{request}\n{answer}");
            }
        }
    }

    async fn aut_16_no_address_leads_elsewhere_after_a_sign_in(house: House) {
        for hostile in ["//evil.example", "/\\evil.example", "https://evil.example", "https://app.example.test@evil.example", "javascript:alert(1)"] {
            let mut url = url::Url::parse(&format!("{APP}/_hourgate/start")).unwrap();
            url.query_pairs_mut().append_pair("rd", hostile);
            let visit = house.browser().navigate(url.as_str()).await;
            assert_eq!(visit.url.as_str(), format!("{APP}/"), "{hostile}");
        }
    }

    async fn aut_19_nothing_of_an_address_reaches_the_idp(house: House) {
        let url = format!("{APP}/_hourgate/start?rd=/&scope=admin&prompt=none&redirect_uri=https://evil.example&acr_values=x&client_id=y");
        let asked = house.browser().step(&url).await.header("location").to_owned();
        for part in ["admin", "prompt", "evil", "acr_values", "client_id=y"] {
            assert!(!asked.contains(part), "{part} in {asked}");
        }
        assert!(asked.len() < 2500, "the whole request stays short: {}", asked.len());
    }

    async fn aut_23_no_page_of_the_gateway_can_be_framed_or_run_a_script(house: House) {
        let browser = house.signed_in().await;
        for path in ["/_hourgate/signout", "/_hourgate/signed-out", "/_hourgate/callback/idp?code=c&state=s"] {
            let page = browser.step(&format!("{APP}{path}")).await;
            assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
            assert!(page.header("content-security-policy").contains("default-src 'none'"), "{path}");
            assert_eq!(page.header("x-frame-options"), "DENY");
            assert_eq!(page.header("cache-control"), "no-store");
            assert!(!page.body.contains("<script") && !page.body.contains("style="), "{path}");
        }
    }

    async fn ses_08_a_cookie_of_the_same_name_beside_ours_does_no_harm(house: House) {
        let browser = house.signed_in().await;
        let ours = browser.cookie("__Host-hourgate").unwrap();
        browser.set_cookie("app.example.test", "__Host-hourgate", &format!("tossed; __Host-hourgate={ours}"));
        assert_eq!(browser.navigate(&format!("{APP}/")).await.way.len(), 1);
    }
}
