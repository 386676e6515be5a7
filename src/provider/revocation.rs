//! Token revocation (RFC 7009): the IdP is told that nobody will use a refresh token any more.

use secrecy::{ExposeSecret, SecretString};

use super::oidc_provider::OidcProvider;
use crate::time::Timestamp;

/// A refresh token was not revoked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RevocationError {
    /// There was no answer, or one that says "later" (5xx, 408, 429): worth another try.
    #[error("the revocation endpoint gave no answer: {0}")]
    Unavailable(String),
    /// The IdP will not, however often it is asked.
    #[error("the revocation endpoint refuses with HTTP status {0}")]
    Refused(u16),
    /// There is no revocation endpoint, or the operator wants none of it.
    #[error("the identity provider revokes no tokens")]
    Unsupported,
}

impl OidcProvider {
    /// Does it take refresh tokens back? Told from what is at hand, without asking.
    #[must_use]
    pub fn revokes_tokens(&self) -> bool {
        self.settings.revoke_tokens
            && self
                .metadata
                .good()
                .is_some_and(|metadata| metadata.value.additional_metadata().revocation_endpoint.is_some())
    }

    /// Revokes a refresh token, and with it what it stands for. One that the IdP does not know counts as revoked
    /// (section 2.2).
    ///
    /// # Errors
    ///
    /// [`RevocationError`].
    pub async fn revoke(&self, refresh_token: &SecretString, now: Timestamp) -> Result<(), RevocationError> {
        let unavailable = |cause: &dyn std::fmt::Display| RevocationError::Unavailable(cause.to_string());
        let metadata = self.metadata(now).await.map_err(|error| unavailable(&error))?;
        let endpoint = metadata.additional_metadata().revocation_endpoint.as_ref();
        let endpoint =
            endpoint.filter(|_| self.settings.revoke_tokens).ok_or(RevocationError::Unsupported)?;
        let form = [("token", refresh_token.expose_secret()), ("token_type_hint", "refresh_token")];
        let answer = self.post_as_client(endpoint, &form, now).await.map_err(|error| unavailable(&error))?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            status @ (408 | 429 | 500..) => Err(unavailable(&format_args!("HTTP status {status}"))),
            status => Err(RevocationError::Refused(status)),
        }
    }
}
