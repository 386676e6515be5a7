//! What only nginx has: its own page while sessions cannot be looked up, and caches in front of the question.

use crate::front_proxies::{NO_CHECK, house};
use crate::programs::guarded_app::GuardedApp;
use crate::programs::nginx::Nginx;

#[tokio::test]
async fn its_page_says_that_nobody_was_signed_out() {
    let (mut house, _nginx) = house::<Nginx>(NO_CHECK).await;
    let mut browser = house.alice().await;
    house.redis.kill();
    for path in ["/", "/api/items"] {
        let page = browser.navigate(&house.url(path)).await;
        assert!(page.body.contains("Nobody has been signed out"), "{page:?}");
    }
}

#[tokio::test]
async fn a_cache_in_front_of_the_question_does_not_hide_a_revocation() {
    let house = GuardedApp::start(NO_CHECK).await;
    let question = "proxy_buffer_size 8k; # the headers with the groups";
    let cached = format!(
        "{question}\nproxy_cache answers; proxy_cache_key $http_cookie; proxy_cache_valid 200 202 401 5m;"
    );
    let _nginx = Nginx::start(house.front_port, house.gateway_port, house.app_port, &[(question, &cached)]);
    let mut browser = house.alice().await;
    let session = house.gateway.session_id();
    assert_eq!(browser.fetch(&house.url("/api/items")).await.status, 200);
    house.gateway.ask(&["sessions", "revoke", &session]);
    let page = browser.fetch(&house.url("/api/items")).await;
    assert_eq!(page.status, 401);
    assert!(page.header("www-authenticate").starts_with("Hourgate reason=\"revoked\""), "{page:?}");
}
