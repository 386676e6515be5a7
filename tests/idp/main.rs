//! The test IdP, over real HTTP.

mod code_flow;
mod control;
mod failures;
mod house;
mod program;
mod refresh;
mod sign_in;
mod sign_out;
