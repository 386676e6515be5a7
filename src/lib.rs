//! Hourgate, a sign-in gateway: signs people in at an upstream identity provider, proves every session afresh each hour
//! without anyone noticing, and refuses whoever the provider no longer wants.
//!
//! | room | what it is for |
//! |---|---|
//! | [`gateway`] | the only wiring: configuration to stores, keys, clock, IdPs, listeners |
//! | [`config`] | file and environment to typed configuration |
//! | [`edge`] | what browsers and front proxies talk to; it and `admin` speak actix-web (`gateway` only starts its servers) |
//! | [`admin`] | the API of the management socket, which the CLI speaks |
//! | [`journeys`] | the stories, told once: sign in, check, policy check, sign out, revoke |
//! | [`provider`] | the upstream IdPs as things one can call |
//! | [`store`] | where sessions are kept |
//! | [`policy`] | may a session go on? pure |
//! | [`oidc`] | the messages of OpenID Connect, built and judged; pure |
//! | [`wsfed`] | the messages of WS-Federation, judged; pure |
//! | [`saml`] | SAML assertions and their signatures; pure |
//! | [`session`] | what a session is; pure |
//! | [`keys`] | the gateway's own keys |
//! | [`telemetry`] | logs and metrics |
//! | [`time`], [`random`] | the only clock, the only randomness |
//! | [`idp`], [`issuer`] | the bundled test IdP; the gateway never uses them |
//!
//! Imports go down only: `gateway` → `edge`, `admin` → `journeys` → `provider`, `store`, `policy` → `oidc`,
//! `wsfed` → `saml`, `session`, `keys` → `time`, `random`, `telemetry`; `idp` → `issuer` → `saml`. `tests/architecture.rs` holds it.
//!
//! The prose is in [`manual`].

pub mod admin;
pub mod config;
pub mod edge;
pub mod gateway;
pub mod idp;
pub mod issuer;
pub mod journeys;
pub mod keys;
pub mod manual;
pub mod oidc;
pub mod policy;
pub mod provider;
pub mod random;
pub mod saml;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod wsfed;
