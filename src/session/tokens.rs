//! The tokens of a session. They stay in the gateway; no browser and no app ever sees one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use secrecy::{ExposeSecret, SecretString};

use crate::time::Timestamp;

/// What the IdP gave for a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// The refresh token, if there is one.
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub refresh_token: Option<SecretString>,
    /// When the refresh token ends, if the IdP said so (`refresh_expires_in`) or the operator did.
    pub refresh_token_until: Option<Timestamp>,
    /// The newest ID token, the `id_token_hint` of a sign-out (RP-Initiated Logout section 2).
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub id_token: Option<SecretString>,
    /// Set before the refresh token is sent, taken away by the answer: an instant here means that it may be spent,
    /// since then.
    pub unanswered_since: Option<Timestamp>,
    /// Did the IdP ever give a new refresh token with a refresh of this session's? `None` where there was none.
    pub rotates: Option<bool>,
    /// The client id that they were given to. Absent in records of versions that did not keep it.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The OIDC `nonce` of the sign-in: an ID token from a refresh must carry the same or none (OIDC Core section 12.2).
    pub nonce: String,
}

impl Tokens {
    /// Those of a session whose IdP gives none.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            refresh_token: None,
            refresh_token_until: None,
            id_token: None,
            unanswered_since: None,
            rotates: None,
            client_id: None,
            nonce: String::new(),
        }
    }
}

// Only called to build the plain text that is sealed at once.
fn expose<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

fn hide<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
