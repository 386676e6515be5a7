//! From a verified assertion to an [`Identity`]: made here only, out of a [`VerifiedAssertion`].

use serde_json::{Map, Value};

use super::SKEW;
use super::settings::{Settings, SubjectSource};
use crate::provider::claims::{MOST_GROUPS, one_address};
use crate::saml::VerifiedAssertion;
use crate::session::identity::{Identity, TenantUser};
use crate::time::Timestamp;

/// Entra's tenant and object id.
const TENANT: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
const OBJECT: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
/// What Entra names instead of groups that are too many for a token.
const GROUPS_ELSEWHERE: &str = "http://schemas.microsoft.com/claims/groups.link";

/// The identity that an assertion proves; `None` where nothing says who it is about.
#[must_use]
pub fn identity(settings: &Settings, assertion: &VerifiedAssertion) -> Option<Identity> {
    let text = |uri: &str| assertion.claim(uri).map(str::to_owned);
    let subject = match &settings.subject {
        SubjectSource::NameId => assertion.name_id()?.to_owned(),
        SubjectSource::Claim(uri) => text(uri)?,
    };
    // Whoever shows it to an app in a header would cut these off, and name somebody else.
    if subject.is_empty() || subject.trim() != subject {
        return None;
    }
    // Some IdPs put an instant to come there, which says nothing of when it was.
    let authenticated_at = assertion.authenticated_at().filter(|at| *at <= assertion.issued_at().plus(SKEW));
    let groups = assertion.claims().get(&settings.claims.groups);
    let are_elsewhere = groups.is_none() && assertion.claims().contains_key(GROUPS_ELSEWHERE);
    Some(Identity {
        provider: settings.id.clone(),
        issuer: assertion.issuer().to_owned(),
        idp_session: idp_session(&subject, authenticated_at),
        subject,
        tenant: text(TENANT).map(|tenant| TenantUser { tenant, object: text(OBJECT) }),
        authenticated_at,
        email: text(&settings.claims.email).filter(|address| one_address(address)),
        preferred_username: text(&settings.claims.preferred_username),
        name: text(&settings.claims.name),
        groups_truncated: are_elsewhere || groups.is_some_and(|groups| groups.len() > MOST_GROUPS),
        groups: groups.into_iter().flatten().take(MOST_GROUPS).cloned().collect(),
    })
}

/// WS-Federation names no session of the IdP. What is entered once and serves everywhere is that session: the same person's
/// credentials of the same instant. So a sign-out ends them all, in every environment (A1).
fn idp_session(subject: &str, authenticated_at: Option<Timestamp>) -> Option<String> {
    Some(format!("{}/{subject}", authenticated_at?.as_millis()))
}

/// The claims as access rules read them, by their URIs: one value is a text, more are a list.
#[must_use]
pub fn as_json(assertion: &VerifiedAssertion) -> Map<String, Value> {
    let value = |values: &Vec<String>| match values.as_slice() {
        [one] => Value::from(one.as_str()),
        many => Value::from(many.to_vec()),
    };
    assertion.claims().iter().map(|(uri, values)| (uri.clone(), value(values))).collect()
}
