//! Programs as processes of a test: started on free loopback ports, killed when it ends.

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod caddy;
pub(crate) mod gateway;
pub(crate) mod guarded_app;
pub(crate) mod hourgate;
pub(crate) mod idp;
pub(crate) mod nginx;
#[expect(dead_code, reason = "some of it is for the tests with faults")]
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod wait;

#[path = "../redis_server.rs"]
#[expect(dead_code, reason = "some of it is for the store's own tests")]
pub(crate) mod redis_server;
