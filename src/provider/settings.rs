//! What the operator says about an upstream identity provider.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::keys::client::ClientKeys;
pub use crate::oidc::algorithm::SigningAlgorithm;
pub use crate::oidc::authorization::ResponseMode;
use crate::session::names::ProviderId;

/// How the gateway proves to the IdP's endpoints who it is (OIDC Core section 9), and with what.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: in the `Authorization` header.
    ClientSecretBasic(SecretString),
    /// `client_secret_post`: in the body.
    ClientSecretPost(SecretString),
    /// `private_key_jwt`: with a signature (RFC 7523).
    PrivateKeyJwt(Arc<ClientKeys>),
}

/// Are authorization requests pushed to the IdP (RFC 9126)?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushedRequests {
    /// Where its metadata says where to.
    #[default]
    Auto,
    /// Yes; no sign-in where its metadata does not say where to.
    Always,
    /// No; no sign-in where it wants them.
    Never,
}

/// What becomes of a refresh token that was used (RFC 9700 section 4.14): may one that was perhaps spent, by a request
/// whose answer was lost, be sent once more?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// As was seen: where no refresh ever gave a new token, it may; where one did, or none was made yet, it may not. A "no"
    /// to the second try then means the token, not the person.
    #[default]
    Auto,
    /// It stays good: it may.
    None,
    /// It gives the same successor again for this long: it may, until then.
    Grace(Duration),
    /// A second use counts as theft and revokes the whole family: never.
    Strict,
}

/// How a policy check is made, where the IdP gives refresh tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyCheck {
    /// By the gateway, with the refresh token; the person notices nothing.
    #[default]
    Background,
    /// By the browser, in a silent top-level round trip (`prompt=none`), as if there were no refresh token. It sees what a
    /// refresh token survives, such as a password reset at Entra (PCI-11).
    Browser,
}

/// From which claims an identity is made. Issuer and subject are not up for choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// A string: the e-mail address.
    pub email: String,
    /// A string: the name that people know themselves by.
    pub preferred_username: String,
    /// A string: the display name.
    pub name: String,
    /// A list of strings, or one string.
    pub groups: String,
    /// Numbers of seconds that shorten the policy check interval; the first one present counts.
    pub policy_check_interval: Vec<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            email: "email".into(),
            preferred_username: "preferred_username".into(),
            name: "name".into(),
            groups: "groups".into(),
            policy_check_interval: vec!["xms_pci".into(), "pci".into()],
        }
    }
}

/// One OpenID Provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name in paths, logs and metrics.
    pub id: ProviderId,
    /// Its name on the page where users choose.
    pub display_name: String,
    /// The issuer, byte for byte as its metadata and tokens spell it (Discovery section 4.3).
    pub issuer: String,
    /// Where its metadata lies, if not below the issuer; the back-channel side of a split address.
    pub discovery_url: Option<Url>,
    /// The client id that it gave the gateway.
    pub client_id: String,
    /// How the gateway proves to be that client.
    pub client_authentication: ClientAuthentication,
    /// Are authorization requests pushed?
    pub pushed_authorization_requests: PushedRequests,
    /// How its responses come back.
    pub response_mode: ResponseMode,
    /// Scopes to ask for; `openid` is always among them. `offline_access` is what most IdPs want for a refresh token.
    pub scopes: Vec<String>,
    /// Which signature algorithms it may use.
    pub algorithms: Vec<SigningAlgorithm>,
    /// From which claims an identity is made.
    pub claims: ClaimNames,
    /// Pass on an e-mail address that the IdP says it has not verified.
    pub unverified_email: bool,
    /// How a policy check is made.
    pub policy_check: PolicyCheck,
    /// Fetch userinfo at sign-in and at each policy check, for claims that the ID token lacks.
    pub userinfo: bool,
    /// Accept a refresh without a new ID token (OIDC Core section 12.2 allows it); then userinfo must confirm the subject.
    pub refresh_without_id_token: bool,
    /// How long its refresh tokens live unused, where it does not say so itself (`refresh_expires_in`).
    pub refresh_token_lifetime: Option<Duration>,
    /// What becomes of its used refresh tokens.
    pub rotation: Rotation,
    /// Policy checks in a second, of all nodes together, that it is asked to bear.
    pub checks_per_second: u32,
    /// Revoke refresh tokens at its revocation endpoint, if it has one, when a session is signed out or revoked. Off for
    /// IdPs that take this for the withdrawal of all that the person allowed the gateway.
    pub revoke_tokens: bool,
    /// PEM file of the certificate authority that signed its TLS certificate, where the system does not know it.
    pub ca_file: Option<PathBuf>,
    /// How long one call may take, from connecting to the last byte.
    pub timeout: Duration,
}

impl Settings {
    /// An IdP of which the operator says the least that is needed; everything else has its default.
    #[must_use]
    pub fn new(
        id: ProviderId,
        issuer: String,
        client_id: String,
        client_authentication: ClientAuthentication,
    ) -> Self {
        Self {
            display_name: id.to_string(),
            id,
            issuer,
            discovery_url: None,
            client_id,
            client_authentication,
            pushed_authorization_requests: PushedRequests::default(),
            response_mode: ResponseMode::default(),
            scopes: Self::DEFAULT_SCOPES.map(str::to_owned).to_vec(),
            algorithms: Self::DEFAULT_ALGORITHMS.to_vec(),
            claims: ClaimNames::default(),
            unverified_email: false,
            policy_check: PolicyCheck::Background,
            userinfo: false,
            refresh_without_id_token: false,
            refresh_token_lifetime: None,
            rotation: Rotation::default(),
            checks_per_second: Self::DEFAULT_CHECKS_PER_SECOND,
            revoke_tokens: true,
            ca_file: None,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }

    /// Scopes unless the configuration says otherwise.
    pub const DEFAULT_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
    /// Policy checks in a second unless the configuration says otherwise.
    pub const DEFAULT_CHECKS_PER_SECOND: u32 = 100;
    /// How long one call may take unless the configuration says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
    /// RSA, ECDSA and EdDSA with SHA-256, what nearly every IdP uses.
    pub const DEFAULT_ALGORITHMS: [SigningAlgorithm; 4] =
        [SigningAlgorithm::Rs256, SigningAlgorithm::Ps256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];
}
