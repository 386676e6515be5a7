//! The IdP says that a session of its own is over (row A4): to the gateway itself, with a signed token
//! (Back-Channel Logout 1.0), or by way of the browser (Front-Channel Logout 1.0).

use super::revoke::end_indexed;
use super::{Services, audit};
use crate::oidc::logout_token::{VerifiedLogoutToken, Whose};
use crate::provider::{LogoutError, OidcProvider};
use crate::session::Session;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::{SessionId, StoredId};
use crate::store::sessions::{Found, LogoutName, idp_session_index, named_user_hash};
use crate::store::{Index, StoreError};
use crate::telemetry::OutcomeLabels;
use crate::time::Timestamp;

/// Why a logout token ended nothing.
#[derive(Debug, thiserror::Error)]
pub enum BackChannelError {
    /// It was not accepted.
    #[error(transparent)]
    Logout(#[from] LogoutError),
    /// Some sessions may live on; the IdP must send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackChannelError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Logout(LogoutError::Token(error)) => error.code(),
            Self::Logout(LogoutError::Keys(_)) => "idp_unavailable",
            Self::Store(_) => "store_unavailable",
        }
    }
}

/// Ends the sessions that a logout token names, in all environments, and voids the sign-ins under way that it means.
/// Sent twice it does nothing more: it means only sessions that rest on credentials entered before it was issued.
///
/// # Errors
///
/// [`BackChannelError`]; only where there is none is everything done, and kept by the store.
pub async fn back_channel(
    services: &Services,
    provider: &OidcProvider,
    token: &str,
    now: Timestamp,
) -> Result<Vec<StoredId>, BackChannelError> {
    let ended = end_named(services, provider, token, now).await;
    let labels = OutcomeLabels {
        provider: provider.settings().id.to_string(),
        outcome: ended.as_ref().map_or_else(BackChannelError::code, |_| "accepted"),
    };
    services.metrics.logout_tokens.get_or_create(&labels).inc();
    ended
}

async fn end_named(
    services: &Services,
    provider: &OidcProvider,
    token: &str,
    now: Timestamp,
) -> Result<Vec<StoredId>, BackChannelError> {
    let token = provider.verify_logout_token(token, now).await?;
    let (name, index) = names(&token);
    // The watermark first: a sign-in that completes meanwhile finds it, or stands in the index already (LOG-08).
    services.sessions.log_out_before(name, token.issued_at()).await?;
    let tombstone = Tombstone { reason: EndReason::BackchannelLogout, at: now, remark: None };
    let ended = end_indexed(services, index, |_, session| means(&token, session), &tombstone).await?;
    audit::logged_out_by_idp(&provider.settings().id, token.id(), ended.len());
    Ok(ended)
}

fn names(token: &VerifiedLogoutToken) -> (LogoutName, Index) {
    let issuer = token.issuer();
    match token.whose() {
        Whose::User(subject) => {
            (LogoutName::of_user(issuer, subject), Index::User(named_user_hash(issuer, subject)))
        }
        Whose::IdpSession(sid) | Whose::UsersIdpSession { sid, .. } => {
            (LogoutName::of_idp_session(issuer, sid), idp_session_index(issuer, sid))
        }
    }
}

/// The index is a hint; this is what decides.
fn means(token: &VerifiedLogoutToken, session: &Session) -> bool {
    let identity = &session.identity;
    let is_theirs = |name: &str| identity.subject == name;
    let is_of = |name: &str| identity.idp_session.as_deref() == Some(name);
    let is_named = match token.whose() {
        Whose::User(subject) => is_theirs(subject),
        Whose::IdpSession(sid) => is_of(sid),
        Whose::UsersIdpSession { subject, sid } => is_theirs(subject) && is_of(sid),
    };
    is_named && identity.issuer == token.issuer() && session.is_meant_by_logout(token.issued_at())
}

/// Ends the sessions of the session that the IdP calls `sid`, in all environments. Nobody has proved to be the IdP, so
/// that is all: no watermark, no call to the IdP, and where there is no such session nothing is written.
///
/// # Errors
///
/// [`StoreError`]: some sessions may live on.
pub async fn front_channel(
    services: &Services,
    provider: &OidcProvider,
    sid: &str,
    now: Timestamp,
) -> Result<Vec<StoredId>, StoreError> {
    let issuer = &provider.settings().issuer;
    let is_of_it = |_, session: &Session| {
        session.identity.issuer == *issuer && session.identity.idp_session.as_deref() == Some(sid)
    };
    let tombstone = Tombstone { reason: EndReason::FrontchannelLogout, at: now, remark: None };
    end_indexed(services, idp_session_index(issuer, sid), is_of_it, &tombstone).await
}

/// Ends the browser's own session, if it is one at this IdP: for an IdP that says only that somebody has gone.
///
/// # Errors
///
/// [`StoreError`]: the session may live on.
pub async fn front_channel_of_browser(
    services: &Services,
    provider: &OidcProvider,
    own: &SessionId,
    now: Timestamp,
) -> Result<Vec<StoredId>, StoreError> {
    let id = own.stored();
    let Found::Live(_, session) = services.sessions.find(id).await? else { return Ok(Vec::new()) };
    if session.identity.issuer != provider.settings().issuer {
        return Ok(Vec::new());
    }
    if let Some(sid) = &session.identity.idp_session {
        return front_channel(services, provider, sid, now).await;
    }
    let tombstone = Tombstone { reason: EndReason::FrontchannelLogout, at: now, remark: None };
    services.end_session(id, &session, &tombstone).await?;
    Ok(vec![id])
}
