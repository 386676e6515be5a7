//! An environment: hosts, identity providers and session settings that belong together.

use super::access::AccessRules;
use super::exemption::{Exemption, is_at_or_under};
use super::settings::layer::SettingsLayer;
use crate::session::names::{EnvironmentId, ProviderId};
use crate::session::origin::Origin;

/// A unit of policy. Chosen by the (trusted) host of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its stable name.
    pub id: EnvironmentId,
    /// The origins of its apps; never empty. The gateway's paths are mounted on each.
    pub hosts: Vec<Origin>,
    /// Where its people sign in; never empty. More than one: the user chooses.
    pub providers: Vec<ProviderId>,
    /// The parent domain whose hosts share one session. Without it cookies are host-only.
    pub cookie_domain: Option<String>,
    /// What the configuration says about its sessions beyond what it says about all.
    pub settings: SettingsLayer,
    /// Who of those who can sign in may use its apps.
    pub access: AccessRules,
    /// Kinds of clients for which inactivity or the longest length do not count.
    pub exemptions: Vec<Exemption>,
    /// Requests to these paths, and under them, are no use of a session (row C10).
    pub passive_paths: Vec<String>,
    /// When people see the start page before they are sent to the IdP.
    pub start_page: StartPage,
    /// What a sign-out ends (row A1).
    pub sign_out_scope: SignOutScope,
}

/// When people see the start page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartPage {
    /// Where there is something to choose or to say.
    #[default]
    WhenNeeded,
    /// At every sign-in: it offers to be kept signed in.
    Always,
}

/// What a sign-out ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignOutScope {
    /// The session, and all others of the same session at the IdP.
    #[default]
    IdpSession,
    /// All sessions of the user, on all devices.
    User,
}

impl Environment {
    /// One that keeps all its doors as wide as they are by default.
    #[must_use]
    pub fn new(id: EnvironmentId, hosts: Vec<Origin>, providers: Vec<ProviderId>) -> Self {
        Self {
            id,
            hosts,
            providers,
            cookie_domain: None,
            settings: SettingsLayer::default(),
            access: AccessRules::default(),
            exemptions: Vec::new(),
            passive_paths: Vec::new(),
            start_page: StartPage::default(),
            sign_out_scope: SignOutScope::default(),
        }
    }

    /// Is a request to `target`, a path and perhaps a query, no use of a session?
    #[must_use]
    pub fn is_passive(&self, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        self.passive_paths.iter().any(|passive| is_at_or_under(path, passive))
    }

    /// The origin that a `Host` header names.
    #[must_use]
    pub fn origin_of(&self, authority: &str) -> Option<&Origin> {
        self.hosts.iter().find(|origin| origin.answers_to(authority))
    }
}
