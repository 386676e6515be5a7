//! Hourgate among programs that nobody here wrote: front proxies, an OpenID Provider, and a person's shell.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers do too")]

mod caddy;
mod cli;
mod nginx;
mod oidc_provider;

#[path = "../support/programs/mod.rs"]
mod programs;
