//! Hourgate, a sign-in gateway.

pub mod journeys;
pub mod keys;
pub mod oidc;
pub mod policy;
pub mod provider;
pub mod random;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod time;
