//! A person signs in: away to the IdP, and back.

mod error;
mod response;
mod session;

use std::sync::Arc;

pub use self::error::SignInError;
use self::response::{Bound, Response};
use self::session::{goes_on, may_be_completed, previous, replace_previous, start_session};
use super::clean_up_mark::CleanUpMark;
use super::cookies::NonceCookie;
use super::credentials_mark::CredentialsMark;
use super::transaction::{Ask, LIFETIME, Replaces, Transaction};
use super::{Services, audit};
use crate::oidc::authorization::{Prompt, ResponseMode};
use crate::policy::environment::Environment;
use crate::policy::exemption::Exempt;
use crate::provider::{Provider, ProviderError, SignInRequest};
use crate::random;
use crate::session::id::SessionId;
use crate::session::names::ProviderId;
use crate::session::origin::Origin;
use crate::session::return_to::ReturnTo;
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
    /// What it answers.
    pub answer: Answer<'a>,
    /// Their browser.
    pub nonce: Option<&'a NonceCookie>,
    /// The session that this browser had before.
    pub previous: Option<&'a SessionId>,
    /// What this browser keeps so that a sign-in takes credentials.
    pub mark: Option<CredentialsMark>,
    /// What does not count for this client on a page, by its path.
    pub exempt_at: &'a dyn Fn(&str) -> Exempt,
}

/// What an IdP answers, as it came; nothing of it is proved.
#[derive(Clone, Copy)]
pub enum Answer<'a> {
    /// An authorization response of OpenID Connect.
    Authorization {
        /// Its parameters…
        parameters: &'a str,
        /// …and how they came.
        mode: ResponseMode,
    },
    /// A sign-in response of WS-Federation.
    WsFederation {
        /// The form that was posted.
        form: &'a str,
    },
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
    /// What the browser keeps so that its IdP can end the session by way of it.
    pub clean_up: Option<CleanUpMark>,
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
    match &signed_in {
        Ok(_) => count(services, back.provider, "success"),
        Err(error) => refused(services, back.environment, back.provider, error),
    }
    signed_in
}

/// Writes down that a sign-in came to nothing.
pub fn refused(services: &Services, environment: &Environment, provider: &ProviderId, error: &SignInError) {
    audit::sign_in_refused(&environment.id, provider, error.code(), &error.to_string());
    if error.is_about_the_code() {
        audit::code_injection_suspected(&environment.id, provider, error.code());
    }
    count(services, provider, error.code());
}

fn count(services: &Services, provider: &ProviderId, outcome: &'static str) {
    let labels = OutcomeLabels { provider: provider.to_string(), outcome };
    services.metrics.sign_ins.get_or_create(&labels).inc();
}

async fn complete_unrecorded(
    services: &Services,
    back: &Complete<'_>,
    now: Timestamp,
) -> Result<SignedIn, SignInError> {
    let response = Response::parse(provider(services, back.provider)?, back.answer)?;
    let (transaction, key) =
        Transaction::open(response.state(), &services.keys).map_err(|_| SignInError::ForeignState)?;
    let is_for_here = transaction.provider == *back.provider
        && transaction.environment == back.environment.id
        && transaction.origin == back.origin.to_string();
    if !is_for_here {
        return Err(SignInError::ForeignState);
    }
    let cleans_up = matches!(response, Response::WsFederation(..));
    let settings = services.settings_for_sign_in(back.environment);
    let binds = settings.nonce_cookie || response.needs_nonce_cookie();
    let transaction = in_this_browser(transaction, back.nonce, binds)?;
    if transaction.has_expired(now) {
        return Err(SignInError::Expired { return_to: transaction.return_to });
    }
    response.check(&transaction, now).await?;
    if services.sessions.spend_transaction(&transaction.id, LIFETIME * 2).await? == Spent::Again {
        return Err(SignInError::Spent { return_to: transaction.return_to });
    }
    let previous = previous(services, back.previous, &transaction).await?;
    if !may_be_completed(services, back, &transaction, previous.as_ref(), now).await? {
        return Err(SignInError::Spent { return_to: transaction.return_to });
    }
    let bound = Bound { transaction: &transaction, nonce: back.nonce, key, redirect_uri: back.redirect_uri };
    let (proved, tokens) = response.prove(services, &bound, now).await?;
    if transaction.ask == Ask::Fresh && !transaction.is_authenticated_anew(&proved.identity) {
        return Err(SignInError::CredentialsTooOld);
    }
    let before = previous.as_ref().map(|(_, session)| &**session);
    let is_custom =
        before.is_some_and(|session| services.settings_of(back.environment, session).custom_duration);
    let goes_on = goes_on(&transaction, before, is_custom, &proved, now);
    let (id, is_kept) =
        start_session(services, back.environment, &transaction, proved, tokens, goes_on, now).await?;
    if let Some((id, session)) = previous {
        replace_previous(services, id, &session, now).await;
    }
    let (session, browser) = (id.stored(), transaction.browser);
    let mark = CredentialsMark { browser, signed_out: false, authenticated_at: None };
    Ok(SignedIn {
        id,
        return_to: transaction.return_to,
        is_kept,
        with_credentials: transaction.ask == Ask::Fresh,
        mark: (settings.custom_duration || settings.custom_inactivity).then_some(mark),
        clean_up: cleans_up.then_some(CleanUpMark { session, browser }),
    })
}

/// Did this very browser begin the sign-in? Where an environment does not want to know (row C6), whichever browser brings the
/// answer is the one that is signed in, and takes no other's session over.
fn in_this_browser(
    transaction: Transaction,
    nonce: Option<&NonceCookie>,
    binds: bool,
) -> Result<Transaction, SignInError> {
    match nonce.map(NonceCookie::browser) {
        Some(browser) if browser == transaction.browser => Ok(transaction),
        _ if binds => Err(SignInError::OtherBrowser),
        Some(browser) => Ok(Transaction { browser, replaces: None, ..transaction }),
        None => Ok(Transaction { replaces: None, ..transaction }),
    }
}

fn provider<'a>(services: &'a Services, id: &ProviderId) -> Result<&'a Arc<Provider>, SignInError> {
    services.providers.get(id).ok_or(SignInError::ForeignState)
}
