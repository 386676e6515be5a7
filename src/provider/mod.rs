//! The upstream identity providers, as things one can call: fetches what `oidc` builds and judges.

pub mod breaker;
pub mod cache;
pub mod claims;
mod client_authentication;
pub mod error;
pub mod logout;
pub mod messages;
pub mod oidc_provider;
mod pushed_authorization;
pub mod revocation;
pub mod settings;
pub mod test_idps;
pub mod transport;
pub mod upstream;
pub mod ws_federation;

pub use error::ProviderError;
pub use logout::LogoutError;
pub use messages::{CodeGrant, Documents, Granted, Proved, SignInRequest};
pub use oidc_provider::OidcProvider;
pub use revocation::RevocationError;
pub use test_idps::TestIdps;
pub use upstream::Provider;
pub use ws_federation::WsFederationProvider;
