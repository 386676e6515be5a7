//! What every implementation of an interface must do, written once and run against each.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod embedded_file;
mod every_verb;
mod fake_redis;
mod half_records;
mod redis_faults;
mod redis_tls;
mod store;
mod store_model;

#[path = "../support/fault_proxy.rs"]
mod fault_proxy;
#[path = "../support/redis_server.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod redis_server;
