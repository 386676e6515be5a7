//! The same stories in front of every real front proxy, each by its recipe of the manual.

use crate::programs::browser::{Browser, Page};
use crate::programs::caddy::Caddy;
use crate::programs::guarded_app::{GuardedApp, INTERVAL};
use crate::programs::nginx::Nginx;
use crate::programs::wait::eventually;

/// Long enough that no policy check happens.
pub(crate) const NO_CHECK: &str = "60m";

/// A front proxy, and what its answers look like where they cannot be the same.
pub(crate) trait FrontProxy {
    /// The status while the gateway is gone.
    const GATEWAY_GONE: u16;

    fn start(house: &GuardedApp) -> Self;
}

impl FrontProxy for Nginx {
    const GATEWAY_GONE: u16 = 503;

    fn start(house: &GuardedApp) -> Self {
        Self::start(house.front_port, house.gateway_port, house.app_port, &[])
    }
}

impl FrontProxy for Caddy {
    const GATEWAY_GONE: u16 = 502;

    fn start(house: &GuardedApp) -> Self {
        Self::start(house.front_port, house.gateway_port, house.app_port)
    }
}

/// Everything, with a front proxy in front.
pub(crate) async fn house<P: FrontProxy>(policy_check_interval: &str) -> (GuardedApp, P) {
    let house = GuardedApp::start(policy_check_interval).await;
    let proxy = P::start(&house);
    (house, proxy)
}

/// Declares stories: each becomes `nginx::…` and `caddy::…`.
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident<P: FrontProxy>() $body:block)*) => {
        $($(#[$meta])* async fn $name<P: FrontProxy>() $body)*

        mod nginx {
            $(#[tokio::test] async fn $name() { super::$name::<crate::programs::nginx::Nginx>().await; })*
        }

        mod caddy {
            $(#[tokio::test] async fn $name() { super::$name::<crate::programs::caddy::Caddy>().await; })*
        }
    };
}
pub(crate) use stories;

fn takes_no_cookie_away(page: &Page) -> bool {
    !page.headers.contains_key("set-cookie")
}

stories! {
    async fn who_is_signed_out_goes_to_the_sign_in_and_comes_back_as_somebody<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let mut browser = Browser::new();
        let address = house.url("/reports?year=2026&q=a%20b");
        let page = browser.navigate(&address).await;
        assert_eq!((page.hops[0].0, page.hops[0].1.as_str()), (302, address.as_str()));
        assert!(page.went_through("/_hourgate/start?rd=") && page.went_through("/t1/authorize?"), "{page:?}");
        assert_eq!((page.status, page.url.as_str()), (200, address.as_str()));
        assert!(page.body.starts_with("GET /reports?year=2026&q=a%20b "), "{page:?}");
        assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
        assert_eq!(page.app_got("x-auth-request-email"), ["alice@t1.example"]);

        let again = browser.navigate(&house.url("/")).await;
        assert!(again.hops.is_empty() && again.status == 200, "{again:?}");
    }

    async fn aut_21_who_is_signed_out_gets_no_byte_of_the_apps_page<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        for (method, path) in [("GET", "/reports"), ("POST", "/form"), ("GET", "/status/500")] {
            let page = Browser::new().send(method, &house.url(path), &[("accept", "text/html")], "").await;
            assert!((300..500).contains(&page.status), "{page:?}");
            // The app begins its answer with the request, and gives all that it got.
            assert!(!page.body.contains(path) && !page.body.contains("x-auth-request"), "{page:?}");
        }
    }

    async fn aut_22_a_script_gets_401_with_the_reason<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let page = Browser::new().fetch(&house.url("/api/items")).await;
        assert_eq!(page.status, 401);
        let challenge = page.header("www-authenticate");
        let begin = "Hourgate reason=\"no_session\", login_url=\"http://app.localhost:";
        assert!(challenge.starts_with(begin), "{challenge}");

        let page = house.alice().await.fetch(&house.url("/api/items")).await;
        assert_eq!((page.status, page.app_got("x-auth-request-user")), (200, vec!["alice"]));
    }

    async fn the_apps_own_answers_pass_unchanged<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let mut browser = house.alice().await;
        for path in ["/status/500", "/status/401", "/api/status/401", "/status/404"] {
            let page = browser.navigate(&house.url(path)).await;
            assert!(path.ends_with(&page.status.to_string()) && page.body.starts_with("GET "), "{page:?}");
        }
        let posted = browser.send("POST", &house.url("/form"), &[("content-type", "text/plain")], "kept").await;
        assert!(posted.status == 200 && posted.body.starts_with("POST /form "), "{posted:?}");
        assert_eq!(posted.app_got("content-length"), ["4"]);
    }

    async fn only_the_proxy_can_ask_the_question<P: FrontProxy>() {
        let (house, _proxy) = house::<P>(NO_CHECK).await;
        let mut browser = house.alice().await;
        for contract in ["auth-request", "forward-auth", "ext-authz/x"] {
            let page = browser.fetch(&house.url(&format!("/_hourgate/authz/{contract}"))).await;
            assert_eq!(page.status, 404, "{contract}");
        }
    }

    async fn whoever_is_disabled_at_the_idp_is_refused_though_their_browser_sent_nothing<P: FrontProxy>() {
        let (mut house, _proxy) = house::<P>(INTERVAL).await;
        let mut browser = house.alice().await;
        let session = house.gateway.session_id();
        house.idp.disable("alice").await;
        let why = eventually("the session has ended", async || house.gateway.why_ended(&session)).await;
        assert_eq!(why, "idp_refused");

        let page = browser.fetch(&house.url("/api/items")).await;
        assert_eq!(page.status, 401);
        assert!(page.header("www-authenticate").starts_with("Hourgate reason=\"idp_refused\""), "{page:?}");
        let page = browser.navigate(&house.url("/")).await;
        assert!(page.body.contains("You have been signed out") && page.body.contains("idp_refused"), "{page:?}");
    }

    async fn while_redis_is_away_the_answer_is_503_and_nobody_is_signed_out<P: FrontProxy>() {
        let (mut house, _proxy) = house::<P>(NO_CHECK).await;
        let mut browser = house.alice().await;
        house.redis.kill();
        for path in ["/", "/api/items"] {
            let page = browser.navigate(&house.url(path)).await;
            assert_eq!((page.status, page.header("retry-after")), (503, "2"), "{page:?}");
            assert!(takes_no_cookie_away(&page), "{page:?}");
        }
        let own = browser.navigate(&house.url("/_hourgate/session")).await;
        assert!(own.status == 503 && takes_no_cookie_away(&own), "{own:?}");

        house.redis.restart();
        let page = house.eventually_at_the_app(&mut browser).await;
        assert!(page.hops.is_empty(), "signed in anew: {page:?}");
        assert_eq!(page.app_got("x-auth-request-user"), ["alice"]);
    }

    async fn a_gateway_that_was_killed_knows_its_sessions_when_it_is_back<P: FrontProxy>() {
        let (mut house, _proxy) = house::<P>(NO_CHECK).await;
        let mut browser = house.alice().await;
        let session = house.gateway.session_id();
        house.gateway.kill();
        let page = browser.navigate(&house.url("/")).await;
        assert!(page.status == P::GATEWAY_GONE && takes_no_cookie_away(&page), "{page:?}");

        house.gateway.restart();
        let page = house.eventually_at_the_app(&mut browser).await;
        assert!(page.hops.is_empty(), "signed in anew: {page:?}");
        assert_eq!(house.gateway.session_id(), session);
    }
}
