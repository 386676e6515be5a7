//! What only Caddy has: it passes the gateway's answers on whole.

use crate::front_proxies::{NO_CHECK, house};
use crate::programs::browser::Browser;
use crate::programs::caddy::Caddy;

#[tokio::test]
async fn a_script_gets_a_body_that_it_can_read() {
    let (house, _caddy) = house::<Caddy>(NO_CHECK).await;
    let page = Browser::new().fetch(&house.url("/api/items")).await;
    assert_eq!((page.status, page.header("content-type")), (401, "application/problem+json"));
    assert_eq!(page.json()["reason"], "no_session");
}
