//! An environment: hosts, identity providers and session settings that belong together.

use crate::policy::settings::layer::SettingsLayer;
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
}

impl Environment {
    /// The origin that a `Host` header names.
    #[must_use]
    pub fn origin_of(&self, authority: &str) -> Option<&Origin> {
        self.hosts.iter().find(|origin| origin.answers_to(authority))
    }
}
