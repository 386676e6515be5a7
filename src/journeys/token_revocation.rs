//! Refresh tokens that nobody needs any more are revoked at the IdP: beside the way of whoever ended the session, with a
//! few tries, and never in the way of a sign-out (LOG-15).

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::Services;
use crate::provider::{Provider, RevocationError};
use crate::session::Session;
use crate::session::names::ProviderId;
use crate::session::tokens::Tokens;
use crate::time::Clock;

/// Pauses between the tries; after the last one the IdP's own limits are left to end the token.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(2), Duration::from_secs(15)];
/// Tokens that wait for their revocation at once; there is no place for more, be the IdP away or very slow.
const MOST: usize = 4096;
/// Calls under way at once: an admin who ends ten thousand sessions must not hurt the IdP.
const CALLS: usize = 16;

/// The revocations under way on this node.
#[derive(Clone, Debug)]
pub struct Revocations {
    places: Arc<Semaphore>,
    calls: Arc<Semaphore>,
}

impl Default for Revocations {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), calls: Arc::new(Semaphore::new(CALLS)) }
    }
}

impl Services {
    /// Does this IdP take refresh tokens back?
    pub(crate) fn revokes_tokens(&self, provider: &ProviderId) -> bool {
        self.providers.get(provider).is_some_and(|provider| provider.revokes_tokens())
    }

    /// Did the IdP of a session, as it is configured now, give these tokens to this client? Another is not shown them.
    pub(crate) fn has_given(&self, session: &Session, tokens: &Tokens) -> bool {
        let provider = self.providers.get(&session.identity.provider);
        provider.is_some_and(|provider| provider.has_given(tokens, &session.identity.issuer))
    }

    /// Begins to revoke a refresh token and returns at once. A failure is logged; the session has ended without it.
    pub(crate) fn revoke_at_idp(&self, provider: &ProviderId, refresh_token: SecretString) {
        let Some(provider) = self.providers.get(provider).filter(|provider| provider.revokes_tokens()) else {
            return;
        };
        let Ok(place) = self.revocations.places.clone().try_acquire_owned() else {
            tracing::warn!(provider = %provider.id(), "refresh_token_not_revoked: too many wait");
            return;
        };
        let (provider, clock, calls) = (provider.clone(), self.clock.clone(), self.revocations.calls.clone());
        tokio::spawn(async move {
            if let Err(error) = revoke(&provider, &*clock, &calls, &refresh_token).await {
                tracing::warn!(provider = %provider.id(), %error, "refresh_token_not_revoked");
            }
            drop(place);
        });
    }
}

async fn revoke(
    provider: &Provider,
    clock: &dyn Clock,
    calls: &Semaphore,
    refresh_token: &SecretString,
) -> Result<(), RevocationError> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let call = calls.acquire().await;
        let revoked = provider.revoke(refresh_token, clock.now()).await;
        drop(call);
        match (revoked, pauses.next()) {
            (Err(RevocationError::Unavailable(_)), Some(pause)) => sleep(pause).await,
            (revoked, _) => return revoked,
        }
    }
}
