//! The authorization request (OIDC Core section 3.1.2.1): code flow, `S256`, `response_mode` `query` or `form_post`.

use std::time::Duration;

use super::authorization_response::{ResponseMode, ResponseTarget};
use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use super::pkce::Challenge;

/// The longest parameter that is kept, in bytes; grants hold them for as long as a refresh token lives.
const LONGEST: usize = 2048;

/// What the client wants the person to go through (OIDC Core section 3.1.2.1, `prompt`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Show nothing at all.
    pub none: bool,
    /// Ask for credentials again.
    pub login: bool,
    /// Let the person choose who to be.
    pub select_account: bool,
    /// Ask whether the client may know.
    pub consent: bool,
}

impl Prompt {
    /// Unknown values are refused; `none` goes with nothing else.
    fn parse(text: &str) -> Option<Self> {
        let mut prompt = Self::default();
        for word in text.split_ascii_whitespace() {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "select_account" => prompt.select_account = true,
                "consent" => prompt.consent = true,
                _ => return None,
            }
        }
        (!prompt.none || prompt == Self { none: true, ..Self::default() }).then_some(prompt)
    }
}

/// A valid request: the redirect URI is allowed, and PKCE is there.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub target: ResponseTarget,
    /// The scopes asked for; `openid` is among them.
    pub scope: Vec<String>,
    /// To be repeated in the ID token.
    pub nonce: Option<String>,
    /// To be met by the token request.
    pub challenge: Challenge,
    /// What the person must go through.
    pub prompt: Prompt,
    /// How old the authentication may be.
    pub max_age: Option<Duration>,
    /// Who the client thinks it is.
    pub login_hint: Option<String>,
    /// An ID token of the one whom the client wants to see again.
    pub id_token_hint: Option<String>,
}

/// Why there is no valid request, and whether the client may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The redirect URI is not known to be the client's: the browser stays here, with a page.
    Here(&'static str),
    /// The client is told.
    ToClient(ResponseTarget, OAuthError),
}

impl AuthorizationRequest {
    /// Reads a request. `may_redirect(client_id, redirect_uri)` says whether an answer may go there.
    ///
    /// # Errors
    ///
    /// [`Refusal::Here`] until the redirect URI is known to be allowed, [`Refusal::ToClient`] afterwards.
    pub fn parse(params: &Params, may_redirect: impl Fn(&str, &str) -> bool) -> Result<Self, Refusal> {
        let client_id = params.get("client_id").ok_or(Refusal::Here("client_id is missing or sent twice"))?;
        let redirect_uri =
            params.get("redirect_uri").ok_or(Refusal::Here("redirect_uri is missing or sent twice"))?;
        if client_id.len().max(redirect_uri.len()) > LONGEST {
            return Err(Refusal::Here("client_id or redirect_uri is longer than 2048 bytes"));
        }
        if !may_redirect(client_id, redirect_uri) {
            return Err(Refusal::Here("redirect_uri is not allowed for this client"));
        }
        let target = ResponseTarget {
            redirect_uri: redirect_uri.to_owned(),
            mode: if params.get("response_mode") == Some("form_post") {
                ResponseMode::FormPost
            } else {
                ResponseMode::Query
            },
            state: params.get("state").map(str::to_owned),
        };
        Self::read(params, client_id, &target).map_err(|error| Refusal::ToClient(target, error))
    }

    fn read(params: &Params, client_id: &str, target: &ResponseTarget) -> Result<Self, OAuthError> {
        if params.has_repeats() {
            return Err(OAuthError::invalid_request("a parameter was sent twice"));
        }
        if ["scope", "nonce"].iter().any(|name| params.get(name).is_some_and(|text| text.len() > LONGEST)) {
            return Err(OAuthError::invalid_request("scope or nonce is longer than 2048 bytes"));
        }
        if params.get("request").is_some() {
            return Err(OAuthError::new(ErrorCode::RequestNotSupported, "request is not supported"));
        }
        if params.get("request_uri").is_some() {
            return Err(OAuthError::new(ErrorCode::RequestUriNotSupported, "request_uri is not supported"));
        }
        match params.get("response_type") {
            Some("code") => {}
            Some(_) => {
                return Err(OAuthError::new(
                    ErrorCode::UnsupportedResponseType,
                    "only response_type=code is supported",
                ));
            }
            None => return Err(OAuthError::invalid_request("response_type is missing")),
        }
        if params.get("response_mode").is_some_and(|mode| !["query", "form_post"].contains(&mode)) {
            return Err(OAuthError::invalid_request("response_mode is query or form_post"));
        }
        let scope: Vec<String> =
            params.get("scope").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
        if !scope.iter().any(|one| one == "openid") {
            return Err(OAuthError::new(ErrorCode::InvalidScope, "scope must contain openid"));
        }
        let max_age = match params.get("max_age").map(str::parse) {
            None => None,
            Some(Ok(secs)) => Some(Duration::from_secs(secs)),
            Some(Err(_)) => return Err(OAuthError::invalid_request("max_age is not a number of seconds")),
        };
        Ok(Self {
            client_id: client_id.to_owned(),
            target: target.clone(),
            scope,
            nonce: params.get("nonce").map(str::to_owned),
            challenge: challenge(params)?,
            prompt: Prompt::parse(params.get("prompt").unwrap_or_default())
                .ok_or(OAuthError::invalid_request("prompt has an unknown value, or none beside another"))?,
            max_age,
            login_hint: params.get("login_hint").map(str::to_owned),
            id_token_hint: params.get("id_token_hint").map(str::to_owned),
        })
    }
}

/// PKCE is not optional, and `plain`, which is also what a missing method means, is no proof.
fn challenge(params: &Params) -> Result<Challenge, OAuthError> {
    if params.get("code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method must be S256"));
    }
    params
        .get("code_challenge")
        .and_then(Challenge::parse)
        .ok_or(OAuthError::invalid_request("code_challenge is missing or not a SHA-256 hash in base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "client_id=app&redirect_uri=https%3A%2F%2Fapp%2Fcb&response_type=code&scope=openid+email\
        &state=s&nonce=n&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn parse(query: &str) -> Result<AuthorizationRequest, Refusal> {
        AuthorizationRequest::parse(&Params::parse(query.as_bytes()), |_, uri| uri == "https://app/cb")
    }

    fn told(query: &str) -> Option<ErrorCode> {
        match parse(query) {
            Err(Refusal::ToClient(target, error)) => {
                assert_eq!(target.state.as_deref(), Some("s"));
                Some(error.code)
            }
            _ => None,
        }
    }

    #[test]
    fn a_good_request_is_read_in_full() {
        let request = parse(&format!("{GOOD}&max_age=60&prompt=login+consent&login_hint=alice")).unwrap();
        assert_eq!(request.scope, ["openid", "email"]);
        assert_eq!(request.max_age, Some(Duration::from_secs(60)));
        assert_eq!(request.prompt, Prompt { login: true, consent: true, ..Prompt::default() });
        assert_eq!(request.login_hint.as_deref(), Some("alice"));
    }

    #[test]
    fn nobody_is_sent_to_an_address_that_is_not_the_clients() {
        for query in [
            GOOD.replace("app%2Fcb", "evil%2Fcb"),
            GOOD.replace("redirect_uri", "x"),
            GOOD.replace("client_id", "x"),
            GOOD.replace("=app&", &format!("={}&", "a".repeat(2049))),
            format!("{GOOD}&redirect_uri=https%3A%2F%2Fevil"),
            format!("{GOOD}&client_id=other"),
            format!("{}&prompt=none", GOOD.replace("app%2Fcb", "evil%2Fcb")),
        ] {
            assert!(matches!(parse(&query), Err(Refusal::Here(_))), "{query}");
        }
    }

    #[test]
    fn the_client_is_told_what_is_wrong() {
        for (query, code) in [
            (format!("{GOOD}&nonce=m"), ErrorCode::InvalidRequest),
            (GOOD.replace("nonce=n", &format!("nonce={}", "n".repeat(2049))), ErrorCode::InvalidRequest),
            (format!("{GOOD}&max_age=soon"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&max_age=-1"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&prompt=none+login"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&prompt=dance"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&response_mode=fragment"), ErrorCode::InvalidRequest),
            (format!("{GOOD}&request=e30"), ErrorCode::RequestNotSupported),
            (format!("{GOOD}&request_uri=x"), ErrorCode::RequestUriNotSupported),
            (GOOD.replace("=code&", "=token&"), ErrorCode::UnsupportedResponseType),
            (GOOD.replace("openid", "profile"), ErrorCode::InvalidScope),
            (GOOD.replace("S256", "plain"), ErrorCode::InvalidRequest),
            (GOOD.replace("&code_challenge_method=S256", ""), ErrorCode::InvalidRequest),
            (GOOD.replace("&code_challenge=", "&x="), ErrorCode::InvalidRequest),
        ] {
            assert_eq!(told(&query), Some(code), "{query}");
        }
    }
}
