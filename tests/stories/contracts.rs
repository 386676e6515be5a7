//! The three authz contracts, as proxies see them.

use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::house::{APP, HOUR, House};

/// One request of a proxy, as it is.
async fn ask(
    house: &House,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    cookie: &str,
) -> (u16, HeaderMap, String) {
    let url = format!("http://{}/_hourgate/authz/{path}", house.address());
    #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// Both cookies of somebody who is signed in.
async fn cookie(house: &House) -> String {
    let browser = house.signed_in().await;
    let value = |name| browser.cookie(name).unwrap();
    format!(
        "__Host-hourgate={}; __Host-hourgate-nonce={}",
        value("__Host-hourgate"),
        value("__Host-hourgate-nonce")
    )
}

const NGINX: &[(&str, &str)] =
    &[("x-original-url", "https://app.example.test/a?b=c&d"), ("x-original-method", "POST")];
const TRAEFIK: &[(&str, &str)] = &[
    ("x-forwarded-host", "app.example.test"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-uri", "/a?b=c&d"),
    ("x-forwarded-method", "GET"),
];
const START: &str =
    "https://app.example.test/_hourgate/start?rd=https%3A%2F%2Fapp.example.test%2Fa%3Fb%3Dc%26d";
const CHECK: &str =
    "https://app.example.test/_hourgate/check?rd=https%3A%2F%2Fapp.example.test%2Fa%3Fb%3Dc%26d";

fn with<'a>(headers: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [headers, more].concat()
}

stories! {
    async fn all_contracts_let_a_session_pass_with_its_identity_headers_and_set_no_cookie(house: House) {
        let cookie = cookie(house).await;
        let envoy = [("host", "app.example.test"), ("x-forwarded-proto", "https")];
        for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS] {
            for (path, headers) in [("auth-request", NGINX), ("forward-auth", TRAEFIK), ("ext-authz/a/b?c", &envoy), ("ext-authz", &envoy)] {
                let (status, headers, body) = ask(house, method.clone(), path, headers, &cookie).await;
                assert_eq!(status, 200, "{method} {path}");
                assert_eq!((text(&headers, "x-auth-request-user"), body.as_str()), ("alice", ""));
                for name in hourgate::edge::authz::identity::NAMES {
                    assert!(headers.contains_key(name), "{name} is always there");
                }
                assert_eq!(text(&headers, "cache-control"), "no-store");
                assert!(!headers.contains_key("set-cookie"));
            }
        }
    }

    async fn nginx_gets_401_with_an_absolute_location_and_the_reason_in_the_challenge(house: House) {
        let (status, headers, _) = ask(house, Method::GET, "auth-request", NGINX, "").await;
        assert_eq!((status, text(&headers, "location")), (401, START));
        assert_eq!(text(&headers, "www-authenticate"), format!("Hourgate reason=\"no_session\", login_url=\"{START}\""));
        assert_eq!(text(&headers, "cache-control"), "no-store");
    }

    async fn traefik_and_caddy_get_a_redirect_for_people_and_a_problem_for_scripts(house: House) {
        let page = [("accept", "text/html")];
        for (method, expected) in [("GET", 302), ("HEAD", 302), ("OPTIONS", 302), ("POST", 303), ("DELETE", 303)] {
            let mut headers = with(TRAEFIK, &page);
            headers[3] = ("x-forwarded-method", method);
            let (status, headers, _) = ask(house, Method::GET, "forward-auth", &headers, "").await;
            assert_eq!((status, text(&headers, "location")), (expected, START), "{method}");
        }
        for script in [
            ("sec-fetch-mode", "cors"),
            ("x-requested-with", "XMLHttpRequest"),
            ("accept", "application/json"),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-mode", "websocket"),
        ] {
            let (status, headers, body) = ask(house, Method::GET, "forward-auth", &with(TRAEFIK, &[script]), "").await;
            assert_eq!(status, 401, "{script:?}");
            assert_eq!(text(&headers, "content-type"), "application/problem+json");
            assert!(!headers.contains_key("location") && text(&headers, "www-authenticate").contains("no_session"));
            let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!((problem["status"].as_u64(), problem["reason"].as_str()), (Some(401), Some("no_session")));
            assert_eq!(problem["login_url"], START);
        }
        let (status, ..) = ask(house, Method::GET, "forward-auth?on_fail=401", &with(TRAEFIK, &page), "").await;
        assert_eq!(status, 401);
        let (status, ..) = ask(house, Method::GET, "forward-auth?on_fail=302", &with(TRAEFIK, &[("sec-fetch-mode", "cors")]), "").await;
        assert_eq!(status, 302);
    }

    async fn aut_21_who_is_sent_away_is_told_nothing_but_where_to_go(house: House) {
        let envoy = [("host", "app.example.test"), ("x-forwarded-proto", "https")];
        for (path, headers) in [("auth-request", NGINX), ("forward-auth", TRAEFIK), ("ext-authz/a", &envoy)] {
            let page = with(headers, &[("accept", "text/html")]);
            let (status, _, body) = ask(house, Method::GET, path, &page, "").await;
            assert!((300..500).contains(&status) && body.is_empty(), "{path}: {status} {body}");
        }
    }

    async fn envoy_is_asked_with_the_request_itself(house: House) {
        let envoy = [("host", "app.example.test"), ("x-forwarded-proto", "https"), ("accept", "text/html")];
        let (status, headers, _) = ask(house, Method::GET, "ext-authz/a?b=c&d", &envoy, "").await;
        assert_eq!((status, text(&headers, "location")), (302, START));
        let (status, ..) = ask(house, Method::POST, "ext-authz/a", &envoy, "").await;
        assert_eq!(status, 303);
    }

    async fn h8_while_a_check_is_needed_people_go_to_the_waiting_page_and_scripts_ask_again(house: House) {
        let cookie = cookie(house).await;
        house.outage().await;
        house.wait(HOUR).await;
        let (status, headers, _) = ask(house, Method::GET, "auth-request", NGINX, &cookie).await;
        assert_eq!((status, text(&headers, "location")), (401, CHECK));
        let (status, headers, _) = ask(house, Method::GET, "forward-auth", TRAEFIK, &cookie).await;
        assert_eq!((status, text(&headers, "location")), (302, CHECK));

        let script = [("sec-fetch-mode", "cors")];
        let (status, headers, _) = ask(house, Method::GET, "auth-request", &with(NGINX, &script), &cookie).await;
        assert_eq!(status, 401);
        assert!(text(&headers, "www-authenticate").contains("reason=\"checking\"") && !headers.contains_key("location"));
        let (status, headers, _) = ask(house, Method::GET, "forward-auth", &with(TRAEFIK, &script), &cookie).await;
        assert_eq!((status, text(&headers, "retry-after")), (503, "1"));
    }

    async fn pxy_03_forwarded_headers_of_anybody_but_a_trusted_proxy_are_ignored(house: House) {
        let cookie = cookie(house).await;
        house.config.server.trusted_proxies.clear();
        house.restart().await;
        for (path, headers) in [("auth-request", NGINX), ("forward-auth", TRAEFIK)] {
            let (status, headers, _) = ask(house, Method::GET, path, headers, &cookie).await;
            assert_eq!(status, 421, "{path}: the host is the gateway's own, which no environment has");
            assert!(!headers.contains_key("x-auth-request-user"));
        }
        let direct = [("host", "app.example.test"), ("x-forwarded-host", "other.example.test")];
        let (status, ..) = ask(house, Method::GET, "forward-auth", &direct, &cookie).await;
        assert_eq!(status, 200, "the host that was asked for, not the one that was claimed");
    }

    async fn session_and_userinfo_show_the_session_and_never_slide_it(house: House) {
        let browser = house.browser();
        let nobody = browser.navigate(&format!("{APP}/_hourgate/session")).await;
        assert_eq!((nobody.status, nobody.json()["authenticated"].as_bool()), (200, Some(false)));
        assert_eq!(browser.navigate(&format!("{APP}/_hourgate/userinfo")).await.status, 401);

        let browser = house.signed_in().await;
        house.wait(5 * crate::house::MINUTE).await;
        let shown = browser.navigate(&format!("{APP}/_hourgate/session")).await.json();
        assert_eq!((shown["authenticated"].as_bool(), shown["sub"].as_str()), (Some(true), Some("alice")));
        assert_eq!((shown["proof"]["age"].as_u64(), shown["expires_in"].is_null()), (Some(300), true));
        assert!((1800..=2400).contains(&shown["check"]["next_in"].as_u64().unwrap()), "{shown}");
        let userinfo = browser.navigate(&format!("{APP}/_hourgate/userinfo")).await.json();
        assert_eq!(userinfo["groups"], serde_json::json!(["staff", "finance"]));
    }

    async fn an_environment_with_a_cookie_domain_shares_one_session_among_its_hosts(house: House) {
        house.config.environments[0].cookie_domain = Some("example.test".into());
        house.config.environments[0].hosts.push("https://two.example.test".parse().unwrap());
        house.restart().await;
        let browser = house.browser();
        let start = browser.step(&format!("{APP}/_hourgate/start?rd=https://two.example.test/x")).await;
        assert!(start.header("set-cookie").starts_with("__Secure-hourgate-prod-nonce="), "{}", start.header("set-cookie"));
        assert!(start.header("set-cookie").contains("Domain=example.test"));
        let callback = browser.step(start.header("location")).await.header("location").to_owned();
        let done = browser.step(&callback).await;
        assert_eq!(done.header("location"), "https://two.example.test/x");
        assert!(done.header("set-cookie").starts_with("__Secure-hourgate-prod="));
    }
}
