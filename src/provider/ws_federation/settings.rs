//! What the operator says about an IdP that speaks WS-Federation.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::provider::settings::PolicyCheck;
use crate::saml::{DecryptionKeys, TrustedKeys};
use crate::session::names::ProviderId;
use crate::wsfed::metadata::FederationMetadata;

/// Where its endpoint and its keys are learned from.
#[derive(Clone, Debug)]
pub enum Trust {
    /// From its federation metadata, which is fetched again and again: keys roll over by themselves.
    Metadata {
        /// Where that lies.
        url: Url,
        /// Whose signature it must bear; by default that of any key in it, if it bears one.
        signed_by: Option<TrustedKeys>,
    },
    /// From the operator, instead of metadata: nothing is fetched, and a new key must be put in by hand.
    Pinned(Arc<FederationMetadata>),
}

impl Trust {
    /// From the operator: the IdP's issuer, its passive endpoint, and its keys.
    #[must_use]
    pub fn pinned(issuer: String, endpoint: Url, keys: TrustedKeys) -> Self {
        Self::Pinned(Arc::new(FederationMetadata {
            entity_id: issuer,
            sign_in_url: endpoint.clone(),
            sign_out_url: endpoint,
            keys,
            skipped: 0,
            is_test_idp: false,
        }))
    }
}

/// What says who somebody is, within the IdP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectSource {
    /// The name in the assertion's subject (`NameIdentifier`, `NameID`).
    NameId,
    /// A claim with exactly one value, by its URI.
    Claim(String),
}

/// From which claims an identity is made, by their URIs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimUris {
    /// One value: the e-mail address.
    pub email: String,
    /// One value: the name that people know themselves by.
    pub preferred_username: String,
    /// One value: the display name.
    pub name: String,
    /// Any number of values.
    pub groups: String,
}

impl Default for ClaimUris {
    fn default() -> Self {
        let common = |name| format!("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/{name}");
        Self {
            email: common("emailaddress"),
            preferred_username: common("upn"),
            name: common("name"),
            groups: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups".to_owned(),
        }
    }
}

/// One WS-Federation identity provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name in paths, logs and metrics.
    pub id: ProviderId,
    /// Its name on the page where users choose.
    pub display_name: String,
    /// The issuer of its tokens, and the `entityID` of its metadata, byte for byte.
    pub issuer: String,
    /// `wtrealm`: what it calls the gateway. The audience of its tokens.
    pub realm: String,
    /// Where its endpoint and its keys are learned from.
    pub trust: Trust,
    /// `whr`: the organisation where its people have their accounts.
    pub home_realm: Option<String>,
    /// `wauth`: how people must sign in; a token that says otherwise is refused.
    pub method: Option<String>,
    /// The same where credentials are due: some IdPs answer `wfresh=0` by whatever the device is signed in with.
    pub credentials_method: Option<String>,
    /// What says who somebody is.
    pub subject: SubjectSource,
    /// What else is read.
    pub claims: ClaimUris,
    /// Does each token have to repeat, under its signature, what the request was (`urn:hourgate:wctx-s256`)?
    pub requires_signed_context: bool,
    /// Does each subject have to be confirmed as its bearer? Some IdPs leave it out in SAML 1.1.
    pub requires_bearer: bool,
    /// Are signatures with SHA-1 taken?
    pub accepts_sha1: bool,
    /// Is encryption with CBC taken, which is not protected against changes of its own?
    pub accepts_cbc: bool,
    /// The gateway's keys for encrypted tokens.
    pub decryption: Option<Arc<DecryptionKeys>>,
    /// A token that is good for longer than this is refused.
    pub longest_token: Duration,
    /// Is the proof renewed at the policy check interval, where the token is good for longer?
    pub policy_check: PolicyCheck,
    /// PEM file of the certificate authority that signed its TLS certificate, where the system does not know it.
    pub ca_file: Option<PathBuf>,
    /// How long fetching the metadata may take.
    pub timeout: Duration,
}

impl Settings {
    /// An IdP of which the operator says the least that is needed; everything else has its default.
    #[must_use]
    pub fn new(id: ProviderId, issuer: String, realm: String, trust: Trust) -> Self {
        Self {
            display_name: id.to_string(),
            id,
            issuer,
            realm,
            trust,
            home_realm: None,
            method: None,
            credentials_method: None,
            subject: SubjectSource::NameId,
            claims: ClaimUris::default(),
            requires_signed_context: false,
            requires_bearer: true,
            accepts_sha1: false,
            accepts_cbc: false,
            decryption: None,
            longest_token: Self::DEFAULT_LONGEST_TOKEN,
            policy_check: PolicyCheck::default(),
            ca_file: None,
            timeout: crate::provider::settings::Settings::DEFAULT_TIMEOUT,
        }
    }

    /// How somebody must sign in.
    #[must_use]
    pub fn method_for(&self, credentials_are_due: bool) -> Option<&str> {
        let credentials = self.credentials_method.as_deref().filter(|_| credentials_are_due);
        credentials.or(self.method.as_deref())
    }

    /// The longest token unless the configuration says otherwise.
    pub const DEFAULT_LONGEST_TOKEN: Duration = Duration::from_secs(24 * 3600);
}
