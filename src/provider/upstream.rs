//! An identity provider, whatever it speaks.

use secrecy::SecretString;
use url::Url;

use super::breaker::CircuitBreaker;
use super::error::ProviderError;
use super::messages::{Documents, SignInRequest};
use super::oidc_provider::OidcProvider;
use super::revocation::RevocationError;
use super::settings::{PolicyCheck, ResponseMode, Settings};
use super::ws_federation::WsFederationProvider;
use crate::session::id::Lane;
use crate::session::names::ProviderId;
use crate::session::tokens::Tokens;
use crate::time::Timestamp;

/// An upstream identity provider.
#[derive(Debug)]
pub enum Provider {
    /// An OpenID Provider.
    Oidc(OidcProvider),
    /// An IdP that speaks WS-Federation.
    WsFederation(WsFederationProvider),
}

impl Provider {
    /// Its name in paths, logs and metrics.
    #[must_use]
    pub fn id(&self) -> &ProviderId {
        match self {
            Self::Oidc(provider) => &provider.settings().id,
            Self::WsFederation(provider) => &provider.settings().id,
        }
    }

    /// Its name on the page where people choose.
    #[must_use]
    pub fn display_name(&self) -> &str {
        match self {
            Self::Oidc(provider) => &provider.settings().display_name,
            Self::WsFederation(provider) => &provider.settings().display_name,
        }
    }

    /// The issuer of what it asserts, byte for byte.
    #[must_use]
    pub fn issuer(&self) -> &str {
        match self {
            Self::Oidc(provider) => &provider.settings().issuer,
            Self::WsFederation(provider) => &provider.settings().issuer,
        }
    }

    /// The OpenID Provider, where it is one.
    #[must_use]
    pub const fn oidc(&self) -> Option<&OidcProvider> {
        match self {
            Self::Oidc(provider) => Some(provider),
            Self::WsFederation(_) => None,
        }
    }

    /// The IdP that speaks WS-Federation, where it is one.
    #[must_use]
    pub const fn ws_federation(&self) -> Option<&WsFederationProvider> {
        match self {
            Self::WsFederation(provider) => Some(provider),
            Self::Oidc(_) => None,
        }
    }

    /// The origin of its pages, as far as it is known.
    #[must_use]
    pub fn page_origin(&self) -> Option<String> {
        let page = match self {
            Self::Oidc(provider) => Url::parse(&provider.settings().issuer).ok(),
            Self::WsFederation(provider) => provider.endpoint(),
        };
        page.map(|page| page.origin().ascii_serialization())
    }

    /// Whether it may be asked just now.
    #[must_use]
    pub const fn breaker(&self) -> &CircuitBreaker {
        match self {
            Self::Oidc(provider) => provider.breaker(),
            Self::WsFederation(provider) => provider.breaker(),
        }
    }

    /// Where its sessions queue for their checks.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane::of(self.id())
    }

    /// Policy checks in a second, of all nodes together.
    #[must_use]
    pub const fn checks_per_second(&self) -> u32 {
        match self {
            Self::Oidc(provider) => provider.settings().checks_per_second,
            // The gateway asks it nothing; only the ends of its sessions come up.
            Self::WsFederation(_) => Settings::DEFAULT_CHECKS_PER_SECOND,
        }
    }

    /// Does its answer to a sign-in come as a form, from its own site?
    #[must_use]
    pub fn answers_by_post(&self) -> bool {
        match self {
            Self::Oidc(provider) => provider.settings().response_mode == ResponseMode::FormPost,
            Self::WsFederation(_) => true,
        }
    }

    /// Does the browser renew the proof at each policy check interval, however long the token lives?
    #[must_use]
    pub fn is_checked_by_browser(&self) -> bool {
        match self {
            Self::Oidc(provider) => provider.settings().policy_check == PolicyCheck::Browser,
            Self::WsFederation(provider) => provider.settings().policy_check == PolicyCheck::Browser,
        }
    }

    /// Did it give these tokens, of a session of that issuer, and to this very client?
    #[must_use]
    pub fn has_given(&self, tokens: &Tokens, issuer: &str) -> bool {
        self.oidc().is_some_and(|provider| provider.has_given(tokens, issuer))
    }

    /// Does it take refresh tokens back?
    #[must_use]
    pub fn revokes_tokens(&self) -> bool {
        self.oidc().is_some_and(OidcProvider::revokes_tokens)
    }

    /// Tells it that nobody will use a refresh token any more.
    ///
    /// # Errors
    ///
    /// [`RevocationError`].
    pub async fn revoke(&self, refresh_token: &SecretString, now: Timestamp) -> Result<(), RevocationError> {
        match self.oidc() {
            Some(provider) => provider.revoke(refresh_token, now).await,
            None => Err(RevocationError::Unsupported),
        }
    }

    /// Is it of no use because it is a test IdP that nobody allowed? Then this is what is said of it.
    #[must_use]
    pub fn refusal(&self) -> Option<ProviderError> {
        match self {
            Self::Oidc(provider) => provider.refusal(),
            Self::WsFederation(provider) => provider.refusal(),
        }
    }

    /// Where to send the browser for a sign-in.
    ///
    /// # Errors
    ///
    /// Where the metadata is not to be had, or the configuration makes no valid request.
    pub async fn sign_in_url(
        &self,
        request: SignInRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, ProviderError> {
        match self {
            Self::Oidc(provider) => provider.sign_in_url(request, now).await,
            Self::WsFederation(provider) => provider.sign_in_url(request, now).await,
        }
    }

    /// Where the browser goes so that the IdP ends its session too; `None` where it has no such place, or none is known yet: a
    /// sign-out never waits for an IdP.
    #[must_use]
    pub fn sign_out_url(
        &self,
        id_token_hint: Option<&SecretString>,
        return_to: &str,
        state: &str,
    ) -> Option<Url> {
        match self {
            Self::Oidc(provider) => provider.sign_out_url(id_token_hint, return_to, state),
            Self::WsFederation(provider) => provider.sign_out_url(return_to),
        }
    }

    /// Is anybody there?
    ///
    /// # Errors
    ///
    /// Where there is no answer, or none that makes sense.
    pub async fn knock(&self) -> Result<(), ProviderError> {
        match self {
            Self::Oidc(provider) => provider.knock().await,
            Self::WsFederation(provider) => provider.knock().await,
        }
    }

    /// Fetches what it publishes where that is missing or old.
    ///
    /// # Errors
    ///
    /// Where there is no copy at hand and none is to be had.
    pub async fn warm_up(&self, now: Timestamp) -> Result<(), ProviderError> {
        match self {
            Self::Oidc(provider) => provider.warm_up(now).await,
            Self::WsFederation(provider) => provider.warm_up(now).await,
        }
    }

    /// The documents at hand, to be kept for a start with the IdP down (row O6).
    #[must_use]
    pub fn documents(&self) -> Option<Documents> {
        match self {
            Self::Oidc(provider) => provider.documents(),
            Self::WsFederation(provider) => provider.documents(),
        }
    }

    /// Puts in documents that were kept.
    ///
    /// # Errors
    ///
    /// Where they are not valid for this IdP (any more).
    pub fn restore(&self, documents: &Documents) -> Result<(), ProviderError> {
        match self {
            Self::Oidc(provider) => provider.restore(documents),
            Self::WsFederation(provider) => provider.restore(documents),
        }
    }
}
