//! One WS-Federation identity provider.

pub mod claims;
pub mod settings;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;
use url::Url;

use self::settings::{Settings, Trust};
use super::breaker::CircuitBreaker;
use super::cache::{Cached, Sender, Want};
use super::error::ProviderError;
use super::messages::{Documents, Proved, SignInRequest};
use super::test_idps::{Guard, TestIdps};
use super::transport::{Transport, TransportSetupError};
use crate::oidc::authorization::Prompt;
use crate::saml::{AssertionError, Expected, TrustedKeys, VerifiedAssertion};
use crate::time::Timestamp;
use crate::wsfed::metadata::{self, FederationMetadata, MetadataError};
use crate::wsfed::{response, sign_in, sign_out};

/// Clocks may be apart by this much.
const SKEW: Duration = Duration::from_secs(60);
/// A token whose key is unknown makes us fetch the metadata again, and not more often than this: whoever begins a sign-in can
/// post one. (Others' tokens are refused before they are looked at.)
const REFETCH_PAUSE: Duration = Duration::from_secs(300);
/// The claim by which an issuer repeats the request under its signature: base64url of the SHA-256 of `wctx`.
const SIGNED_CONTEXT: &str = "urn:hourgate:wctx-s256";

/// A WS-Federation IdP as the gateway's configuration describes it.
#[derive(Debug)]
pub struct WsFederationProvider {
    settings: Settings,
    transport: Transport,
    metadata: Cached<FederationMetadata>,
    breaker: CircuitBreaker,
    test_idps: Guard,
}

/// What a token answers.
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    /// `wctx`, as it was sent and came back.
    pub wctx: &'a str,
    /// When the browser was sent away.
    pub begun_at: Timestamp,
    /// Did the request say that the person must enter credentials?
    pub asked_for_credentials: bool,
}

/// An assertion that is to be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleUse {
    /// Its id.
    pub id: String,
    /// Until when it would be good otherwise.
    pub good_until: Timestamp,
}

/// Why a token does not answer the challenge, though the IdP made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ChallengeError {
    #[error("it was issued before this sign-in was begun: a token of another sign-in was put in its place")]
    IssuedBefore,
    #[error(
        "it does not say when credentials were entered, although that was asked for; the identity provider must send an authentication statement"
    )]
    AuthenticationInstantMissing,
    #[error("credentials were entered before they were asked for (wfresh=0)")]
    AuthenticationTooOld,
    #[error("it says that credentials will be entered, where it must say that they were (wfresh=0)")]
    AuthenticationToCome,
    #[error("the person signed in by another method than wauth asked for")]
    OtherMethod,
    #[error("it does not repeat this sign-in's context under its signature (urn:hourgate:wctx-s256)")]
    SignedContext,
    #[error("it names nobody: the claim or name that says who somebody is must be there, once")]
    NoSubject,
}

impl ChallengeError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::IssuedBefore => "issued_before_challenge",
            Self::AuthenticationInstantMissing => "authn_instant_missing",
            Self::AuthenticationTooOld | Self::AuthenticationToCome => "authn_instant",
            Self::OtherMethod => "authn_method",
            Self::SignedContext => "signed_context",
            Self::NoSubject => "no_subject",
        }
    }
}

impl WsFederationProvider {
    /// Makes the client; calls nobody.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new(settings: Settings, test_idps: TestIdps) -> Result<Self, TransportSetupError> {
        let is_https = match &settings.trust {
            Trust::Metadata { url, .. } => url.scheme() == "https",
            Trust::Pinned(_) => true,
        };
        let (ca_file, timeout) = (settings.ca_file.as_deref(), settings.timeout);
        Ok(Self {
            transport: Transport::new(&settings.id, ca_file, timeout, is_https)?,
            settings,
            metadata: Cached::refetched_after(REFETCH_PAUSE),
            breaker: CircuitBreaker::default(),
            test_idps: Guard::new(test_idps),
        })
    }

    /// What the operator says about it.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether it may be asked just now. It is asked nothing in the background.
    #[must_use]
    pub const fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// What is said of it where it is of no use because it is a test IdP.
    #[must_use]
    pub fn refusal(&self) -> Option<ProviderError> {
        self.test_idps.refusal(&self.settings.issuer, self.metadata.good().is_some())
    }

    /// Where to send the browser for a sign-in. Silence is not to be had: an IdP that must see the person shows them its page.
    ///
    /// # Errors
    ///
    /// Where the metadata is not to be had.
    pub async fn sign_in_url(
        &self,
        request: SignInRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, ProviderError> {
        let metadata = self.metadata(Want::Any, now).await?;
        let request = sign_in::SignInRequest {
            endpoint: &metadata.sign_in_url,
            realm: &self.settings.realm,
            reply: request.redirect_uri,
            context: request.state,
            wants_credentials: request.prompt == Prompt::Login,
            method: self.settings.method_for(request.prompt == Prompt::Login),
            home_realm: self.settings.home_realm.as_deref(),
            user_name: request.login_hint,
        };
        Ok(request.url(now))
    }

    /// Its passive endpoint, where it is known.
    #[must_use]
    pub fn endpoint(&self) -> Option<Url> {
        Some(self.at_hand()?.sign_in_url.clone())
    }

    /// Where the browser goes so that the IdP ends its session too; `None` where no metadata is at hand.
    #[must_use]
    pub fn sign_out_url(&self, return_to: &str) -> Option<Url> {
        let metadata = self.at_hand()?;
        Some(sign_out::url(&metadata.sign_out_url, &self.settings.realm, return_to))
    }

    /// Judges the token that answers a sign-in: whom does it prove to be there? That it is used once is for the caller to see
    /// to.
    ///
    /// # Errors
    ///
    /// Where it does not pass, or no keys are to be had.
    pub async fn prove(
        &self,
        wresult: &str,
        challenge: Challenge<'_>,
        now: Timestamp,
    ) -> Result<(Proved, SingleUse), ProviderError> {
        let assertion = self.verify(wresult, now).await?;
        self.answers(&assertion, challenge, now)?;
        let identity = claims::identity(&self.settings, &assertion).ok_or(ChallengeError::NoSubject)?;
        let proved = Proved {
            identity,
            claims: claims::as_json(&assertion),
            idp_interval: None,
            asserted_at: assertion.issued_at(),
            token_ends: assertion.expires_at(),
            session_ends: assertion.session_ends(),
        };
        let single_use =
            SingleUse { id: assertion.id().to_owned(), good_until: assertion.expires_at().plus(SKEW) };
        Ok((proved, single_use))
    }

    /// With one refetch of the metadata where its key is unknown.
    async fn verify(&self, wresult: &str, now: Timestamp) -> Result<VerifiedAssertion, ProviderError> {
        let metadata = self.metadata(Want::Any, now).await?;
        match self.judge(wresult, &metadata.keys, now) {
            Err(error) if error.is_unknown_key() => {
                let newer = self.metadata(Want::Newer(Sender::Idp), now).await?;
                if newer.keys == metadata.keys {
                    return Err(error.into());
                }
                Ok(self.judge(wresult, &newer.keys, now)?)
            }
            judged => Ok(judged?),
        }
    }

    fn judge(
        &self,
        wresult: &str,
        keys: &TrustedKeys,
        now: Timestamp,
    ) -> Result<VerifiedAssertion, AssertionError> {
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.realm,
            keys,
            decryption: self.settings.decryption.as_deref(),
            accepts_sha1: self.settings.accepts_sha1,
            accepts_cbc: self.settings.accepts_cbc,
            requires_bearer: self.settings.requires_bearer,
            longest_life: self.settings.longest_token,
            skew: SKEW,
        };
        response::verify(wresult, &expected, now)
    }

    /// Was it made for this sign-in, as far as that shows? `wctx` lies outside the signature, so whoever holds a stolen token can
    /// post it with a `wctx` of their own; it is then older than the challenge, or does not repeat it.
    fn answers(
        &self,
        assertion: &VerifiedAssertion,
        challenge: Challenge<'_>,
        now: Timestamp,
    ) -> Result<(), ChallengeError> {
        let begun_at = challenge.begun_at.minus(SKEW);
        if assertion.issued_at() < begun_at {
            return Err(ChallengeError::IssuedBefore);
        }
        if challenge.asked_for_credentials {
            let at = assertion.authenticated_at().ok_or(ChallengeError::AuthenticationInstantMissing)?;
            if at < begun_at {
                return Err(ChallengeError::AuthenticationTooOld);
            }
            // Some libraries write one that is always to come: it proves nothing.
            if at > now.plus(SKEW) {
                return Err(ChallengeError::AuthenticationToCome);
            }
        }
        if let Some(method) = self.settings.method_for(challenge.asked_for_credentials)
            && assertion.authentication_method() != Some(method)
        {
            return Err(ChallengeError::OtherMethod);
        }
        let expected = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, challenge.wctx.as_bytes()));
        let is_it = |said: &str| bool::from(said.as_bytes().ct_eq(expected.as_bytes()));
        match assertion.claims().get(SIGNED_CONTEXT).map(Vec::as_slice) {
            None if !self.settings.requires_signed_context => Ok(()),
            Some([said]) if is_it(said) => Ok(()),
            _ => Err(ChallengeError::SignedContext),
        }
    }

    // === metadata ===

    /// Is anybody there?
    ///
    /// # Errors
    ///
    /// Where the metadata is not to be had.
    pub async fn knock(&self) -> Result<(), ProviderError> {
        match &self.settings.trust {
            Trust::Pinned(_) => Ok(()),
            Trust::Metadata { url, .. } => self.fetch(url).await.map(drop),
        }
    }

    /// Fetches the metadata where it is missing or old.
    ///
    /// # Errors
    ///
    /// Where there is no copy at hand and none is to be had.
    pub async fn warm_up(&self, now: Timestamp) -> Result<(), ProviderError> {
        self.metadata(Want::Any, now).await.map(drop)
    }

    /// The metadata at hand, to be kept for a start with the IdP down (row O6).
    #[must_use]
    pub fn documents(&self) -> Option<Documents> {
        let metadata = String::from_utf8_lossy(&self.metadata.good()?.document).into_owned();
        Some(Documents { metadata, keys: None })
    }

    /// Puts in metadata that was kept.
    ///
    /// # Errors
    ///
    /// Where it is not valid for this IdP (any more).
    pub fn restore(&self, documents: &Documents) -> Result<(), ProviderError> {
        let document = documents.metadata.as_bytes();
        self.metadata.restore(self.parse(document)?, document);
        Ok(())
    }

    fn at_hand(&self) -> Option<Arc<FederationMetadata>> {
        match &self.settings.trust {
            Trust::Pinned(said) => Some(said.clone()),
            Trust::Metadata { .. } => Some(self.metadata.good()?.value),
        }
    }

    async fn metadata(&self, want: Want, now: Timestamp) -> Result<Arc<FederationMetadata>, ProviderError> {
        match &self.settings.trust {
            Trust::Pinned(said) => Ok(said.clone()),
            Trust::Metadata { url, .. } => {
                let metadata = self.metadata.get(want, now, self.fetch(url)).await;
                metadata.map_err(|error| self.refusal().unwrap_or(error))
            }
        }
    }

    async fn fetch(&self, url: &Url) -> Result<(FederationMetadata, Vec<u8>), ProviderError> {
        let fetched = match self.transport.get(url.as_str(), "application/samlmetadata+xml, */*", None).await
        {
            Ok(document) => self.parse(&document).map(|parsed| (parsed, document)),
            Err(error) => Err(unusable(error.to_string())),
        };
        let fetched = fetched.map_err(|error| match error {
            ProviderError::Document { what, cause } => {
                ProviderError::Document { what, cause: format!("{url}: {cause}") }
            }
            other => other,
        });
        fetched.inspect_err(|error| {
            tracing::warn!(provider = %self.settings.id, %error, "idp_document_unavailable");
        })
    }

    fn parse(&self, document: &[u8]) -> Result<FederationMetadata, ProviderError> {
        let signed_by = match &self.settings.trust {
            Trust::Metadata { signed_by, .. } => signed_by.as_ref(),
            Trust::Pinned(_) => None,
        };
        let parsed =
            metadata::parse(document, &self.settings.issuer, signed_by).map_err(|error| match error {
                MetadataError::EntityId => ProviderError::Misconfigured(format!(
                    "{error}: compare entityID there with issuer = {:?}",
                    self.settings.issuer
                )),
                _ => unusable(error.to_string()),
            })?;
        if parsed.skipped > 0 {
            let skipped = parsed.skipped;
            tracing::warn!(provider = %self.settings.id, skipped, "idp_keys_ignored: neither RSA of 2048 bits nor P-256 or P-384");
        }
        if self.test_idps.admits(parsed.is_test_idp) {
            Ok(parsed)
        } else {
            Err(ProviderError::TestIdp { issuer: self.settings.issuer.clone() })
        }
    }
}

fn unusable(cause: String) -> ProviderError {
    ProviderError::Document { what: "federation metadata", cause }
}
