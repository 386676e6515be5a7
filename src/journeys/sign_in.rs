//! A person signs in: away to the IdP, and back.

mod error;
mod session;

use std::sync::Arc;

pub use self::error::SignInError;
use self::error::of_idp;
use self::session::{goes_on, may_be_completed, previous, replace_previous, start_session};
use super::cookies::NonceCookie;
use super::credentials_mark::CredentialsMark;
use super::transaction::{Ask, LIFETIME, Replaces, Transaction};
use super::{Services, audit};
use crate::oidc::authorization::{
    Outcome, Prompt, ResponseError, ResponseMode, UnverifiedAuthenticationResponse,
};
use crate::oidc::id_token::IdTokenError;
use crate::policy::environment::Environment;
use crate::policy::exemption::Exempt;
use crate::provider::{CodeGrant, OidcProvider, ProviderError, SignInRequest};
use crate::random;
use crate::session::id::SessionId;
use crate::session::names::ProviderId;
use crate::session::origin::Origin;
use crate::session::return_to::ReturnTo;
use crate::session::tokens::Tokens;
use crate::store::Spent;
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
    /// What does not count for this client on a page, by its path.
    pub exempt_at: &'a dyn Fn(&str) -> Exempt,
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
        Outcome::Error(error) => return Err(of_idp(transaction, error)),
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

fn provider<'a>(services: &'a Services, id: &ProviderId) -> Result<&'a Arc<OidcProvider>, SignInError> {
    services.providers.get(id).ok_or(SignInError::ForeignState)
}
