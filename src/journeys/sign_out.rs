//! A person signs out: everywhere at once, and at the IdP too (row A1).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Services;
use super::revoke::end_indexed;
use super::sign_out_state::SignOutState;
use crate::policy::environment::SignOutScope;
use crate::session::Session;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::SessionId;
use crate::session::origin::Origin;
use crate::store::sessions::{Found, idp_session_index, named_user_hash};
use crate::store::{Index, StoreError};
use crate::time::Timestamp;

/// While the store is away a sign-out is tried again this often…
const AGAIN_EVERY: Duration = Duration::from_secs(1);
/// …and for so long.
const TRIES: usize = 3600;

/// What a sign-out led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Where the browser goes so that the IdP ends its session too; `None` where there was no session or the IdP has no
    /// such place.
    pub idp: Option<url::Url>,
    /// When the person had entered credentials, by the IdP's clock, as far as it said so.
    pub authenticated_at: Option<Timestamp>,
}

/// Ends a session and every other session of the same IdP session, or, by `scope`, of the same user. `return_to` is where on
/// `origin` the IdP sends the browser after.
///
/// # Errors
///
/// [`StoreError`]: the session may live on. The cookie is taken from the browser all the same.
pub async fn sign_out(
    services: &Services,
    id: &SessionId,
    scope: SignOutScope,
    origin: &Origin,
    return_to: &str,
    now: Timestamp,
) -> Result<SignedOut, StoreError> {
    let id = id.stored();
    let Found::Live(_, session) = services.sessions.find(id).await? else {
        return Ok(SignedOut { idp: None, authenticated_at: None });
    };
    // Before the end: it takes the tokens with it. The IdP can do without; a sign-out does not fail for it.
    let tokens = services.sessions.tokens(id).await.ok().flatten();
    let tokens = tokens.map(|(_, tokens)| tokens).filter(|tokens| services.has_given(&session, tokens));
    let hint = tokens.and_then(|tokens| tokens.id_token);
    let tombstone = Tombstone { reason: EndReason::SignedOut, at: now, remark: None };
    // The others first: once this one has ended, a second try could not tell which they are.
    if let Some(sid) = &session.identity.idp_session {
        let issuer = &session.identity.issuer;
        let is_another = |other_id, other: &Session| {
            let identity = &other.identity;
            other_id != id && identity.issuer == *issuer && identity.idp_session.as_ref() == Some(sid)
        };
        end_indexed(services, idp_session_index(issuer, sid), is_another, &tombstone).await?;
    }
    if scope == SignOutScope::User {
        let identity = &session.identity;
        let is_another = |other_id, other: &Session| {
            other_id != id
                && other.identity.issuer == identity.issuer
                && other.identity.subject == identity.subject
        };
        // What is on its way in other browsers is over, too.
        let user = named_user_hash(&identity.issuer, &identity.subject);
        services.sessions.revoke_before(user, now).await?;
        end_indexed(services, Index::User(user), is_another, &tombstone).await?;
    }
    services.end_session(id, &session, &tombstone).await?;
    let state = SignOutState { browser: session.browser, origin: origin.to_string(), begun_at: now };
    let state = state.seal(&services.keys);
    let provider = services.providers.get(&session.identity.provider);
    let idp = provider.and_then(|provider| provider.sign_out_url(hint.as_ref(), return_to, &state));
    Ok(SignedOut { idp, authenticated_at: session.identity.authenticated_at })
}

/// Goes on with a sign-out that the store stood in the way of, beside everything else, until it is done: the person has
/// gone by then, and their cookie may have been copied (LOG-01). A node that stops forgets it.
pub fn finish_later(services: &Arc<Services>, id: SessionId, scope: SignOutScope, origin: Origin) {
    let Ok(place) = services.sign_outs.clone().try_acquire_owned() else {
        tracing::warn!(session = %id.stored(), "sign_out_given_up: too many wait for the store");
        return;
    };
    let services = services.clone();
    tokio::spawn(async move {
        for _ in 0..TRIES {
            sleep(AGAIN_EVERY).await;
            if sign_out(&services, &id, scope, &origin, "", services.now()).await.is_ok() {
                break;
            }
        }
        drop(place);
    });
}
