//! The token request (RFC 6749 sections 4.1.3 and 6).

use secrecy::SecretString;

use super::error::{ErrorCode, OAuthError};
use super::params::Params;

/// What a client asks of the token endpoint. Its `Debug` shows no code, verifier or token.
#[derive(Debug)]
pub enum TokenRequest {
    /// `grant_type=authorization_code`.
    AuthorizationCode {
        /// The code.
        code: SecretString,
        /// Must equal the one of the authorization request.
        redirect_uri: String,
        /// The PKCE verifier.
        verifier: SecretString,
    },
    /// `grant_type=refresh_token`.
    RefreshToken {
        /// The token.
        token: SecretString,
    },
}

impl TokenRequest {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// `invalid_request` for what is missing or sent twice, `unsupported_grant_type`, and `invalid_grant` where
    /// the PKCE verifier is missing (RFC 7636 section 4.6: the code is not the client's to use).
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        if params.has_repeats() {
            return Err(OAuthError::invalid_request("a parameter was sent twice"));
        }
        let need = |name, error| params.get(name).ok_or(error);
        match need("grant_type", OAuthError::invalid_request("grant_type is missing"))? {
            "authorization_code" => Ok(Self::AuthorizationCode {
                code: need("code", OAuthError::invalid_request("code is missing"))?.into(),
                redirect_uri: need("redirect_uri", OAuthError::invalid_request("redirect_uri is missing"))?
                    .to_owned(),
                verifier: need("code_verifier", OAuthError::invalid_grant("code_verifier is missing"))?
                    .into(),
            }),
            "refresh_token" => Ok(Self::RefreshToken {
                token: need("refresh_token", OAuthError::invalid_request("refresh_token is missing"))?.into(),
            }),
            _ => Err(OAuthError::new(ErrorCode::UnsupportedGrantType, "this grant_type is not supported")),
        }
    }

    /// The `grant_type`, as it stands on the wire.
    #[must_use]
    pub const fn grant_type(&self) -> &'static str {
        match self {
            Self::AuthorizationCode { .. } => "authorization_code",
            Self::RefreshToken { .. } => "refresh_token",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Option<ErrorCode> {
        TokenRequest::parse(&Params::parse(body.as_bytes())).err().map(|error| error.code)
    }

    #[test]
    fn both_grants_are_read() {
        assert_eq!(code("grant_type=refresh_token&refresh_token=r"), None);
        assert_eq!(code("grant_type=authorization_code&code=c&redirect_uri=u&code_verifier=v"), None);
    }

    #[test]
    fn what_is_missing_or_repeated_is_refused() {
        for (body, error) in [
            ("", ErrorCode::InvalidRequest),
            ("grant_type=password", ErrorCode::UnsupportedGrantType),
            ("grant_type=refresh_token", ErrorCode::InvalidRequest),
            ("grant_type=refresh_token&refresh_token=a&refresh_token=b", ErrorCode::InvalidRequest),
            ("grant_type=authorization_code&redirect_uri=u&code_verifier=v", ErrorCode::InvalidRequest),
            ("grant_type=authorization_code&code=c&code_verifier=v", ErrorCode::InvalidRequest),
            ("grant_type=authorization_code&code=c&redirect_uri=u", ErrorCode::InvalidGrant),
        ] {
            assert_eq!(code(body), Some(error), "{body}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let request = TokenRequest::parse(&Params::parse(b"grant_type=refresh_token&refresh_token=hush"));
        assert!(!format!("{request:?}").contains("hush"));
    }
}
