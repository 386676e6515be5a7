//! The authentication request and its response (Core section 3.1.2), with PKCE (RFC 7636) and `iss` (RFC 9207).

use openidconnect::core::{CoreAuthPrompt, CoreClient, CoreJsonWebKeySet, CoreResponseType};
use openidconnect::{
    AuthenticationFlow, ClientId, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use url::Url;

use super::metadata::ProviderMetadata;

/// What the request asks the IdP to do about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Whatever it sees fit.
    AsTheIdpSeesFit,
    /// Ask for credentials: `prompt=login` and `max_age=0`.
    Login,
    /// Ask nothing: `prompt=none`.
    None,
}

/// How the response comes back (OAuth 2.0 Multiple Response Types section 2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of a redirect.
    #[default]
    Query,
    /// In a form that the IdP's page posts: no code in any address, history or log.
    FormPost,
}

/// An authentication request.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticationRequest<'a> {
    /// The client id at the IdP.
    pub client_id: &'a str,
    /// Where the response goes, byte for byte as registered.
    pub redirect_uri: &'a str,
    /// The scopes; `openid` is added if it is not among them.
    pub scopes: &'a [String],
    /// The sealed transaction.
    pub state: &'a str,
    /// Binds the ID token to the browser.
    pub nonce: &'a str,
    /// The PKCE verifier; only its S256 challenge leaves.
    pub pkce_verifier: &'a str,
    /// What to do about the person.
    pub prompt: Prompt,
    /// `login_hint`: who is expected.
    pub login_hint: Option<&'a str>,
    /// How the response is to come back.
    pub response_mode: ResponseMode,
}

/// The configuration does not make a valid request.
#[derive(Debug, thiserror::Error)]
#[error("the redirect URI {0:?} is not a URL")]
pub struct BadRedirectUri(String);

impl AuthenticationRequest<'_> {
    /// The URL to send the browser to.
    ///
    /// # Errors
    ///
    /// Where the redirect URI is not a URL.
    pub fn url(&self, metadata: &ProviderMetadata) -> Result<Url, BadRedirectUri> {
        let redirect_uri = RedirectUrl::new(self.redirect_uri.to_owned())
            .map_err(|_| BadRedirectUri(self.redirect_uri.to_owned()))?;
        let client = CoreClient::new(
            ClientId::new(self.client_id.to_owned()),
            metadata.issuer().clone(),
            CoreJsonWebKeySet::new(vec![]),
        )
        .set_auth_uri(metadata.authorization_endpoint().clone())
        .set_redirect_uri(redirect_uri);
        let (state, nonce) = (CsrfToken::new(self.state.to_owned()), Nonce::new(self.nonce.to_owned()));
        let verifier = PkceCodeVerifier::new(self.pkce_verifier.to_owned());
        let scopes: Vec<Scope> = self
            .scopes
            .iter()
            .filter(|scope| *scope != "openid")
            .map(|scope| Scope::new(scope.clone()))
            .collect();
        let mut request = client
            .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, || state, || nonce)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(scopes);
        request = match self.prompt {
            Prompt::AsTheIdpSeesFit => request,
            Prompt::Login => request.add_prompt(CoreAuthPrompt::Login).set_max_age(std::time::Duration::ZERO),
            Prompt::None => request.add_prompt(CoreAuthPrompt::None),
        };
        if let Some(hint) = self.login_hint {
            request = request.add_extra_param("login_hint", hint.to_owned());
        }
        // The other one is what the code flow has by itself.
        if self.response_mode == ResponseMode::FormPost {
            request = request.add_extra_param("response_mode", "form_post");
        }
        Ok(request.url().0)
    }
}

/// The authorization response (RFC 6749 section 4.1.2), as it came in: nothing in it is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedAuthenticationResponse {
    /// `state`.
    pub state: String,
    /// `iss` (RFC 9207).
    pub issuer: Option<String>,
    /// A code, or an error.
    pub outcome: Outcome,
}

/// What the IdP answered.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// `code`.
    Code(String),
    /// `error`, of the characters that RFC 6749 allows.
    Error(String),
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(_) => f.write_str("Code(..)"),
            Self::Error(error) => write!(f, "Error({error})"),
        }
    }
}

/// The response is not one.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResponseError {
    /// A parameter that counts stands there twice (AUT-05).
    #[error("the parameter {0} is given twice")]
    Duplicate(&'static str),
    /// A parameter that must be there is not, or is empty.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter is too long or has characters that it may not have.
    #[error("the parameter {0} is malformed")]
    Malformed(&'static str),
    /// RFC 9207 section 2.4: another issuer's response, or none although the IdP announces it.
    #[error("the response names another issuer than the one that was asked")]
    WrongIssuer,
    /// It came as a query where a form was asked for, or the other way round, or as both (AUT-05).
    #[error("the response did not come in the response_mode that was asked for")]
    WrongMode,
}

impl UnverifiedAuthenticationResponse {
    /// Reads the parameters. Unknown ones are ignored, as RFC 6749 asks; known ones may stand there once.
    ///
    /// # Errors
    ///
    /// [`ResponseError`]; nothing is guessed or repaired.
    pub fn parse(query: &str) -> Result<Self, ResponseError> {
        let mut state = Parameter::new("state", 4096);
        let mut code = Parameter::new("code", 8192);
        let mut error = Parameter::new("error", 128);
        let mut issuer = Parameter::new("iss", 1024);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            for known in [&mut state, &mut code, &mut error, &mut issuer] {
                if known.name == name {
                    known.take(&value)?;
                }
            }
        }
        let outcome = match (code.value, error.value) {
            (Some(code), None) => Outcome::Code(code),
            (None, Some(error)) => Outcome::Error(error),
            (Some(_), Some(_)) => return Err(ResponseError::Malformed("error")),
            (None, None) => return Err(ResponseError::Missing("code")),
        };
        Ok(Self { state: state.value.ok_or(ResponseError::Missing("state"))?, issuer: issuer.value, outcome })
    }

    /// RFC 9207 section 2.4: the response must come from the issuer that was asked.
    ///
    /// # Errors
    ///
    /// [`ResponseError::WrongIssuer`].
    pub fn check_issuer(&self, metadata: &ProviderMetadata) -> Result<(), ResponseError> {
        let announced = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match &self.issuer {
            Some(issuer) if issuer == metadata.issuer().as_str() => Ok(()),
            None if !announced => Ok(()),
            _ => Err(ResponseError::WrongIssuer),
        }
    }
}

struct Parameter {
    name: &'static str,
    longest: usize,
    value: Option<String>,
}

impl Parameter {
    const fn new(name: &'static str, longest: usize) -> Self {
        Self { name, longest, value: None }
    }

    fn take(&mut self, value: &str) -> Result<(), ResponseError> {
        if self.value.is_some() {
            return Err(ResponseError::Duplicate(self.name));
        }
        if value.is_empty() {
            return Err(ResponseError::Missing(self.name));
        }
        // VSCHAR and NQSCHAR of RFC 6749 appendix A: printable ASCII.
        if value.len() > self.longest || !value.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
            return Err(ResponseError::Malformed(self.name));
        }
        self.value = Some(value.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_a_code_or_an_error_with_a_state() {
        let response =
            UnverifiedAuthenticationResponse::parse("code=c&state=s&iss=https%3A%2F%2Fi&other=1").unwrap();
        assert_eq!(response.outcome, Outcome::Code("c".into()));
        assert_eq!((response.state.as_str(), response.issuer.as_deref()), ("s", Some("https://i")));
        let response =
            UnverifiedAuthenticationResponse::parse("error=access_denied&state=s&error_description=%3Cb%3E")
                .unwrap();
        assert_eq!(response.outcome, Outcome::Error("access_denied".into()));
    }

    #[test]
    fn aut_04_and_aut_05_what_is_missing_empty_doubled_or_odd_is_refused() {
        for (query, expected) in [
            ("", ResponseError::Missing("code")),
            ("code=c", ResponseError::Missing("state")),
            ("state=s", ResponseError::Missing("code")),
            ("code=&state=s", ResponseError::Missing("code")),
            ("code=c&state=", ResponseError::Missing("state")),
            ("code=c&code=d&state=s", ResponseError::Duplicate("code")),
            ("code=c&state=s&state=s", ResponseError::Duplicate("state")),
            ("code=c&state=s&iss=a&iss=a", ResponseError::Duplicate("iss")),
            ("code=c&error=e&state=s", ResponseError::Malformed("error")),
            ("code=%0d%0a&state=s", ResponseError::Malformed("code")),
            ("code=c&state=%00", ResponseError::Malformed("state")),
            ("code=%C3%A4&state=s", ResponseError::Malformed("code")),
        ] {
            assert_eq!(UnverifiedAuthenticationResponse::parse(query), Err(expected), "{query}");
        }
        let long = format!("code={}&state=s", "c".repeat(9000));
        assert_eq!(UnverifiedAuthenticationResponse::parse(&long), Err(ResponseError::Malformed("code")));
    }

    proptest::proptest! {
        #[test]
        fn aut_04_no_query_makes_it_panic(query in "\\PC{0,200}") {
            let _ = UnverifiedAuthenticationResponse::parse(&query);
        }
    }
}
