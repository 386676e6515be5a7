//! Judging the logout tokens that an IdP sends (Back-Channel Logout 1.0).

use super::cache::{Sender, Want};
use super::error::ProviderError;
use super::oidc_provider::OidcProvider;
use crate::oidc::jws::JwsError;
use crate::oidc::logout_token::{self, Expected, LogoutTokenError, VerifiedLogoutToken};
use crate::time::Timestamp;

/// A logout token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// It does not pass.
    #[error("the logout token is refused: {0}")]
    Token(#[from] LogoutTokenError),
    /// It cannot be judged: no keys of the IdP are at hand.
    #[error(transparent)]
    Keys(#[from] ProviderError),
}

impl OidcProvider {
    /// Verifies a logout token. Strangers send them, so they make us fetch nothing but newer keys for a token that is
    /// right in everything else, and that on the strangers' budget (KEY-03, KEY-04).
    ///
    /// # Errors
    ///
    /// [`LogoutError`]; with `Keys` the IdP may send it again.
    pub async fn verify_logout_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<VerifiedLogoutToken, LogoutError> {
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            algorithms: &self.settings.algorithms,
        };
        let none = || ProviderError::Document { what: "keys", cause: "none were fetched yet".into() };
        let keys = self.keys.good().ok_or_else(none)?.value;
        match logout_token::verify(token, &keys, &expected, now) {
            Err(LogoutTokenError::Jws(JwsError::UnknownKey)) => {
                let keys = self.keys(Want::Newer(Sender::Stranger), now).await?;
                Ok(logout_token::verify(token, &keys, &expected, now)?)
            }
            judged => Ok(judged?),
        }
    }
}
