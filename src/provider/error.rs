//! Why an IdP was of no help.

use super::cache::CoolingDown;
use super::ws_federation::ChallengeError;
use crate::oidc::id_token::IdTokenError;
use crate::oidc::token::TokenError;
use crate::oidc::userinfo::UserinfoError;
use crate::saml::AssertionError;

/// Why an IdP was of no help.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Its metadata or keys are not to be had.
    #[error("cannot get the {what} of the identity provider: {cause}")]
    Document {
        /// `metadata` or `keys`.
        what: &'static str,
        /// What stood in the way.
        cause: String,
    },
    /// It is a test IdP, and nobody said that one will do (OPS-13).
    #[error(
        "{issuer} is a test identity provider: it lets in whoever asks; on a test bed say `--insecure-test-idp`, or \
         danger.insecure_test_idp = true"
    )]
    TestIdp {
        /// Its issuer.
        issuer: String,
    },
    /// It has been silent, and is left alone for a few seconds.
    #[error("the identity provider has been silent; it is asked again in a few seconds")]
    Away,
    /// The token endpoint gave no tokens.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Its ID token does not pass.
    #[error("the identity provider's ID token is refused: {0}")]
    IdToken(#[from] IdTokenError),
    /// There is no ID token where one must be.
    #[error(
        "the identity provider sent no ID token; set refresh_without_id_token if it never does on a refresh"
    )]
    NoIdToken,
    /// The assertion does not pass.
    #[error("the identity provider's token is refused: {0}")]
    Assertion(#[from] AssertionError),
    /// It is the IdP's, and not for this sign-in.
    #[error("the identity provider's token is refused: {0}")]
    Challenge(#[from] ChallengeError),
    /// Userinfo is not to be had, or about somebody else.
    #[error("userinfo: {0}")]
    Userinfo(String),
    /// Userinfo is about somebody else.
    #[error(transparent)]
    OtherUser(UserinfoError),
    /// The configuration and the IdP do not agree, or it makes no valid request.
    #[error("the configuration and the identity provider do not agree: {0}")]
    Misconfigured(String),
}

impl From<CoolingDown> for ProviderError {
    fn from(error: CoolingDown) -> Self {
        Self::Document { what: "metadata or keys", cause: error.to_string() }
    }
}

impl From<UserinfoError> for ProviderError {
    fn from(error: UserinfoError) -> Self {
        match error {
            UserinfoError::OtherSubject => Self::OtherUser(error),
            _ => Self::Userinfo(error.to_string()),
        }
    }
}
