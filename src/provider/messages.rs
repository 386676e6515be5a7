//! What is asked of an IdP, and what comes of it.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::oidc::authorization::Prompt;
use crate::session::identity::Identity;
use crate::time::Timestamp;

/// A sign-in at the IdP that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct SignInRequest<'a> {
    /// Where the response goes.
    pub redirect_uri: &'a str,
    /// The sealed transaction.
    pub state: &'a str,
    /// Binds the ID token to the browser.
    pub nonce: &'a str,
    /// The PKCE verifier.
    pub pkce_verifier: &'a str,
    /// What the IdP is to ask of the person.
    pub prompt: Prompt,
    /// Who is expected.
    pub login_hint: Option<&'a str>,
}

/// A code that came back.
#[derive(Clone, Copy)]
pub struct CodeGrant<'a> {
    /// The code.
    pub code: &'a str,
    /// The redirect URI of the request.
    pub redirect_uri: &'a str,
    /// The PKCE verifier of the request.
    pub pkce_verifier: &'a str,
    /// The nonce of the request.
    pub nonce: &'a str,
    /// The person must have entered credentials after this instant.
    pub authenticated_since: Option<Timestamp>,
}

/// A verified ID token and what follows from it.
#[derive(Clone, Debug)]
pub struct Proved {
    /// Who it names.
    pub identity: Identity,
    /// All that the IdP says about them: the ID token's claims and, over them, userinfo's.
    pub claims: Map<String, Value>,
    /// The policy check interval that the IdP asks for.
    pub idp_interval: Option<Duration>,
    /// Its `iat`, by the IdP's clock.
    pub asserted_at: Timestamp,
    /// Its `exp`.
    pub token_ends: Timestamp,
    /// When the session is to end, where the IdP says so (`SessionNotOnOrAfter`).
    pub session_ends: Option<Timestamp>,
}

/// The tokens of an answer that are kept.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The refresh token, if there is one.
    pub refresh_token: Option<SecretString>,
    /// When it ends, if known.
    pub refresh_token_until: Option<Timestamp>,
    /// The ID token, if there is one.
    pub id_token: Option<SecretString>,
}

impl Granted {
    /// Did the IdP give another refresh token than the one that was `spent`?
    #[must_use]
    pub fn rotates(&self, spent: &SecretString) -> bool {
        self.refresh_token.as_ref().is_some_and(|new| new.expose_secret() != spent.expose_secret())
    }
}

/// What an IdP publishes, text for text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// Its metadata (Discovery section 3, or WS-Federation 1.2 section 3).
    pub metadata: String,
    /// Its keys (RFC 7517), where they are a document of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
}
