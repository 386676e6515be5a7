//! Several gateways as processes, on one real Redis and one IdP, while the world misbehaves. Nothing here looks into the
//! gateway: what counts is what browsers, the IdP's journal and the audit log saw.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers do too")]

mod chaos;
mod clocks;
mod dice;
mod dying_nodes;
mod evidence;
mod herd;
mod history;
mod idp;
mod node;
mod one_refresh;
mod people;
mod redis_away;
mod revocation;
mod rules;
mod script;
mod trials;
mod visitor;
mod world;

#[path = "../support/fault_proxy.rs"]
mod fault_proxy;
#[path = "../support/programs/hourgate.rs"]
mod hourgate_program;
#[path = "../support/programs/process.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod process;
#[path = "../support/redis_server.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod redis_server;
#[path = "../support/programs/wait.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod wait;
