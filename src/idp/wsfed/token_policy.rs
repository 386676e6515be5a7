//! What tokens for relying parties look like.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::super::settings::OutOfRange;
use super::super::span::Span;
use super::super::users::User;
use crate::issuer::assertion::TokenType;
use crate::issuer::token_response::Trust;

/// The claims that tokens have unless told otherwise: URI, what people call it, and the user's claim.
pub(crate) const CLAIMS: [(&str, &str, &str); 6] = [
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "E-Mail Address", "email"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "UPN", "preferred_username"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "Name", "name"),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "Groups", "groups"),
    ("http://schemas.microsoft.com/identity/claims/objectidentifier", "Object identifier", "oid"),
    ("http://schemas.microsoft.com/identity/claims/tenantid", "Tenant identifier", "tid"),
];

/// The name of the subject among the user's claims.
const SUBJECT: &str = "sub";

/// What tokens look like.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TokenPolicy {
    #[serde(rename = "type")]
    pub(crate) kind: TokenType,
    pub(crate) rstr: Trust,
    pub(crate) lifetime: Span,
    /// How long the relying party's session may last (SAML 2.0 only: `SessionNotOnOrAfter`).
    pub(crate) session: Option<Span>,
    /// The user's claim that is the name of the subject; without, the subject has no name.
    pub(crate) name_id: Option<String>,
    /// Claim URIs, and the users' claims that fill them.
    pub(crate) claims: BTreeMap<String, String>,
    /// Tokens repeat the `wctx`, hashed, in a claim.
    pub(crate) echo: bool,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            kind: TokenType::default(),
            rstr: Trust::default(),
            // As at AD FS.
            lifetime: Span(Duration::from_secs(3600)),
            session: None,
            name_id: Some(SUBJECT.to_owned()),
            claims: CLAIMS.iter().map(|(uri, _, claim)| ((*uri).to_owned(), (*claim).to_owned())).collect(),
            echo: false,
        }
    }
}

impl TokenPolicy {
    /// The name of the subject.
    pub(crate) fn name_of(&self, subject: &str, user: &User) -> Option<String> {
        values(subject, user, self.name_id.as_deref()?).into_iter().next()
    }

    /// Claim URIs with their values.
    pub(crate) fn claims_of(&self, subject: &str, user: &User) -> Vec<(String, Vec<String>)> {
        self.claims.iter().map(|(uri, claim)| (uri.clone(), values(subject, user, claim))).collect()
    }
}

/// The values of a user's claim: what is not text is told as JSON tells it.
fn values(subject: &str, user: &User, claim: &str) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match user.claims.get(claim) {
        _ if claim == SUBJECT => vec![subject.to_owned()],
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(several)) => several.iter().map(one).collect(),
        Some(value) => vec![one(value)],
    }
}

/// What is different from a policy; what is not named stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyChange {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<TokenType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rstr: Option<Trust>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime: Option<Span>,
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    session: Option<Option<Span>>,
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    name_id: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo: Option<bool>,
}

/// What is `null` is named all the same.
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl PolicyChange {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        if self.lifetime.is_some_and(|lifetime| lifetime.0.is_zero()) {
            return Err(OutOfRange { field: "lifetime", message: "a token lives for a while" });
        }
        if self.claims.iter().flatten().any(|(uri, claim)| uri.is_empty() || claim.is_empty()) {
            return Err(OutOfRange {
                field: "claims",
                message: "a claim has a URI, and a user's claim that fills it",
            });
        }
        Ok(())
    }

    pub(crate) fn apply(&self, to: &TokenPolicy) -> TokenPolicy {
        TokenPolicy {
            kind: self.kind.unwrap_or(to.kind),
            rstr: self.rstr.unwrap_or(to.rstr),
            lifetime: self.lifetime.unwrap_or(to.lifetime),
            session: self.session.unwrap_or(to.session),
            name_id: self.name_id.clone().unwrap_or_else(|| to.name_id.clone()),
            claims: self.claims.clone().unwrap_or_else(|| to.claims.clone()),
            echo: self.echo.unwrap_or(to.echo),
        }
    }
}
