//! Pushed authorization requests (RFC 9126): the request goes to the IdP directly, the browser carries only its name.

use serde::Deserialize;
use url::Url;

use super::authorization::{AuthenticationRequest, BadRedirectUri};
use super::metadata::ProviderMetadata;
use super::token::{TokenError, refusal};

/// A longer name would make a URL that servers refuse.
const LONGEST: usize = 2048;

/// What to push: the parameters that the browser would have carried.
///
/// # Errors
///
/// Where the redirect URI is not a URL.
pub fn parameters(
    request: &AuthenticationRequest<'_>,
    metadata: &ProviderMetadata,
) -> Result<Vec<(String, String)>, BadRedirectUri> {
    // The endpoint's own query comes first, and stays there.
    let own = metadata.authorization_endpoint().url().query_pairs().count();
    Ok(request.url(metadata)?.query_pairs().into_owned().skip(own).collect())
}

/// The `request_uri` of an answer (section 2.2). Some servers say 200 instead of 201.
///
/// # Errors
///
/// [`TokenError::OurFault`] where the request or the client is refused: no person has a part in it. Otherwise
/// [`TokenError::Unavailable`].
pub fn parse(status: u16, body: &[u8]) -> Result<String, TokenError> {
    #[derive(Deserialize)]
    struct Pushed {
        request_uri: String,
    }
    if let Some(error) = refusal(status, body) {
        return Err(match error.as_str() {
            "temporarily_unavailable" | "server_error" | "slow_down" => TokenError::Unavailable(error),
            // Only the registered codes are repeated: anything could stand there.
            "invalid_request"
            | "invalid_client"
            | "unauthorized_client"
            | "invalid_scope"
            | "invalid_redirect_uri"
            | "unsupported_response_type"
            | "request_not_supported"
            | "invalid_request_object" => TokenError::OurFault(error),
            _ => TokenError::OurFault("an unregistered error code".into()),
        });
    }
    let unusable = |what: &str| TokenError::Unavailable(format!("HTTP status {status} {what}"));
    if !matches!(status, 200 | 201) {
        return Err(unusable("from the pushed authorization request endpoint"));
    }
    serde_json::from_slice::<Pushed>(body)
        .ok()
        .map(|pushed| pushed.request_uri)
        .filter(|uri| (1..=LONGEST).contains(&uri.len()) && uri.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| unusable("without a request_uri"))
}

/// Where the browser goes with the name of the request (section 4).
#[must_use]
pub fn url(metadata: &ProviderMetadata, client_id: &str, request_uri: &str) -> Url {
    let mut url = metadata.authorization_endpoint().url().clone();
    url.query_pairs_mut().append_pair("client_id", client_id).append_pair("request_uri", request_uri);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_request() {
        let body = br#"{"request_uri":"urn:ietf:params:oauth:request_uri:x","expires_in":60}"#;
        for status in [200, 201] {
            assert_eq!(parse(status, body).unwrap(), "urn:ietf:params:oauth:request_uri:x");
        }
    }

    #[test]
    fn a_refusal_is_our_fault_and_everything_unclear_is_no_answer() {
        for error in ["invalid_client", "invalid_request", "invalid_redirect_uri"] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            assert_eq!(parse(400, body.as_bytes()), Err(TokenError::OurFault(error.into())));
        }
        let odd = parse(400, br#"{"error":"<script>"}"#).unwrap_err();
        assert!(matches!(&odd, TokenError::OurFault(said) if !said.contains('<')), "{odd}");
        for (status, body) in [
            (503, r#"{"error":"invalid_client"}"#),
            (429, r#"{"error":"invalid_request"}"#),
            (400, "<html>"),
            (400, r#"{"error":"temporarily_unavailable"}"#),
            (302, ""),
            (201, "<html>"),
            (201, "[]"),
            (201, r#"{"request_uri":""}"#),
            (201, r#"{"request_uri":["x"]}"#),
            (201, r#"{"request_uri":"a b"}"#),
            (204, r#"{"request_uri":"x"}"#),
        ] {
            let told = parse(status, body.as_bytes());
            assert!(matches!(told, Err(TokenError::Unavailable(_))), "{status} {body}: {told:?}");
        }
    }
}
