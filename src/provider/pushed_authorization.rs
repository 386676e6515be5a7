//! Pushing the authorization request to the IdP before the browser goes there (RFC 9126).

use oauth2::HttpResponse;
use url::Url;

use super::error::ProviderError;
use super::oidc_provider::OidcProvider;
use super::settings::PushedRequests;
use crate::oidc::authorization::AuthenticationRequest;
use crate::oidc::metadata::ProviderMetadata;
use crate::oidc::pushed_authorization;
use crate::oidc::token::TokenError;
use crate::time::Timestamp;

/// Requests under way at once to one IdP. Anybody can begin a sign-in, and each makes us call the IdP.
pub(super) const MOST_AT_ONCE: usize = 64;

impl OidcProvider {
    /// Where the browser goes: with the request itself, or with the name of one that was pushed. One that failed to be pushed
    /// is never sent the other way.
    pub(super) async fn authorization_url(
        &self,
        request: &AuthenticationRequest<'_>,
        metadata: &ProviderMetadata,
        now: Timestamp,
    ) -> Result<Url, ProviderError> {
        match endpoint(self.settings().pushed_authorization_requests, metadata)? {
            None => request.url(metadata).map_err(misconfigured),
            Some(endpoint) => {
                let parameters =
                    pushed_authorization::parameters(request, metadata).map_err(misconfigured)?;
                let form: Vec<(&str, &str)> =
                    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let answer = self.push(endpoint, &form, now).await?;
                let name = pushed_authorization::parse(answer.status().as_u16(), answer.body())?;
                Ok(pushed_authorization::url(metadata, request.client_id, &name))
            }
        }
    }

    async fn push(
        &self,
        endpoint: &Url,
        form: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<HttpResponse, ProviderError> {
        let Ok(_place) = self.pushes().try_acquire() else {
            return Err(TokenError::NotSent("too many sign-ins begin at once".into()).into());
        };
        self.post_as_client(endpoint, form, now).await
    }
}

/// Where to push to, if at all.
fn endpoint(wanted: PushedRequests, metadata: &ProviderMetadata) -> Result<Option<&Url>, ProviderError> {
    let offered = metadata.additional_metadata();
    match (wanted, &offered.pushed_authorization_request_endpoint) {
        (PushedRequests::Never, _) if offered.require_pushed_authorization_requests => Err(misconfigured(
            "the provider wants requests pushed; set pushed_authorization_requests = \"auto\"",
        )),
        (PushedRequests::Auto, None) if offered.require_pushed_authorization_requests => {
            Err(misconfigured("the provider wants requests pushed, and its metadata does not say where"))
        }
        (PushedRequests::Always, None) => Err(misconfigured(
            "pushed_authorization_requests = \"always\", and the provider's metadata has no endpoint for them",
        )),
        (PushedRequests::Never, _) | (PushedRequests::Auto, None) => Ok(None),
        (PushedRequests::Auto | PushedRequests::Always, Some(endpoint)) => Ok(Some(endpoint)),
    }
}

fn misconfigured(error: impl std::fmt::Display) -> ProviderError {
    ProviderError::Misconfigured(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::metadata;

    const AT: &str = "https://i.example/par";

    /// Of a provider that does or does not say where, and does or does not insist.
    fn decide(wanted: PushedRequests, at: Option<&str>, required: bool) -> Result<Option<String>, String> {
        let document = serde_json::json!({
            "issuer": "https://i.example", "authorization_endpoint": "https://i.example/a",
            "token_endpoint": "https://i.example/t", "jwks_uri": "https://i.example/k",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "pushed_authorization_request_endpoint": at, "require_pushed_authorization_requests": required,
        });
        let metadata = metadata::parse("https://i.example", document.to_string().as_bytes()).unwrap();
        let endpoint = endpoint(wanted, &metadata).map_err(|error| error.to_string())?;
        Ok(endpoint.map(Url::to_string))
    }

    #[test]
    fn a_request_is_pushed_where_that_is_offered_and_never_goes_the_other_way_where_that_is_required() {
        use PushedRequests::{Always, Auto, Never};
        let pushed = || Ok(Some(AT.to_owned()));
        assert_eq!(decide(Auto, None, false), Ok(None));
        for required in [false, true] {
            assert_eq!(decide(Auto, Some(AT), required), pushed());
            assert_eq!(decide(Always, Some(AT), required), pushed());
            assert!(decide(Always, None, required).unwrap_err().contains("no endpoint"));
        }
        assert_eq!(decide(Never, Some(AT), false), Ok(None));
        for at in [None, Some(AT)] {
            assert!(decide(Never, at, true).unwrap_err().contains("\"auto\""));
        }
        assert!(decide(Auto, None, true).is_err());
    }
}
