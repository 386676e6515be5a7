//! A person signs out: everywhere at once, and at the IdP too (row A1).

use super::Services;
use super::revoke::end_indexed;
use crate::session::Session;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::SessionId;
use crate::store::StoreError;
use crate::store::sessions::{Found, idp_session_index};
use crate::time::Timestamp;

/// What a sign-out led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Where the browser goes so that the IdP ends its session too; `None` where there was no session or the IdP has no
    /// such place.
    pub idp: Option<url::Url>,
}

/// Ends a session and every other session of the same IdP session. `return_to` is where the IdP sends the browser after.
///
/// # Errors
///
/// [`StoreError`]: the session may live on. The cookie is taken from the browser all the same.
pub async fn sign_out(
    services: &Services,
    id: &SessionId,
    return_to: &str,
    now: Timestamp,
) -> Result<SignedOut, StoreError> {
    let id = id.stored();
    let Found::Live(_, session) = services.sessions.find(id).await? else {
        return Ok(SignedOut { idp: None });
    };
    // Before the end: it takes the tokens with it. The IdP can do without; a sign-out does not fail for it.
    let tokens = services.sessions.tokens(id).await.ok().flatten();
    let hint = tokens.and_then(|(_, tokens)| tokens.id_token);
    let tombstone = Tombstone { reason: EndReason::SignedOut, at: now, remark: None };
    services.end_session(id, &session, &tombstone).await?;
    if let Some(sid) = &session.identity.idp_session {
        let issuer = &session.identity.issuer;
        let is_of_it = |other: &Session| {
            other.identity.issuer == *issuer && other.identity.idp_session.as_ref() == Some(sid)
        };
        end_indexed(services, idp_session_index(issuer, sid), is_of_it, &tombstone).await?;
    }
    let provider = services.providers.get(&session.identity.provider);
    Ok(SignedOut { idp: provider.and_then(|provider| provider.sign_out_url(hint.as_ref(), return_to)) })
}
