//! One OpenID Provider.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use oauth2::AccessToken;
use openidconnect::core::CoreJsonWebKeySet;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use url::Url;

use super::breaker::CircuitBreaker;
use super::cache::{Cached, Sender, Want};
use super::claims;
use super::error::ProviderError;
use super::messages::{CodeGrant, Documents, Granted, Proved, SignInRequest};
use super::pushed_authorization::MOST_AT_ONCE;
use super::settings::Settings;
use super::test_idps::{Guard, TestIdps};
use super::transport::{Transport, TransportSetupError};
use crate::oidc::authorization::AuthenticationRequest;
use crate::oidc::id_token::{self, Expected, ExpectedNonce, IdTokenError, VerifiedIdToken};
use crate::oidc::jws::JwsError;
use crate::oidc::keys;
use crate::oidc::metadata::{self, DocumentError, ProviderMetadata};
use crate::oidc::rp_initiated_logout::LogoutRequest;
use crate::oidc::token::{self, TokenError, TokenResponse, classify};
use crate::oidc::userinfo::{self, UserinfoError};
use crate::session::identity::Identity;
use crate::session::tokens::Tokens;
use crate::time::Timestamp;

/// An OpenID Provider as the gateway's configuration describes it.
#[derive(Debug)]
pub struct OidcProvider {
    pub(super) settings: Settings,
    pub(super) transport: Transport,
    pub(super) metadata: Cached<ProviderMetadata>,
    pub(super) keys: Cached<CoreJsonWebKeySet>,
    breaker: CircuitBreaker,
    /// Did it ever give a new refresh token with a refresh? 0 none was made, 1 no, 2 yes.
    rotates: AtomicU8,
    pushes: Semaphore,
    test_idps: Guard,
}

/// What its documents are, and userinfo.
const JSON: &str = "application/json";

impl OidcProvider {
    /// Makes the client; calls nobody.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new(settings: Settings, test_idps: TestIdps) -> Result<Self, TransportSetupError> {
        let transport = Transport::new(
            &settings.id,
            settings.ca_file.as_deref(),
            settings.timeout,
            settings.issuer.starts_with("https:"),
        )?;
        Ok(Self {
            settings,
            transport,
            metadata: Cached::new(),
            keys: Cached::new(),
            pushes: Semaphore::new(MOST_AT_ONCE),
            breaker: CircuitBreaker::default(),
            rotates: AtomicU8::default(),
            test_idps: Guard::new(test_idps),
        })
    }

    /// What the operator says about it.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether it may be asked just now.
    #[must_use]
    pub const fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// Did it give these tokens, of a session of that issuer, and to this very client? Another IdP may have been configured
    /// under the same name; it knows nothing of them, and its "no" means nothing.
    #[must_use]
    pub fn has_given(&self, tokens: &Tokens, issuer: &str) -> bool {
        let is_ours = |client_id: &String| *client_id == self.settings.client_id;
        issuer == self.settings.issuer && tokens.client_id.as_ref().is_none_or(is_ours)
    }

    /// Did it ever, as this node saw it, give a new token with a refresh of anybody's? `None` where there was no refresh.
    #[must_use]
    pub fn rotates(&self) -> Option<bool> {
        match self.rotates.load(Ordering::Relaxed) {
            0 => None,
            seen => Some(seen == 2),
        }
    }

    /// Is anybody there? Fetches the metadata, which costs no refresh token.
    ///
    /// # Errors
    ///
    /// Where there is no answer, or none that makes sense.
    pub async fn knock(&self) -> Result<(), ProviderError> {
        self.fetch_metadata().await.map(drop)
    }

    /// Its metadata, perhaps fetched first.
    ///
    /// # Errors
    ///
    /// Where there is no copy at hand and none is to be had.
    pub async fn metadata(&self, now: Timestamp) -> Result<Arc<ProviderMetadata>, ProviderError> {
        let metadata = self.metadata.get(Want::Any, now, self.fetch_metadata()).await;
        metadata.map_err(|error| self.refusal().unwrap_or(error))
    }

    /// What is said of it where it is of no use because it is a test IdP.
    #[must_use]
    pub fn refusal(&self) -> Option<ProviderError> {
        self.test_idps.refusal(&self.settings.issuer, self.metadata.good().is_some())
    }

    /// Where to send the browser for a sign-in. The request may be pushed first.
    ///
    /// # Errors
    ///
    /// Where the metadata is not to be had, the configuration makes no valid request, or the push came to nothing.
    pub async fn sign_in_url(
        &self,
        request: SignInRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, ProviderError> {
        let metadata = self.metadata(now).await?;
        let request = AuthenticationRequest {
            client_id: &self.settings.client_id,
            redirect_uri: request.redirect_uri,
            scopes: &self.settings.scopes,
            state: request.state,
            nonce: request.nonce,
            pkce_verifier: request.pkce_verifier,
            prompt: request.prompt,
            login_hint: request.login_hint,
            response_mode: self.settings.response_mode,
        };
        self.authorization_url(&request, &metadata, now).await
    }

    /// Exchanges a code for tokens and verifies the ID token.
    ///
    /// # Errors
    ///
    /// [`ProviderError`]; the code may be spent.
    pub async fn redeem(
        &self,
        grant: CodeGrant<'_>,
        now: Timestamp,
    ) -> Result<(Granted, Proved), ProviderError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", grant.code),
            ("redirect_uri", grant.redirect_uri),
            ("code_verifier", grant.pkce_verifier),
        ];
        let response = self.tokens(&form, now).await?;
        let nonce = ExpectedNonce::Required(grant.nonce);
        let token = self.verify(&response, nonce, Some(&grant), now).await?;
        let proved = self.proved(&response, &token.ok_or(ProviderError::NoIdToken)?, now).await?;
        Ok((self.granted(&response, now), proved))
    }

    /// Spends a refresh token. The answer's own refresh token, if there is one, must be stored before anything else is
    /// done with the answer.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; where it is `Unavailable` the refresh token may or may not be spent.
    pub async fn refresh(
        &self,
        refresh_token: &SecretString,
        now: Timestamp,
    ) -> Result<(Granted, TokenResponse), ProviderError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
        let response = self.tokens(&form, now).await?;
        let granted = self.granted(&response, now);
        let rotates = granted.rotates(refresh_token);
        self.rotates.fetch_max(1 + u8::from(rotates), Ordering::Relaxed);
        Ok((granted, response))
    }

    /// Judges the answer to a refresh: who does it name? Whether that is the session's user is for the caller to compare.
    ///
    /// # Errors
    ///
    /// Where the ID token does not pass, or is missing without leave (row H7).
    pub async fn prove_refreshed(
        &self,
        response: &TokenResponse,
        nonce: &str,
        known: &Identity,
        now: Timestamp,
    ) -> Result<Proved, ProviderError> {
        match self.verify(response, ExpectedNonce::IfPresent(nonce), None, now).await? {
            Some(token) => self.proved(response, &token, now).await,
            None if self.settings.refresh_without_id_token => {
                let claims = self.userinfo(response, &known.subject, now).await?;
                Ok(Proved {
                    identity: claims::described(&self.settings, known.clone(), &claims),
                    idp_interval: claims::policy_check_interval(&self.settings.claims, &claims),
                    claims,
                    asserted_at: now,
                    token_ends: now,
                    session_ends: None,
                })
            }
            None => Err(ProviderError::NoIdToken),
        }
    }

    /// Where the browser goes so that the IdP ends its session too; `None` where it has no such endpoint, or no
    /// metadata is at hand: a sign-out never waits for an IdP.
    #[must_use]
    pub fn sign_out_url(
        &self,
        id_token_hint: Option<&SecretString>,
        return_to: &str,
        state: &str,
    ) -> Option<Url> {
        let metadata = self.metadata.good()?.value;
        let request = LogoutRequest {
            client_id: &self.settings.client_id,
            id_token_hint: id_token_hint.map(ExposeSecret::expose_secret),
            post_logout_redirect_uri: return_to,
            state,
        };
        request.url(&metadata)
    }

    /// Fetches metadata and keys where they are missing or old.
    ///
    /// # Errors
    ///
    /// Where there is no copy at hand and none is to be had.
    pub async fn warm_up(&self, now: Timestamp) -> Result<(), ProviderError> {
        self.keys(Want::Any, now).await.map(drop)
    }

    /// The documents at hand, to be kept for a start with the IdP down (row O6).
    #[must_use]
    pub fn documents(&self) -> Option<Documents> {
        let text = |document: &[u8]| String::from_utf8_lossy(document).into_owned();
        Some(Documents {
            metadata: text(&self.metadata.good()?.document),
            keys: Some(text(&self.keys.good()?.document)),
        })
    }

    /// Puts in documents that were kept.
    ///
    /// # Errors
    ///
    /// Where they are not valid for this IdP (any more).
    pub fn restore(&self, documents: &Documents) -> Result<(), ProviderError> {
        let refused =
            |what| move |error: DocumentError| ProviderError::Document { what, cause: error.to_string() };
        let metadata = documents.metadata.as_bytes();
        let keys = documents.keys.as_deref().unwrap_or_default().as_bytes();
        let parsed = self.parse_metadata(metadata).map_err(refused("metadata"))?;
        let parsed_keys = self.parse_keys(keys).map_err(refused("keys"))?;
        self.metadata.restore(parsed, metadata);
        self.keys.restore(parsed_keys, keys);
        Ok(())
    }

    // === what the above is made of ===

    async fn fetch_metadata(&self) -> Result<(ProviderMetadata, Vec<u8>), ProviderError> {
        let url = match &self.settings.discovery_url {
            Some(url) => url.to_string(),
            None => metadata::well_known(&self.settings.issuer),
        };
        let parse = |document: &[u8]| self.parse_metadata(document);
        self.fetch("metadata", url, parse).await
    }

    fn parse_metadata(&self, document: &[u8]) -> Result<ProviderMetadata, DocumentError> {
        let parsed = metadata::parse(&self.settings.issuer, document)?;
        let is_admitted = self.test_idps.admits(parsed.additional_metadata().hourgate_test_idp);
        if is_admitted { Ok(parsed) } else { Err(DocumentError::TestIdp) }
    }

    pub(super) async fn keys(
        &self,
        want: Want,
        now: Timestamp,
    ) -> Result<Arc<CoreJsonWebKeySet>, ProviderError> {
        let url = self.metadata(now).await?.jwks_uri().to_string();
        self.keys.get(want, now, self.fetch("keys", url, |document| self.parse_keys(document))).await
    }

    fn parse_keys(&self, document: &[u8]) -> Result<CoreJsonWebKeySet, DocumentError> {
        let (keys, weak) = keys::parse(document)?;
        for key in weak {
            tracing::warn!(provider = %self.settings.id, kid = key.kid, why = key.why, "idp_key_ignored");
        }
        Ok(keys)
    }

    async fn fetch<T>(
        &self,
        what: &'static str,
        url: String,
        parse: impl FnOnce(&[u8]) -> Result<T, DocumentError>,
    ) -> Result<(T, Vec<u8>), ProviderError> {
        let fetched = match self.transport.get(&url, JSON, None).await {
            Ok(document) => {
                parse(&document).map(|value| (value, document)).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        fetched.map_err(|cause| {
            tracing::warn!(provider = %self.settings.id, document = what, %cause, "idp_document_unavailable");
            ProviderError::Document { what, cause }
        })
    }

    pub(super) const fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(super) const fn pushes(&self) -> &Semaphore {
        &self.pushes
    }

    /// Asks the token endpoint.
    async fn tokens(&self, form: &[(&str, &str)], now: Timestamp) -> Result<TokenResponse, ProviderError> {
        let metadata = self.metadata(now).await?;
        let endpoint = metadata.token_endpoint();
        let endpoint = endpoint.ok_or_else(|| ProviderError::Misconfigured("no token endpoint".into()))?;
        let answer = self.post_as_client(endpoint.url(), form, now).await?;
        let retry_after = answer.headers().get(http::header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok());
        classify(answer.status().as_u16(), retry_after, answer.body())?;
        Ok(token::parse(answer.body())?)
    }

    /// Verifies the ID token of an answer, if there is one.
    async fn verify(
        &self,
        response: &TokenResponse,
        nonce: ExpectedNonce<'_>,
        grant: Option<&CodeGrant<'_>>,
        now: Timestamp,
    ) -> Result<Option<VerifiedIdToken>, ProviderError> {
        let Some(token) = response.id_token.as_ref().map(ExposeSecret::expose_secret) else {
            return Ok(None);
        };
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            algorithms: &self.settings.algorithms,
            nonce,
            access_token: access_token(response)?,
            code: grant.map(|grant| grant.code),
            authenticated_since: grant.and_then(|grant| grant.authenticated_since),
        };
        let is_unknown = |error: &IdTokenError| *error == IdTokenError::Jws(JwsError::UnknownKey);
        self.judged(now, is_unknown, |keys| id_token::verify(token, keys, &expected, now)).await.map(Some)
    }

    /// Judges what the IdP signed, with one refetch of the keys where its key is unknown (KEY-02).
    async fn judged<T, E: Into<ProviderError>>(
        &self,
        now: Timestamp,
        is_unknown_key: impl Fn(&E) -> bool,
        judge: impl Fn(&CoreJsonWebKeySet) -> Result<T, E>,
    ) -> Result<T, ProviderError> {
        match judge(&*self.keys(Want::Any, now).await?) {
            Err(error) if is_unknown_key(&error) => {
                judge(&*self.keys(Want::Newer(Sender::Idp), now).await?).map_err(Into::into)
            }
            judged => judged.map_err(Into::into),
        }
    }

    async fn proved(
        &self,
        response: &TokenResponse,
        token: &VerifiedIdToken,
        now: Timestamp,
    ) -> Result<Proved, ProviderError> {
        let userinfo = if self.settings.userinfo {
            Some(self.userinfo(response, token.subject(), now).await?)
        } else {
            None
        };
        Ok(Proved {
            identity: claims::identity(&self.settings, token, userinfo.as_ref()),
            claims: token.claims().clone().into_iter().chain(userinfo.unwrap_or_default()).collect(),
            idp_interval: claims::policy_check_interval(&self.settings.claims, token.claims()),
            asserted_at: token.issued_at(),
            token_ends: token.expires_at(),
            session_ends: None,
        })
    }

    async fn userinfo(
        &self,
        response: &TokenResponse,
        subject: &str,
        now: Timestamp,
    ) -> Result<serde_json::Map<String, serde_json::Value>, ProviderError> {
        let metadata = self.metadata(now).await?;
        let url = metadata.userinfo_endpoint().ok_or_else(|| {
            ProviderError::Userinfo(
                "the identity provider has no userinfo endpoint; set userinfo = false".into(),
            )
        })?;
        let body = self
            .transport
            .get(url.as_str(), JSON, Some(access_token(response)?.secret()))
            .await
            .map_err(|error| ProviderError::Userinfo(error.to_string()))?;
        let expected = userinfo::Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            algorithms: &self.settings.algorithms,
            subject,
        };
        let is_unknown = |error: &UserinfoError| *error == UserinfoError::Signed(JwsError::UnknownKey);
        self.judged(now, is_unknown, |keys| userinfo::parse(&body, keys, &expected)).await
    }

    fn granted(&self, response: &TokenResponse, now: Timestamp) -> Granted {
        let said = response.refresh_expires_in.filter(|secs| *secs > 0).map(Duration::from_secs);
        Granted {
            refresh_token: response.refresh_token.clone(),
            refresh_token_until: said.or(self.settings.refresh_token_lifetime).map(|span| now.plus(span)),
            id_token: response.id_token.clone(),
        }
    }
}

/// The access token; without one the answer proves nothing, though a refresh token may be in it.
fn access_token(response: &TokenResponse) -> Result<&AccessToken, TokenError> {
    let none = || TokenError::Unavailable("HTTP status 200 without a usable access token".into());
    response.access_token.as_ref().ok_or_else(none)
}
