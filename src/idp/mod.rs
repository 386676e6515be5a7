//! The bundled test identity provider: an OpenID Provider, and a passive issuer of WS-Federation, where anyone signs in as anyone, and where users are
//! disabled, tokens broken, keys rotated and clocks moved over HTTP.
//!
//! Every first path segment is a **tenant**: an issuer of its own with its own users, keys, clock, faults and
//! journal, made on first use. `/_control/{tenant}/…` moves it ([`control`]); everything is held in memory and gone
//! with the process. It is made for tests and refuses to be anything else (`startup`).
//!
//! Without `strict` it takes any client id, any secret that is not empty, and any redirect URI whose origin is
//! `https`, a loopback address or `*.localhost`. PKCE (`S256`) is always required, and so is the scope
//! `offline_access` for a refresh token: a gateway that works here must not fail elsewhere for the lack of them.
//! A client registered by the control API is held to its secret or keys and to its redirect URIs, strict or not; one that
//! signs must be registered. The same goes for relying parties of WS-Federation and their reply addresses.

use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;

use crate::time::Clock;

mod clients;
pub mod control;
mod courier;
mod defects;
mod discovery;
mod endpoint;
mod fault_mode;
mod faults;
mod gate;
mod journal;
mod logout;
mod logout_token;
mod outage;
mod pages;
mod par;
mod secrets;
mod server;
mod settings;
mod sign_in;
mod sign_out;
mod span;
mod sso;
pub mod startup;
mod tenant;
mod tenants;
mod token;
mod userinfo;
mod users;
mod wire;
mod wsfed;

pub use server::{RunningIdp, TestIdp};

/// How a test IdP is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where browsers reach it, if not at the address it listens on. The issuer, the authorization and the
    /// end-session endpoint lie below it; token, key set and userinfo endpoint follow the `Host` of who asks.
    pub public_url: Option<Url>,
    /// Only registered clients and relying parties, and a nonce in every authorization request.
    pub strict: bool,
    /// The clock that all tenants start from; the control API moves each one's own.
    pub clock: Arc<dyn Clock>,
}
