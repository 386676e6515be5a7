//! The only place that holds the gateway's own key material: what it seals, authenticates and derives with.
//!
//! Every use has a key of its own, derived by HKDF-SHA-256 from the master keys of the [`ring::KeyRing`], so that bytes
//! made for one purpose mean nothing to another. The keys that IdPs know it by ([`client`]) stand apart from these.

pub mod client;
pub mod client_file;
pub mod file;
pub mod ring;

pub use ring::{KeyId, KeyRing, MasterKey};

/// What a derived key is for. The text goes into the derivation; never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Authenticates the session id in the cookie.
    SessionCookie,
    /// Seals the sign-in transaction that travels as `state`.
    Transaction,
    /// Derives OIDC `nonce` from the browser's nonce cookie.
    OidcNonce,
    /// Derives the PKCE verifier from the browser's nonce cookie.
    PkceVerifier,
    /// Seals identity records and tombstones.
    SessionRecord,
    /// Seals tokens.
    TokenRecord,
    /// Seals cached metadata and keys of IdPs.
    Document,
    /// Seals the `state` of a sign-out at the IdP.
    SignOut,
    /// Seals the live settings.
    Settings,
}

impl Purpose {
    /// All of them, in the order of their declaration.
    const ALL: [Self; 9] = [
        Self::SessionCookie,
        Self::Transaction,
        Self::OidcNonce,
        Self::PkceVerifier,
        Self::SessionRecord,
        Self::TokenRecord,
        Self::Document,
        Self::SignOut,
        Self::Settings,
    ];

    const fn info(self) -> &'static [u8] {
        match self {
            Self::SessionCookie => b"hourgate session cookie v1",
            Self::Transaction => b"hourgate transaction v1",
            Self::OidcNonce => b"hourgate oidc nonce v1",
            Self::PkceVerifier => b"hourgate pkce verifier v1",
            Self::SessionRecord => b"hourgate session record v1",
            Self::TokenRecord => b"hourgate token record v1",
            Self::Document => b"hourgate document v1",
            Self::SignOut => b"hourgate sign-out v1",
            Self::Settings => b"hourgate settings v1",
        }
    }
}
