//! The upstream identity providers, as things one can call: fetches what `oidc` builds and judges.

pub mod cache;
pub mod claims;
pub mod oidc_provider;
pub mod settings;
pub mod transport;

pub use oidc_provider::{Granted, OidcProvider, Proved, ProviderError};
