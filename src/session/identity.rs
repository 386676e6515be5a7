//! Who somebody is: issuer and subject, and what else the IdP says about them.

use serde::{Deserialize, Serialize};

use crate::session::names::ProviderId;
use crate::time::Timestamp;

/// A person as an IdP asserted them. Two identities are the same person if and only if [`Identity::is_same_person_as`]:
/// issuer, subject and tenant; never the e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The IdP that asserted it.
    pub provider: ProviderId,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `tid` and `oid`, where the IdP has tenants (Entra).
    pub tenant: Option<TenantUser>,
    /// `sid`: the session at the IdP.
    pub idp_session: Option<String>,
    /// `auth_time`: when the person last entered credentials.
    pub authenticated_at: Option<Timestamp>,
    /// The e-mail address, for apps, and for access rules that ask for its domain. Never who somebody is.
    pub email: Option<String>,
    /// The name that the person knows themselves by.
    pub preferred_username: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// Group names or ids.
    pub groups: Vec<String>,
    /// There are more groups than these: too many, or the IdP names them elsewhere.
    #[serde(default)]
    pub groups_truncated: bool,
}

/// A user within a tenant (Entra's `tid` and `oid`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantUser {
    /// `tid`.
    pub tenant: String,
    /// `oid`.
    pub object: Option<String>,
}

impl Identity {
    /// Row H7: is `other` the user whom access was granted to?
    #[must_use]
    pub fn is_same_person_as(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.subject == other.subject && self.tenant == other.tenant
    }

    /// What people call this person: user name, e-mail address or subject, whichever is there.
    #[must_use]
    pub fn label(&self) -> &str {
        self.preferred_username.as_deref().or(self.email.as_deref()).unwrap_or(&self.subject)
    }
}
