//! Strangers before a real front proxy: whatever they send, the app hears of them from the gateway alone.

use crate::front_proxies::{FrontProxy, NO_CHECK, house, stories};
use crate::programs::browser::Browser;
use crate::programs::guarded_app::GuardedApp;
use crate::programs::raw::{self, Raw, request};

/// Sent by somebody who is signed in, or by nobody.
fn ask(house: &GuardedApp, method: &str, target: &str, who: Option<&Browser>, lines: &[&str]) -> Raw {
    let cookie = who.map(|browser| format!("Cookie: {}", browser.cookie_header(&house.url("/"))));
    let lines: Vec<&str> = lines.iter().copied().chain(cookie.as_deref()).collect();
    let host = format!("app.localhost:{}", house.front_port);
    raw::send(house.front_port, &request(method, target, &host, &lines))
}

/// The app answered, and was told that this is its host.
fn is_told(answer: &Raw, host: &str) -> bool {
    answer.is_the_apps() && answer.text.contains(&format!("\nhost: {host}\n"))
}

/// Every name that some app may take for one of the identity headers.
fn aliases() -> Vec<String> {
    let names = [
        "X-Auth-Request-User",
        "X-Auth-Request-Groups",
        "X-Auth-Request-Preferred-Username",
        "X-Auth-Request-Email",
    ];
    let mut aliases = Vec::new();
    for name in names {
        let hyphens = name.matches('-').count();
        for other in ['_', '.'] {
            for which in 0..1 << hyphens {
                let mut at = 0;
                aliases.push(
                    name.chars()
                        .map(|c| {
                            if c != '-' {
                                return c;
                            }
                            at += 1;
                            if which & (1 << (at - 1)) == 0 { '-' } else { other }
                        })
                        .collect(),
                );
            }
        }
        aliases.extend([
            name.to_uppercase(),
            name.to_lowercase(),
            name.replace('-', "_."),
            format!("{name} "),
            format!(" {name}"),
            format!("{name}\t"),
            format!("{name}_"),
            format!("{name}\u{e9}"),
            name.replace('e', "\u{e9}"),
            name.replace('-', "\u{2010}"),
            format!("{name}\0"),
        ]);
    }
    aliases
}

stories! {
    /// Caddy before 2.11.2 left forged headers in place (GHSA-7r4p-vjf4-gxv4).
    async fn pxy_01_a_forged_identity_never_reaches_the_app<P: FrontProxy>() {
        let (mut house, _proxy) = house::<P>(NO_CHECK).await;
        // Nothing is known but the subject: the headers that the gateway leaves empty are the ones to forge.
        house.idp.put("/users/alice", r#"{"claims":{}}"#).await;
        let mut browser = house.alice().await;
        let forged = [
            ("X-Auth-Request-User", "mallory"),
            ("x-auth-request-email", "mallory@example.test"),
            ("X-AUTH-REQUEST-GROUPS", "admins"),
            ("X_Auth_Request_User", "mallory"),
            ("X-Auth-Request_User", "mallory"),
            ("X-Auth-Request-Preferred-Username", "mallory"),
            ("X-Auth-Request-Groups-Truncated", "mallory"),
        ];
        let page = browser.send("GET", &house.url("/"), &forged, "").await;
        assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
        assert!(!page.body.contains("mallory") && !page.body.contains("admins"), "{}", page.body);
        let stranger = Browser::new().send("GET", &house.url("/api/"), &forged, "").await;
        assert!([302, 401].contains(&stranger.status), "{stranger:?}");
    }

    async fn pxy_02_no_alias_of_an_identity_header_reaches_the_app<P: FrontProxy>() {
        let (mut house, _proxy) = house::<P>(NO_CHECK).await;
        house.idp.put("/users/alice", r#"{"claims":{}}"#).await;
        let alice = house.alice().await;
        let mut reached = 0;
        for alias in aliases() {
            let line = format!("{alias}: mallory");
            for lines in [&[line.as_str()][..], &[&line, &line]] {
                for method in ["GET", "OPTIONS", "POST"] {
                    let answer = ask(&house, method, "/api/items", Some(&alice), lines);
                    assert!(!answer.text.contains("mallory"), "{line:?}: {answer:?}");
                    if answer.is_the_apps() {
                        reached += 1;
                        assert_eq!(answer.text.matches("\nx-auth-request-user: alice\n").count(), 1, "{answer:?}");
                    } else {
                        assert!((400..500).contains(&answer.status), "{line:?}: {answer:?}");
                    }
                }
            }
            for target in ["/api/items", "/_hourgate/callback/test?code=c&state=s", "/_hourgate/nothing", "/_hourgate/session"] {
                let stranger = ask(&house, "GET", target, None, &[&line]);
                assert!(!stranger.is_the_apps() && !stranger.text.contains("mallory"), "{line:?}: {stranger:?}");
            }
        }
        assert!(reached > 100, "most requests are fine without that header: {reached}");
    }

    async fn pxy_17_a_request_that_names_two_hosts_is_judged_for_the_app_that_answers<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let alice = house.alice().await;
        let cookie = format!("Cookie: {}", alice.cookie_header(&house.url("/")));
        let at = |host: &str| format!("{host}.localhost:{}", house.front_port);
        let ask = |named: &str, host: &str| {
            let target = format!("http://{}/api/items", at(named));
            raw::send(house.front_port, &request("GET", &target, &at(host), &[&cookie]))
        };
        // The app is chosen by the first; what none of them is for goes to the first of them, or to none.
        for (named, judged) in [("app", "app"), ("two", "two"), ("elsewhere", "app")] {
            for host in ["app", "two", "elsewhere"] {
                let answer = ask(named, host);
                assert!(!answer.is_the_apps() || is_told(&answer, &at(judged)), "{named}, {host}: {answer:?}");
                assert!(named != "app" || answer.is_the_apps(), "{host}: {answer:?}");
            }
        }
    }

    async fn pxy_04_no_connection_header_takes_an_identity_away<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let alice = house.alice().await;
        for named in [
            "X-Auth-Request-User",
            "close, X-Auth-Request-User, X-Auth-Request-Email, X-Forwarded-Host",
            "X-Forwarded-Host, X-Forwarded-Uri, X-Forwarded-Method, X-Forwarded-Proto, X-Original-URL",
            "x-auth-request-groups,x-auth-request-user",
            "Cookie",
            "close, Upgrade, X-Auth-Request-User",
            "Upgrade\r\nConnection: X-Auth-Request-User, X-Auth-Request-Email\r\nConnection: close",
        ] {
            let line = format!("Connection: {named}");
            for more in [&[][..], &["X-Auth-Request-User: mallory", "X-Forwarded-Host: two.localhost"]] {
                let lines = [&[line.as_str(), "Upgrade: websocket"], more].concat();
                let lines = if named.contains("close") { lines } else { [&lines[..], &["Connection: close"]].concat() };
                let answer = ask(&house, "GET", "/api/items", Some(&alice), &lines);
                assert!(!answer.text.contains("mallory"), "{line}: {answer:?}");
                if answer.is_the_apps() {
                    for (name, value) in [("user", "alice"), ("email", "alice@t1.example")] {
                        let header = format!("\nx-auth-request-{name}: {value}\n");
                        assert_eq!(answer.text.matches(&header).count(), 1, "{line}: {answer:?}");
                    }
                } else {
                    assert!([302, 400, 401].contains(&answer.status), "{line}: {answer:?}");
                }
                assert!(!ask(&house, "GET", "/api/items", None, &lines).is_the_apps(), "{line}");
            }
        }
    }

    async fn pxy_06_no_address_is_public<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let own = format!("X-Original-URL: http://app.localhost:{}/_hourgate/session", house.front_port);
        let absolute = format!("http://app.localhost:{}/secret", house.front_port);
        for target in [
            "/secret?x=/_hourgate/session", "/secret?/_hourgate/", "/secret#/_hourgate/session", "/secret%23/_hourgate/",
            "/_hourgate/../secret", "/_hourgate/%2e%2e/secret", "/_hourgate/..%2fsecret", "/_hourgate%2f..%2fsecret",
            "/_hourgate/..;/secret", "/_hourgate;/../secret", "//_hourgate/../secret", "/_hourgate//../../secret", "/./_hourgate/./../secret",
            "/_hourgate/authz/../../secret", "/_hourgate/authz/auth-request/../../../secret", "/_hourgate\\..\\secret",
            "/_HOURGATE/session", "/x/_hourgate/session", "/_hourgatex/session", "/_hourgate%00/secret", "/_hourgate/%252e%252e/secret",
            &absolute, "/",
        ] {
            for lines in [&[][..], &[own.as_str(), "X-Rewrite-URL: /_hourgate/session", "X-Forwarded-Uri: /_hourgate/session"]] {
                for method in ["GET", "HEAD", "POST", "OPTIONS"] {
                    let answer = ask(&house, method, target, None, lines);
                    assert!(!answer.is_the_apps() && answer.status != 200, "{method} {target}: {answer:?}");
                }
            }
        }
    }

    async fn pxy_07_no_health_check_gets_past<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let agents = ["GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0", "HealthCheck", "Consul Health Check"];
        for target in ["/healthz", "/livez", "/readyz", "/ping", "/metrics", "/_hourgate/livez", "/api/health"] {
            for agent in agents {
                let line = format!("User-Agent: {agent}");
                let answer = ask(&house, "GET", target, None, &[&line, "X-Health-Check: 1"]);
                assert!([302, 401, 404].contains(&answer.status) && !answer.is_the_apps(), "{agent} {target}: {answer:?}");
                let direct = raw::send(house.gateway_port, &request("GET", target, "127.0.0.1", &[&line]));
                assert_eq!(direct.status, 404, "{agent} {target}: {direct:?}");
            }
        }
    }

    async fn pxy_08_no_bearer_token_counts_as_a_session<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let alice = house.alice().await;
        let jwt = "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.";
        for line in [jwt, "Authorization: Bearer x", "Authorization: Basic YWRtaW46YWRtaW4=", "Proxy-Authorization: Basic eDp4", "X-Api-Key: x"] {
            for target in ["/api/items", "/api/items?token=x", "/api/items?access_token=x&id_token=y", "/api/items?session=x"] {
                let stranger = ask(&house, "GET", target, None, &[line]);
                assert!([302, 401].contains(&stranger.status) && !stranger.is_the_apps(), "{line} {target}: {stranger:?}");
            }
            let answer = ask(&house, "GET", "/api/items", Some(&alice), &[line]);
            assert!(answer.is_the_apps() && answer.text.contains("\nx-auth-request-user: alice\n"), "{answer:?}");
        }
        // It is the app's own business.
        assert!(ask(&house, "GET", "/api/items", Some(&alice), &[jwt]).text.contains("\nauthorization: Bearer eyJ"));
    }

    async fn pxy_18_a_preflight_is_asked_about_like_any_request<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let alice = house.alice().await;
        let preflight = ["Origin: https://evil.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: x-auth-request-user"];
        for target in ["/api/items", "/_hourgate/session", "/_hourgate/signout", "/_hourgate/authz/forward-auth"] {
            let stranger = ask(&house, "OPTIONS", target, None, &preflight);
            assert!([302, 401, 404].contains(&stranger.status) && !stranger.is_the_apps(), "{target}: {stranger:?}");
            assert!(!stranger.text.to_lowercase().contains("access-control-allow"), "{stranger:?}");
        }
        let answer = ask(&house, "OPTIONS", "/api/items", Some(&alice), &preflight);
        assert!(answer.is_the_apps() && answer.text.contains("\nx-auth-request-user: alice\n"), "{answer:?}");
    }
}
