//! Everything behind a front proxy: an app, the gateway, its Redis and the test IdP.

use super::app;
use super::browser::{Browser, Page};
use super::gateway::{Gateway, Setup};
use super::idp::Idp;
use super::redis_server::RedisServer;
use super::wait::{eventually, free_port};

/// Short enough that no test waits long, and long enough that a busy machine makes its checks in time mostly.
pub(crate) const INTERVAL: &str = "3s";

#[derive(Debug)]
pub(crate) struct GuardedApp {
    pub(crate) redis: RedisServer,
    pub(crate) idp: Idp,
    pub(crate) gateway: Gateway,
    pub(crate) gateway_port: u16,
    pub(crate) app_port: u16,
    /// Where the front proxy is to listen.
    pub(crate) front_port: u16,
}

impl GuardedApp {
    pub(crate) async fn start(policy_check_interval: &str) -> Self {
        Self::with(policy_check_interval, "").await
    }

    /// With `more` in the table of the provider.
    pub(crate) async fn with(policy_check_interval: &str, more: &str) -> Self {
        let (redis, idp) = (RedisServer::durable(), Idp::start().await);
        let (gateway_port, front_port) = (free_port(), free_port());
        let hosts = ["app", "one", "two"].map(|name| format!("http://{name}.localhost:{front_port}"));
        let gateway = Gateway::start(&Setup {
            port: gateway_port,
            redis: &redis.url(),
            providers: &format!("{}{more}\n", idp.provider()),
            hosts: &hosts.each_ref().map(String::as_str),
            policy_check_interval,
        });
        Self { redis, idp, gateway, gateway_port, app_port: app::start(), front_port }
    }

    /// An address of the app, as browsers see it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://app.localhost:{}{path}", self.front_port)
    }

    /// A browser that is signed in as alice.
    pub(crate) async fn alice(&self) -> Browser {
        let mut browser = Browser::new();
        let page = browser.navigate(&self.url("/")).await;
        assert_eq!((page.status, page.app_got("x-auth-request-user")), (200, vec!["alice"]), "{page:?}");
        browser
    }

    /// The app's answer, once the browser gets one again.
    pub(crate) async fn eventually_at_the_app(&self, browser: &mut Browser) -> Page {
        let url = self.url("/");
        eventually("the app answers", async || {
            let page = browser.navigate(&url).await;
            (page.status == 200).then_some(page)
        })
        .await
    }
}
