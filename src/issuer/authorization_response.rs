//! The authorization response, sent as a redirect with `response_mode=query`.

use url::form_urlencoded;

use super::error::OAuthError;

/// Where the browser goes back to: an allowed redirect URI and the client's `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseTarget {
    /// An allowed redirect URI, spelt as the client spelt it.
    pub redirect_uri: String,
    /// The client's `state`, returned untouched.
    pub state: Option<String>,
}

impl ResponseTarget {
    /// The location of a successful response (RFC 6749 section 4.1.2); `issuer` is RFC 9207's `iss`.
    #[must_use]
    pub fn with_code(&self, code: &str, issuer: Option<&str>) -> String {
        self.location(&[("code", code)], issuer)
    }

    /// The location of an error response (RFC 6749 section 4.1.2.1).
    #[must_use]
    pub fn with_error(&self, error: &OAuthError, issuer: Option<&str>) -> String {
        self.with_error_code(error.code.as_str(), error.description, issuer)
    }

    /// The location of an error response with a code of any spelling.
    #[must_use]
    pub fn with_error_code(&self, code: &str, description: &str, issuer: Option<&str>) -> String {
        self.location(&[("error", code), ("error_description", description)], issuer)
    }

    /// The redirect URI stays as it is spelt; the parameters are added to its query.
    fn location(&self, pairs: &[(&str, &str)], issuer: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        query.extend_pairs(self.state.as_ref().map(|state| ("state", state)));
        query.extend_pairs(issuer.map(|issuer| ("iss", issuer)));
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_added_to_the_query_of_the_redirect_uri() {
        let target = ResponseTarget { redirect_uri: "https://a/cb?x=1".into(), state: Some("s &".into()) };
        assert_eq!(
            target.with_code("c", Some("https://i/t")),
            "https://a/cb?x=1&code=c&state=s+%26&iss=https%3A%2F%2Fi%2Ft"
        );
    }
}
