//! The session that a sign-in comes to, and what it has to do with the one that the browser had before.

use std::sync::Arc;

use super::error::SignInError;
use super::{Complete, provider};
use crate::journeys::settings::ensure_known;
use crate::journeys::transaction::{Ask, Transaction};
use crate::journeys::{Services, activity, audit};
use crate::policy::environment::Environment;
use crate::policy::{rules, schedule};
use crate::provider::Proved;
use crate::random;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::{Lane, SessionId, StoredId};
use crate::session::tokens::Tokens;
use crate::session::{Renewal, Session};
use crate::store::StoreError;
use crate::store::sessions::Found;
use crate::time::Timestamp;

/// May what was begun be completed, after what has happened since? Otherwise it begins anew, where that is judged: what was
/// begun before somebody signed out brings no credentials, and there is nothing to renew silently of a session that is over.
pub(super) async fn may_be_completed(
    services: &Services,
    back: &Complete<'_>,
    transaction: &Transaction,
    previous: Option<&(StoredId, Arc<Session>)>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if transaction.ask == Ask::Fresh {
        return Ok(true);
    }
    if back.mark.is_some_and(|mark| mark.signed_out) {
        return Ok(false);
    }
    if transaction.ask != Ask::Silent {
        return Ok(true);
    }
    let Some((id, session)) = previous else { return Ok(false) };
    let path = url::Url::parse(&transaction.return_to).map(|url| url.path().to_owned());
    let exempt = (back.exempt_at)(path.as_deref().unwrap_or("/"));
    let settings = services.settings_of(back.environment, session).exempting(exempt);
    let used = activity::last_used(services, &settings, *id, session, now).await?;
    Ok(rules::ended(&settings, used, session, now).is_none())
}

/// Makes the session that a sign-in came to, and tells whether the person is kept signed in.
pub(super) async fn start_session(
    services: &Services,
    environment: &Environment,
    transaction: &Transaction,
    proved: Proved,
    tokens: Tokens,
    goes_on: GoesOn<'_>,
    now: Timestamp,
) -> Result<(SessionId, bool), SignInError> {
    ensure_known(services).await?;
    let signed_in_under = services.signed_in_under(environment, goes_on.from);
    let settings = &services.settings_under(environment, &signed_in_under);
    let by_browser = provider(services, &transaction.provider)?.is_checked_by_browser();
    let renewal = match tokens.refresh_token {
        Some(_) if !by_browser => Renewal::Background,
        _ => Renewal::Browser,
    };
    // A browser that must renew the proof although a refresh token could is there to keep the interval (PCI-11).
    let interval_ends = now.plus(settings.policy_check_interval);
    let token_ends = if by_browser { proved.token_ends.min(interval_ends) } else { proved.token_ends };
    let mut session = Session {
        environment: environment.id.clone(),
        denied: environment.access.judge(&proved.identity, &proved.claims).err(),
        identity: proved.identity,
        browser: transaction.browser,
        signed_in_at: goes_on.signed_in_at,
        sign_in_begun_at: transaction.begun_at,
        asserted_at: Some(proved.asserted_at),
        proof: schedule::proof(settings, renewal, now, proved.idp_interval, token_ends),
        renewal,
        idp_session_ends: proved.session_ends,
        kept_signed_in: goes_on.is_kept && settings.keep_me_signed_in,
        reports_input: goes_on.from.is_some_and(|session| session.reports_input),
        signed_in_under: Some(signed_in_under),
        failed_check: None,
        next_check: now,
    };
    session.next_check =
        schedule::next_due(settings, &session, tokens.refresh_token_until, random::fraction());
    let id = SessionId::new(Lane::of(&session.identity.provider));
    services.sessions.create(id.stored(), &session, &tokens, session.next_check, now).await?;
    // Read after the session stands in the indexes: a revocation or a logout either finds it there, or is found here
    // (LOG-08, LOG-12).
    let refused = if services.sessions.is_revoked(&session).await? {
        Some((EndReason::Revoked, SignInError::RevokedMeanwhile))
    } else if services.sessions.is_logged_out(&session).await? {
        Some((EndReason::BackchannelLogout, SignInError::SignedOutMeanwhile))
    } else {
        ended_meanwhile(services, transaction)
            .await?
            .map(|reason| (reason, SignInError::EndedMeanwhile(reason)))
    };
    if let Some((reason, error)) = refused {
        let tombstone = Tombstone { reason, at: now, remark: None };
        services.end_session(id.stored(), &session, &tombstone).await?;
        return Err(error);
    }
    if transaction.ask == Ask::Silent && goes_on.from.is_some() {
        audit::renewed(id.stored(), &session);
    } else {
        audit::signed_in(id.stored(), &session);
    }
    Ok((id, session.kept_signed_in))
}

/// Did somebody end the session that a silent renewal was to go on from, after that began? What another tab had on its way
/// then must not bring it back (A1). Nobody was asked anything meanwhile, so the IdP's answer may be from before that end.
async fn ended_meanwhile(
    services: &Services,
    transaction: &Transaction,
) -> Result<Option<EndReason>, StoreError> {
    let Some(replaced) = transaction.replaces.filter(|_| transaction.ask == Ask::Silent) else {
        return Ok(None);
    };
    Ok(match services.sessions.find(replaced.id).await? {
        Found::Ended(tombstone) if tombstone.reason.is_somebodys_will() => Some(tombstone.reason),
        _ => None,
    })
}

/// What a session takes over from the one that it takes the place of.
#[derive(Clone, Copy)]
pub(super) struct GoesOn<'a> {
    signed_in_at: Timestamp,
    is_kept: bool,
    /// The session of before, where this is the same one, renewed.
    from: Option<&'a Session>,
}

/// A silent renewal is no sign-in: the lengths that count from there go on (rows H5, C9), and so does what the person chose.
/// Nor is one without credentials where a custom length counts. Somebody else has chosen nothing.
pub(super) fn goes_on<'a>(
    transaction: &Transaction,
    previous: Option<&'a Session>,
    is_custom: bool,
    proved: &Proved,
    now: Timestamp,
) -> GoesOn<'a> {
    let anew = GoesOn { signed_in_at: now, is_kept: transaction.keep, from: None };
    let Some(previous) = previous else { return anew };
    if !previous.identity.is_same_person_as(&proved.identity) {
        return GoesOn { is_kept: transaction.keep && transaction.ask != Ask::Silent, ..anew };
    }
    match transaction.ask {
        Ask::Fresh => anew,
        Ask::AsTheIdpSeesFit if !is_custom => anew,
        Ask::AsTheIdpSeesFit | Ask::Silent => GoesOn {
            signed_in_at: previous.signed_in_at,
            is_kept: previous.kept_signed_in || transaction.keep,
            from: Some(previous),
        },
    }
}

/// The live session that this very browser had here before: its cookie names it, or, where a response by POST left the cookie
/// behind, the transaction.
pub(super) async fn previous(
    services: &Services,
    id: Option<&SessionId>,
    transaction: &Transaction,
) -> Result<Option<(StoredId, Arc<Session>)>, StoreError> {
    let id = id.map(SessionId::stored).or_else(|| transaction.replaces.map(|session| session.id));
    let Some(id) = id else { return Ok(None) };
    Ok(match services.sessions.find(id).await? {
        Found::Live(_, session)
            if session.browser == transaction.browser && session.environment == transaction.environment =>
        {
            Some((id, session))
        }
        _ => None,
    })
}

/// A browser has one session; the one before ends (SES-01). If the store fails just then it stays, and lives as long as
/// it would have.
pub(super) async fn replace_previous(services: &Services, id: StoredId, session: &Session, now: Timestamp) {
    let tombstone = Tombstone { reason: EndReason::Replaced, at: now, remark: None };
    if let Err(error) = services.end_session(id, session, &tombstone).await {
        tracing::warn!(session = %id, %error, "previous_session_not_ended");
    }
}
