//! How the gateway proves to an IdP who it is: the one way in which any form is sent to an endpoint that wants to know
//! (token, pushed authorization requests, revocation). RFC 6749 section 2.3, OIDC Core section 9, RFC 7523.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use oauth2::{HttpRequest, HttpResponse};
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};

use super::error::ProviderError;
use super::oidc_provider::OidcProvider;
use super::settings::{ClientAuthentication, Settings};
use super::transport::TransportError;
use crate::oidc::client_assertion;
use crate::oidc::token::TokenError;
use crate::random;
use crate::time::Timestamp;

impl OidcProvider {
    /// Posts a form to one of the IdP's endpoints, as this client. Any status is an answer.
    ///
    /// # Errors
    ///
    /// [`TokenError::NotSent`] where the IdP has seen nothing of it, [`TokenError::Unavailable`] where it may have,
    /// [`ProviderError::Misconfigured`] where there is no valid request.
    pub(super) async fn post_as_client(
        &self,
        endpoint: &Url,
        form: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<HttpResponse, ProviderError> {
        let request = request(self.settings(), endpoint, form, now)?;
        self.transport().call(request).await.map_err(|error| {
            ProviderError::Token(match error {
                TransportError::NotSent { what } => TokenError::NotSent(what),
                error => TokenError::Unavailable(error.to_string()),
            })
        })
    }
}

/// The request: `form`, and what proves the client.
fn request(
    settings: &Settings,
    endpoint: &Url,
    form: &[(&str, &str)],
    now: Timestamp,
) -> Result<HttpRequest, ProviderError> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let mut request = http::Request::post(endpoint.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    let client_id = settings.client_id.as_str();
    if !matches!(settings.client_authentication, ClientAuthentication::ClientSecretBasic(_))
        && form.iter().all(|(name, _)| *name != "client_id")
    {
        body.append_pair("client_id", client_id);
    }
    match &settings.client_authentication {
        ClientAuthentication::ClientSecretBasic(secret) => {
            request = request.header(AUTHORIZATION, basic(client_id, secret.expose_secret())?);
        }
        ClientAuthentication::ClientSecretPost(secret) => {
            body.append_pair("client_secret", secret.expose_secret());
        }
        ClientAuthentication::PrivateKeyJwt(keys) => {
            let id = random::bytes();
            let assertion = client_assertion::assertion(keys, client_id, &settings.issuer, id, now)
                .map_err(|error| ProviderError::Misconfigured(error.to_string()))?;
            body.append_pair("client_assertion_type", client_assertion::TYPE);
            body.append_pair("client_assertion", assertion.expose_secret());
        }
    }
    request
        .body(body.finish().into_bytes())
        .map_err(|error| ProviderError::Misconfigured(format!("an endpoint's address: {error}")))
}

/// Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn basic(client_id: &str, secret: &str) -> Result<HeaderValue, ProviderError> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = BASE64_STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        .map_err(|error| ProviderError::Misconfigured(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}
