//! The test IdP, over real HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers do too")]

mod client_authentication;
mod code_flow;
mod control;
mod failures;
mod house;
mod lifecycle;
mod logout;
mod program;
mod refresh;
mod relying_party;
mod sign_in;
mod sign_out;
mod wsfed;
mod wsfed_faults;
mod wsfed_relying_parties;
