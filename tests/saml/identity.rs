//! What a verified assertion says, as the corpus writes it.

use std::collections::BTreeMap;

use hourgate::saml::{VerifiedAssertion, Version};
use hourgate::time::Timestamp;
use serde::Deserialize;

/// Instants are in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) issuer: String,
    pub(crate) name_id: Option<String>,
    pub(crate) claims: BTreeMap<String, Vec<String>>,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) authenticated_at: Option<i64>,
    pub(crate) authentication_method: Option<String>,
    pub(crate) session_index: Option<String>,
    pub(crate) session_ends: Option<i64>,
}

impl Identity {
    pub(crate) fn of(assertion: &VerifiedAssertion) -> Self {
        let version = match assertion.version() {
            Version::V1_1 => "1.1",
            Version::V2_0 => "2.0",
        };
        Self {
            id: assertion.id().to_owned(),
            version: version.to_owned(),
            issuer: assertion.issuer().to_owned(),
            name_id: assertion.name_id().map(str::to_owned),
            claims: assertion.claims().clone(),
            issued_at: assertion.issued_at().as_millis(),
            expires_at: assertion.expires_at().as_millis(),
            authenticated_at: assertion.authenticated_at().map(Timestamp::as_millis),
            authentication_method: assertion.authentication_method().map(str::to_owned),
            session_index: assertion.session_index().map(str::to_owned),
            session_ends: assertion.session_ends().map(Timestamp::as_millis),
        }
    }
}
