//! The IdP says that a session of its own is over (row A4): to the gateway itself, with a signed token
//! (Back-Channel Logout 1.0), or by way of the browser (Front-Channel Logout 1.0).

use super::clean_up_mark::CleanUpMark;
use super::revoke::end_indexed;
use super::{Services, audit};
use crate::oidc::logout_token::{VerifiedLogoutToken, Whose};
use crate::provider::{LogoutError, OidcProvider, Provider};
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
    let (name, index) = names(token.issuer(), token.whose());
    // The watermark first: a sign-in that completes meanwhile finds it, or stands in the index already (LOG-08).
    services.sessions.log_out_before(name, token.issued_at()).await?;
    let tombstone = Tombstone { reason: EndReason::BackchannelLogout, at: now, remark: None };
    let ended = end_indexed(services, index, |_, session| means(&token, session), &tombstone).await?;
    audit::logged_out_by_idp(&provider.settings().id, token.id(), ended.len());
    Ok(ended)
}

fn names(issuer: &str, whose: &Whose) -> (LogoutName, Index) {
    let of_user = |subject: &str| Index::User(named_user_hash(issuer, subject));
    match whose {
        Whose::User(subject) => (LogoutName::of_user(issuer, subject), of_user(subject)),
        Whose::IdpSession(sid) => (LogoutName::of_idp_session(issuer, sid), idp_session_index(issuer, sid)),
        // Not the index of the `sid`: a session that never learned its own does not stand there.
        Whose::UsersIdpSession { subject, sid } => {
            (LogoutName::of_idp_session(issuer, sid), of_user(subject))
        }
    }
}

/// The index is a hint; this is what decides.
fn means(token: &VerifiedLogoutToken, session: &Session) -> bool {
    session.identity.issuer == token.issuer()
        && is_named(token.whose(), session)
        && session.is_meant_by_logout(token.issued_at())
}

fn is_named(whose: &Whose, session: &Session) -> bool {
    let (own_subject, own_sid) = (&session.identity.subject, session.identity.idp_session.as_ref());
    match whose {
        Whose::User(subject) => subject == own_subject,
        Whose::IdpSession(sid) => own_sid == Some(sid),
        // An IdP may name the `sid` here and not in its ID tokens: then any session of the user can be the one.
        Whose::UsersIdpSession { subject, sid } => {
            subject == own_subject && own_sid.is_none_or(|own| own == sid)
        }
    }
}

/// Ends the sessions of the session that the IdP calls `sid`, in all environments. Nobody has proved to be the IdP, so
/// that is all: no watermark, no call to the IdP, and where there is no such session nothing is written.
///
/// # Errors
///
/// [`StoreError`]: some sessions may live on.
pub async fn front_channel(
    services: &Services,
    provider: &Provider,
    sid: &str,
    now: Timestamp,
) -> Result<Vec<StoredId>, StoreError> {
    let issuer = provider.issuer();
    let is_of_it = |_, session: &Session| {
        session.identity.issuer == issuer && session.identity.idp_session.as_deref() == Some(sid)
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
    provider: &Provider,
    own: &SessionId,
    now: Timestamp,
) -> Result<Vec<StoredId>, StoreError> {
    let id = own.stored();
    let Found::Live(_, session) = services.sessions.find(id).await? else { return Ok(Vec::new()) };
    if session.identity.issuer != provider.issuer() {
        return Ok(Vec::new());
    }
    if let Some(sid) = &session.identity.idp_session {
        return front_channel(services, provider, sid, now).await;
    }
    let tombstone = Tombstone { reason: EndReason::FrontchannelLogout, at: now, remark: None };
    services.end_session(id, &session, &tombstone).await?;
    Ok(vec![id])
}

/// Ends the session that a browser's mark names, and the others that rest on the same credentials: a WS-Federation IdP says only
/// that somebody has gone.
///
/// # Errors
///
/// [`StoreError`]: the session may live on.
pub async fn clean_up(
    services: &Services,
    provider: &Provider,
    mark: CleanUpMark,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Found::Live(_, session) = services.sessions.find(mark.session).await? else { return Ok(()) };
    if session.browser != mark.browser || session.identity.issuer != provider.issuer() {
        return Ok(());
    }
    if let Some(sid) = &session.identity.idp_session {
        front_channel(services, provider, sid, now).await?;
    }
    let tombstone = Tombstone { reason: EndReason::FrontchannelLogout, at: now, remark: None };
    services.end_session(mark.session, &session, &tombstone).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logout_names_sessions_by_user_by_idp_session_or_by_both() {
        let alices = Session::sample();
        let mut with_sid = Session::sample();
        with_sid.identity.idp_session = Some("s".into());
        let both =
            |subject: &str, sid: &str| Whose::UsersIdpSession { subject: subject.into(), sid: sid.into() };
        for (whose, names_first, names_second) in [
            (Whose::User("alice".into()), true, true),
            (Whose::User("bob".into()), false, false),
            (Whose::IdpSession("s".into()), false, true),
            (Whose::IdpSession("t".into()), false, false),
            (both("alice", "s"), true, true),
            (both("alice", "t"), true, false),
            (both("bob", "s"), false, false),
        ] {
            assert_eq!(
                (is_named(&whose, &alices), is_named(&whose, &with_sid)),
                (names_first, names_second),
                "{whose:?}"
            );
        }
    }

    #[test]
    fn log_07_a_logout_means_what_rests_on_older_credentials() {
        let at = Timestamp::from_secs;
        let mut session = Session::sample();
        assert!(session.is_meant_by_logout(at(100)), "nothing is known of its age");
        session.asserted_at = Some(at(100));
        assert!(session.is_meant_by_logout(at(100)) && !session.is_meant_by_logout(at(99)));
        session.identity.authenticated_at = Some(at(50));
        assert!(
            session.is_meant_by_logout(at(50)) && !session.is_meant_by_logout(at(49)),
            "auth_time comes first"
        );
    }
}
