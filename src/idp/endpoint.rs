//! The endpoints of a tenant, by the names that faults and journal use.

use serde::{Deserialize, Serialize};

use super::wsfed::metadata;

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Endpoint {
    Discovery,
    Jwks,
    Authorize,
    Login,
    Token,
    Userinfo,
    EndSession,
    Revoke,
    Par,
    Wsfed,
    FederationMetadata,
}

impl Endpoint {
    /// The endpoint at a path below the tenant.
    pub(crate) fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/.well-known/openid-configuration" => Self::Discovery,
            "/jwks" => Self::Jwks,
            "/authorize" => Self::Authorize,
            "/login" => Self::Login,
            "/token" => Self::Token,
            "/userinfo" => Self::Userinfo,
            "/end_session" => Self::EndSession,
            "/revoke" => Self::Revoke,
            "/par" => Self::Par,
            "/wsfed" => Self::Wsfed,
            metadata::PATH => Self::FederationMetadata,
            _ => return None,
        })
    }
}
