//! A person signs in: away to the IdP, and back.

use std::sync::Arc;

use super::cookies::NonceCookie;
use super::credentials_mark::CredentialsMark;
use super::settings::ensure_known;
use super::transaction::{Ask, LIFETIME, Replaces, Transaction};
use super::{Services, activity, audit};
use crate::oidc::authorization::{
    Outcome, Prompt, ResponseError, ResponseMode, UnverifiedAuthenticationResponse,
};
use crate::oidc::id_token::IdTokenError;
use crate::oidc::token::TokenError;
use crate::policy::environment::Environment;
use crate::policy::exemption::exempt_somebody;
use crate::policy::{rules, schedule};
use crate::provider::settings::PolicyCheck;
use crate::provider::{CodeGrant, OidcProvider, Proved, ProviderError, SignInRequest};
use crate::random;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::{Lane, SessionId, StoredId};
use crate::session::names::ProviderId;
use crate::session::origin::Origin;
use crate::session::return_to::ReturnTo;
use crate::session::tokens::Tokens;
use crate::session::{Renewal, Session};
use crate::store::sessions::Found;
use crate::store::{Spent, StoreError};
use crate::telemetry::OutcomeLabels;
use crate::time::Timestamp;

/// Somebody wants to sign in.
#[derive(Clone)]
pub struct Begin<'a> {
    /// For this environment…
    pub environment: &'a Environment,
    /// …on this origin of it.
    pub origin: &'a Origin,
    /// The gateway's redirect URI on that origin for that IdP.
    pub redirect_uri: &'a str,
    /// The IdP.
    pub provider: &'a ProviderId,
    /// Where they want to go.
    pub return_to: &'a ReturnTo,
    /// Their browser.
    pub nonce: &'a NonceCookie,
    /// What the IdP is asked about them.
    pub ask: Ask,
    /// Who they say they are, to spare them typing.
    pub login_hint: Option<&'a str>,
    /// The live session that their browser has here.
    pub replaces: Option<Replaces>,
    /// Do they want to be kept signed in?
    pub keep: bool,
    /// When whoever signed out in their browser had entered credentials, by the IdP's clock.
    pub authenticated_after: Option<Timestamp>,
}

/// Somebody comes back from an IdP.
#[derive(Clone)]
pub struct Complete<'a> {
    /// To this environment…
    pub environment: &'a Environment,
    /// …on this origin of it.
    pub origin: &'a Origin,
    /// The gateway's redirect URI on that origin for that IdP.
    pub redirect_uri: &'a str,
    /// The IdP whose callback was called.
    pub provider: &'a ProviderId,
    /// The parameters, unproved…
    pub parameters: &'a str,
    /// …and how they came.
    pub mode: ResponseMode,
    /// Their browser.
    pub nonce: Option<&'a NonceCookie>,
    /// The session that this browser had before.
    pub previous: Option<&'a SessionId>,
    /// What this browser keeps so that a sign-in takes credentials.
    pub mark: Option<CredentialsMark>,
}

/// A sign-in that came to an end.
pub struct SignedIn {
    /// The new session; goes into the cookie and nowhere else.
    pub id: SessionId,
    /// Where the person wanted to go, as it was when the sign-in began; to be judged again.
    pub return_to: String,
    /// Are they kept signed in?
    pub is_kept: bool,
    /// Have they entered credentials, as the IdP proved?
    pub with_credentials: bool,
    /// What the browser keeps: under custom settings the next sign-in takes credentials, also where the session cookie is gone.
    pub mark: Option<CredentialsMark>,
}

/// Why a sign-in did not succeed. `return_to` is where the person wanted to go, to be judged again.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SignInError {
    #[error("the identity provider's response is malformed: {0}")]
    Response(#[from] ResponseError),
    #[error("the state is not one that this gateway made for this address")]
    ForeignState,
    #[error("the sign-in was begun in another browser, or this browser keeps no cookies")]
    OtherBrowser,
    #[error("the sign-in took longer than ten minutes")]
    Expired { return_to: String },
    #[error("the sign-in was completed before")]
    Spent { return_to: String },
    #[error("the identity provider cannot answer without asking the person ({error})")]
    NeedsThePerson { return_to: String, error: String },
    #[error("the identity provider refused the sign-in ({error})")]
    Refused { error: String },
    #[error("the identity provider could not complete the sign-in ({error})")]
    IdpFailed { error: String },
    #[error("the user was revoked while the sign-in was under way")]
    RevokedMeanwhile,
    #[error("the identity provider signed the user out while the sign-in was under way")]
    SignedOutMeanwhile,
    #[error("the session that this sign-in was to go on from was ended while it was under way ({})", .0.code())]
    EndedMeanwhile(EndReason),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Response(ResponseError::WrongIssuer) => "wrong_issuer",
            Self::Response(_) => "malformed_response",
            Self::ForeignState => "foreign_state",
            Self::OtherBrowser => "other_browser",
            Self::Expired { .. } => "sign_in_expired",
            Self::Spent { .. } => "sign_in_spent",
            Self::NeedsThePerson { .. } => "interaction_required",
            Self::Refused { .. } => "idp_denied",
            Self::IdpFailed { .. } => "idp_error",
            Self::RevokedMeanwhile => "revoked",
            Self::SignedOutMeanwhile => "backchannel_logout",
            Self::EndedMeanwhile(reason) => reason.code(),
            Self::Provider(ProviderError::Token(TokenError::InvalidGrant)) => "code_refused",
            Self::Provider(
                ProviderError::Token(TokenError::OurFault(_)) | ProviderError::Misconfigured(_),
            ) => "misconfigured",
            Self::Provider(ProviderError::TestIdp { .. }) => "test_idp",
            Self::Provider(ProviderError::IdToken(error)) => error.code(),
            Self::Provider(ProviderError::OtherUser(_)) => "userinfo_sub",
            Self::Provider(ProviderError::NoIdToken) => "id_token_missing",
            Self::Provider(_) => "idp_unavailable",
            Self::Store(_) => "store_unavailable",
        }
    }
}

impl SignInError {
    /// Does the IdP, or the ID token, say that the code is not the one of this sign-in? The PKCE verifier and the nonce are
    /// this browser's, so a code of somebody else's ends here (AUT-03).
    const fn is_about_the_code(&self) -> bool {
        matches!(
            self,
            Self::Provider(
                ProviderError::Token(TokenError::InvalidGrant)
                    | ProviderError::IdToken(IdTokenError::Nonce | IdTokenError::CodeHash)
            )
        )
    }
}

/// Begins a sign-in: where to send the browser. Nothing is stored.
///
/// # Errors
///
/// Where the IdP's metadata is not to be had, or the configuration makes no valid request.
pub async fn begin(services: &Services, begin: Begin<'_>, now: Timestamp) -> Result<url::Url, SignInError> {
    let transaction = Transaction {
        id: random::bytes(),
        provider: begin.provider.clone(),
        environment: begin.environment.id.clone(),
        origin: begin.origin.to_string(),
        return_to: begin.return_to.to_string(),
        browser: begin.nonce.browser(),
        begun_at: now,
        ask: begin.ask,
        replaces: begin.replaces,
        keep: begin.keep,
        authenticated_after: begin.authenticated_after,
    };
    let secrets = transaction
        .secrets(begin.nonce, services.keys.current(now), &services.keys)
        .ok_or(SignInError::ForeignState)?;
    let request = SignInRequest {
        redirect_uri: begin.redirect_uri,
        state: &transaction.seal(&services.keys),
        nonce: &secrets.nonce,
        pkce_verifier: &secrets.pkce_verifier,
        prompt: match begin.ask {
            Ask::AsTheIdpSeesFit => Prompt::AsTheIdpSeesFit,
            Ask::Fresh => Prompt::Login,
            Ask::Silent => Prompt::None,
        },
        login_hint: begin.login_hint,
    };
    let provider = provider(services, begin.provider)?;
    if provider.breaker().is_silent(now) {
        // The way there is known, but nobody would be let in at its end.
        return Err(ProviderError::Away.into());
    }
    Ok(provider.sign_in_url(request, now).await?)
}

/// Completes a sign-in. The order of the checks is the point: the IdP is asked only after this browser is known to have
/// begun this very sign-in, and the store is written only after the IdP has answered.
///
/// # Errors
///
/// [`SignInError`]; nobody is signed in.
pub async fn complete(
    services: &Services,
    back: Complete<'_>,
    now: Timestamp,
) -> Result<SignedIn, SignInError> {
    let signed_in = complete_unrecorded(services, &back, now).await;
    let outcome = match &signed_in {
        Ok(_) => "success",
        Err(error) => {
            audit::sign_in_refused(&back.environment.id, back.provider, error.code(), &error.to_string());
            if error.is_about_the_code() {
                audit::code_injection_suspected(&back.environment.id, back.provider, error.code());
            }
            error.code()
        }
    };
    let labels = OutcomeLabels { provider: back.provider.to_string(), outcome };
    services.metrics.sign_ins.get_or_create(&labels).inc();
    signed_in
}

async fn complete_unrecorded(
    services: &Services,
    back: &Complete<'_>,
    now: Timestamp,
) -> Result<SignedIn, SignInError> {
    let provider = provider(services, back.provider)?;
    if provider.settings().response_mode != back.mode {
        return Err(ResponseError::WrongMode.into());
    }
    let response = UnverifiedAuthenticationResponse::parse(back.parameters)?;
    let (transaction, key) =
        Transaction::open(&response.state, &services.keys).map_err(|_| SignInError::ForeignState)?;
    let is_for_here = transaction.provider == *back.provider
        && transaction.environment == back.environment.id
        && transaction.origin == back.origin.to_string();
    if !is_for_here {
        return Err(SignInError::ForeignState);
    }
    let nonce =
        back.nonce.filter(|nonce| nonce.browser() == transaction.browser).ok_or(SignInError::OtherBrowser)?;
    if transaction.has_expired(now) {
        return Err(SignInError::Expired { return_to: transaction.return_to });
    }
    response.check_issuer(&*provider.metadata(now).await?)?;
    let code = match response.outcome {
        Outcome::Code(code) => code,
        Outcome::Error(error) => return Err(idp_error(transaction, error)),
    };
    if services.sessions.spend_transaction(&transaction.id, LIFETIME * 2).await? == Spent::Again {
        return Err(SignInError::Spent { return_to: transaction.return_to });
    }
    let previous = previous(services, back.previous, &transaction).await?;
    if !may_be_completed(services, back, &transaction, previous.as_ref(), now).await? {
        return Err(SignInError::Spent { return_to: transaction.return_to });
    }
    let secrets = transaction.secrets(nonce, key, &services.keys).ok_or(SignInError::ForeignState)?;
    let grant = CodeGrant {
        code: &code,
        redirect_uri: back.redirect_uri,
        pkce_verifier: &secrets.pkce_verifier,
        nonce: &secrets.nonce,
        authenticated_since: (transaction.ask == Ask::Fresh).then_some(transaction.begun_at),
    };
    let (granted, proved) = provider.redeem(grant, now).await?;
    if transaction.ask == Ask::Fresh && !transaction.is_authenticated_anew(&proved.identity) {
        return Err(ProviderError::from(IdTokenError::AuthTimeTooOld).into());
    }
    let before = previous.as_ref().map(|(_, session)| &**session);
    let is_custom =
        before.is_some_and(|session| services.settings_of(back.environment, session).custom_duration);
    let goes_on = goes_on(&transaction, before, is_custom, &proved, now);
    let tokens = Tokens {
        refresh_token: granted.refresh_token,
        refresh_token_until: granted.refresh_token_until,
        id_token: granted.id_token,
        unanswered_since: None,
        rotates: None,
        client_id: Some(provider.settings().client_id.clone()),
        nonce: secrets.nonce,
    };
    let (id, is_kept) =
        start_session(services, back.environment, &transaction, proved, tokens, goes_on, now).await?;
    if let Some((id, session)) = previous {
        replace_previous(services, id, &session, now).await;
    }
    let settings = services.settings_for_sign_in(back.environment);
    let browser = transaction.browser;
    let mark = CredentialsMark { browser, signed_out: false, authenticated_at: None };
    Ok(SignedIn {
        id,
        return_to: transaction.return_to,
        is_kept,
        with_credentials: transaction.ask == Ask::Fresh,
        mark: (settings.custom_duration || settings.custom_inactivity).then_some(mark),
    })
}

/// May what was begun be completed, after what has happened since? Otherwise it begins anew, where that is judged: what was
/// begun before somebody signed out brings no credentials, and there is nothing to renew silently of a session that is over.
async fn may_be_completed(
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
    let settings = services
        .settings_of(back.environment, session)
        .exempting(exempt_somebody(&back.environment.exemptions));
    let used = activity::last_used(services, &settings, *id, session, now).await?;
    Ok(rules::ended(&settings, used, session, now).is_none())
}

fn idp_error(transaction: Transaction, error: String) -> SignInError {
    match error.as_str() {
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required"
            if transaction.ask == Ask::Silent =>
        {
            SignInError::NeedsThePerson { return_to: transaction.return_to, error }
        }
        "server_error" | "temporarily_unavailable" => SignInError::IdpFailed { error },
        // Only registered codes are repeated: the text comes from whoever made the URL.
        "access_denied"
        | "unauthorized_client"
        | "invalid_request"
        | "invalid_scope"
        | "unsupported_response_type"
        | "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => SignInError::Refused { error },
        _ => SignInError::Refused { error: "unregistered error code".into() },
    }
}

async fn start_session(
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
    let by_browser =
        provider(services, &transaction.provider)?.settings().policy_check == PolicyCheck::Browser;
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
    audit::signed_in(id.stored(), &session);
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
struct GoesOn<'a> {
    signed_in_at: Timestamp,
    is_kept: bool,
    /// The session of before, where this is the same one, renewed.
    from: Option<&'a Session>,
}

/// A silent renewal is no sign-in: the lengths that count from there go on (rows H5, C9), and so does what the person chose.
/// Nor is one without credentials where a custom length counts. Somebody else has chosen nothing.
fn goes_on<'a>(
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
async fn previous(
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
async fn replace_previous(services: &Services, id: StoredId, session: &Session, now: Timestamp) {
    let tombstone = Tombstone { reason: EndReason::Replaced, at: now, remark: None };
    if let Err(error) = services.end_session(id, session, &tombstone).await {
        tracing::warn!(session = %id, %error, "previous_session_not_ended");
    }
}

fn provider<'a>(services: &'a Services, id: &ProviderId) -> Result<&'a Arc<OidcProvider>, SignInError> {
    services.providers.get(id).ok_or(SignInError::ForeignState)
}
