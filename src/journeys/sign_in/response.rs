//! What an IdP answers to a sign-in, as far as the protocols differ: how it is read, and what proves who somebody is.

use super::Answer;
use super::error::{SignInError, of_idp};
use crate::journeys::Services;
use crate::journeys::cookies::NonceCookie;
use crate::journeys::transaction::{Ask, Transaction};
use crate::keys::KeyId;
use crate::oidc::authorization::{Outcome, ResponseError, UnverifiedAuthenticationResponse};
use crate::provider::ws_federation::Challenge;
use crate::provider::{CodeGrant, OidcProvider, Proved, Provider, WsFederationProvider};
use crate::session::tokens::Tokens;
use crate::store::Spent;
use crate::time::Timestamp;
use crate::wsfed::sign_in::UnverifiedSignInResponse;

/// An answer of which nothing is proved yet.
pub(super) enum Response<'a> {
    /// With a code, or an error, of an OpenID Provider.
    Oidc(&'a OidcProvider, UnverifiedAuthenticationResponse),
    /// With a token that came by the browser, of a WS-Federation IdP.
    WsFederation(&'a WsFederationProvider, UnverifiedSignInResponse),
}

impl<'a> Response<'a> {
    /// Reads the parameters; nothing is believed.
    pub(super) fn parse(provider: &'a Provider, answer: Answer<'_>) -> Result<Self, SignInError> {
        match (provider, answer) {
            (Provider::Oidc(provider), Answer::Authorization { parameters, mode }) => {
                if provider.settings().response_mode != mode {
                    return Err(ResponseError::WrongMode.into());
                }
                Ok(Self::Oidc(provider, UnverifiedAuthenticationResponse::parse(parameters)?))
            }
            (Provider::WsFederation(provider), Answer::WsFederation { form }) => {
                Ok(Self::WsFederation(provider, UnverifiedSignInResponse::parse(form)?))
            }
            // The answer of one protocol at the address of the other.
            _ => Err(ResponseError::WrongMode.into()),
        }
    }

    /// The sealed transaction that came along.
    pub(super) fn state(&self) -> &str {
        match self {
            Self::Oidc(_, response) => &response.state,
            Self::WsFederation(_, response) => &response.wctx,
        }
    }

    /// Must the browser prove by its cookie that it began this? What a code is worth is derived from that cookie; a token is
    /// worth something by itself, and an environment can do without (row C6).
    pub(super) const fn needs_nonce_cookie(&self) -> bool {
        matches!(self, Self::Oidc(..))
    }

    /// Is there something to prove somebody by? Asked before anything is spent.
    pub(super) async fn check(&self, transaction: &Transaction, now: Timestamp) -> Result<(), SignInError> {
        if let Self::Oidc(provider, response) = self {
            response.check_issuer(&*provider.metadata(now).await?)?;
            if let Outcome::Error(error) = &response.outcome {
                return Err(of_idp(transaction, error));
            }
        }
        Ok(())
    }

    /// Who it proves somebody to be, and the tokens that are kept.
    pub(super) async fn prove(
        self,
        services: &Services,
        bound: &Bound<'_>,
        now: Timestamp,
    ) -> Result<(Proved, Tokens), SignInError> {
        match self {
            Self::Oidc(provider, response) => redeem(services, provider, response, bound, now).await,
            Self::WsFederation(provider, response) => {
                let proved = verify(services, provider, &response, bound.transaction, now).await?;
                Ok((proved, Tokens::none()))
            }
        }
    }
}

/// A sign-in of which it is known that this browser began it.
pub(super) struct Bound<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) nonce: Option<&'a NonceCookie>,
    pub(super) key: KeyId,
    pub(super) redirect_uri: &'a str,
}

async fn redeem(
    services: &Services,
    provider: &OidcProvider,
    response: UnverifiedAuthenticationResponse,
    bound: &Bound<'_>,
    now: Timestamp,
) -> Result<(Proved, Tokens), SignInError> {
    let transaction = bound.transaction;
    let code = match response.outcome {
        Outcome::Code(code) => code,
        Outcome::Error(error) => return Err(of_idp(transaction, &error)),
    };
    let nonce = bound.nonce.ok_or(SignInError::OtherBrowser)?;
    let secrets = transaction.secrets(nonce, bound.key, &services.keys).ok_or(SignInError::ForeignState)?;
    let grant = CodeGrant {
        code: &code,
        redirect_uri: bound.redirect_uri,
        pkce_verifier: &secrets.pkce_verifier,
        nonce: &secrets.nonce,
        authenticated_since: (transaction.ask == Ask::Fresh).then_some(transaction.begun_at),
    };
    let (granted, proved) = provider.redeem(grant, now).await?;
    let tokens = Tokens {
        refresh_token: granted.refresh_token,
        refresh_token_until: granted.refresh_token_until,
        id_token: granted.id_token,
        unanswered_since: None,
        rotates: None,
        client_id: Some(provider.settings().client_id.clone()),
        nonce: secrets.nonce,
    };
    Ok((proved, tokens))
}

/// An assertion is good once, on whichever node it comes; with the store away nobody knows, and it is refused.
async fn verify(
    services: &Services,
    provider: &WsFederationProvider,
    response: &UnverifiedSignInResponse,
    transaction: &Transaction,
    now: Timestamp,
) -> Result<Proved, SignInError> {
    let challenge = Challenge {
        wctx: &response.wctx,
        begun_at: transaction.begun_at,
        asked_for_credentials: transaction.ask == Ask::Fresh,
    };
    let (proved, assertion) = provider.prove(&response.wresult, challenge, now).await?;
    let issuer = &proved.identity.issuer;
    match services.sessions.spend_assertion(issuer, &assertion.id, assertion.good_until.since(now)).await? {
        Spent::First => Ok(proved),
        Spent::Again => Err(SignInError::Replayed),
    }
}
