//! Stories, told in process: gateway, test IdP, browsers, and a clock that is moved by hand. Every story is told twice, once
//! on each store. Hours pass in milliseconds.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on should stop")]

#[path = "../support/redis_server.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod redis_server;

mod browser;
mod house;
mod limits;

/// Declares stories: each becomes two tests, `redis::…` and `embedded::…`.
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident($house:ident: House) $body:block)*) => {
        $(async fn $name($house: &mut House) $body)*

        mod redis {
            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&mut crate::house::House::on_redis().await).await; })*
        }

        mod embedded {
            $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&mut crate::house::House::on_disk().await).await; })*
        }
    };
}

mod admin;
mod another_client;
mod both_protocols;
mod callback;
mod client_authentication;
mod contracts;
mod everyday;
mod form_post;
mod half_records;
mod hostile_requests;
mod logout;
mod outages;
mod pace;
mod policy_checks;
mod races;
mod session_policy;
mod session_settings;
mod settings;
mod several_idps;
mod sign_in;
mod sign_out;
mod staying_alive;
mod strangers;
mod test_idp;
mod tokens_and_keys;
mod under_way;
mod when_redis_is_away;
mod wrong_idps;
mod ws_federation;
