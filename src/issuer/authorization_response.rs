//! The authorization response: a redirect with `response_mode=query`, or a form that the browser posts with `form_post`.

use url::form_urlencoded;

use super::error::OAuthError;

/// How the response travels (OAuth 2.0 Multiple Response Types section 2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of a redirect.
    #[default]
    Query,
    /// In a form.
    FormPost,
}

/// Where the browser goes back to: an allowed redirect URI and the client's `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseTarget {
    /// An allowed redirect URI, spelt as the client spelt it.
    pub redirect_uri: String,
    /// How.
    pub mode: ResponseMode,
    /// The client's `state`, returned untouched.
    pub state: Option<String>,
}

/// A response on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationResponse {
    /// Where it goes.
    pub redirect_uri: String,
    /// How.
    pub mode: ResponseMode,
    /// What it says.
    pub parameters: Vec<(&'static str, String)>,
}

impl ResponseTarget {
    /// A successful response (RFC 6749 section 4.1.2); `issuer` is RFC 9207's `iss`.
    #[must_use]
    pub fn with_code(&self, code: &str, issuer: Option<&str>) -> AuthorizationResponse {
        self.with(&[("code", code)], issuer)
    }

    /// An error response (RFC 6749 section 4.1.2.1).
    #[must_use]
    pub fn with_error(&self, error: &OAuthError, issuer: Option<&str>) -> AuthorizationResponse {
        self.with_error_code(error.code.as_str(), error.description, issuer)
    }

    /// An error response with a code of any spelling.
    #[must_use]
    pub fn with_error_code(
        &self,
        code: &str,
        description: &str,
        issuer: Option<&str>,
    ) -> AuthorizationResponse {
        self.with(&[("error", code), ("error_description", description)], issuer)
    }

    fn with(&self, pairs: &[(&'static str, &str)], issuer: Option<&str>) -> AuthorizationResponse {
        let state = self.state.as_deref().map(|state| ("state", state));
        let all = pairs.iter().copied().chain(state).chain(issuer.map(|issuer| ("iss", issuer)));
        AuthorizationResponse {
            redirect_uri: self.redirect_uri.clone(),
            mode: self.mode,
            parameters: all.map(|(name, value)| (name, value.to_owned())).collect(),
        }
    }
}

impl AuthorizationResponse {
    /// As a redirect: the redirect URI stays as it is spelt; the parameters are added to its query.
    #[must_use]
    pub fn location(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_added_to_the_query_of_the_redirect_uri() {
        let target = ResponseTarget {
            redirect_uri: "https://a/cb?x=1".into(),
            mode: ResponseMode::Query,
            state: Some("s &".into()),
        };
        assert_eq!(
            target.with_code("c", Some("https://i/t")).location(),
            "https://a/cb?x=1&code=c&state=s+%26&iss=https%3A%2F%2Fi%2Ft"
        );
    }
}
