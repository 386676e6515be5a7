//! Hourgate among programs that nobody here wrote: front proxies, IdPs, a relying party, and a person's shell.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers do too")]

mod caddy;
mod cli;
mod floods;
mod front_proxies;
mod hostile_requests;
mod nginx;
mod oidc_provider;
mod passport_wsfed;
mod secrets;
mod wsfed_idp;

#[path = "../support/programs/mod.rs"]
mod programs;
