//! Hourgate, a sign-in gateway.

pub mod idp;
pub mod issuer;
pub mod policy;
pub mod provider;
pub mod random;
pub mod session;
pub mod store;
pub mod time;
