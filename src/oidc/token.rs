//! Token responses and errors (Core sections 3.1.3 and 12, RFC 6749 section 5).
//!
//! [`classify`] judges status and body *before* the protocol crate sees them, because the crate drops the status, and the
//! difference between "no" and "don't know" lies there (session-policy O1).

use oauth2::basic::BasicTokenType;
use oauth2::{ExtraTokenFields, StandardTokenResponse};
use serde::{Deserialize, Serialize};

use super::strict_json;

/// What a token response carries beside OAuth 2.0's own members. The ID token stays text until it is verified, so that
/// a bad one cannot make a rotated refresh token unreadable.
#[derive(Clone, Serialize, Deserialize)]
pub struct Extra {
    /// The ID token.
    pub id_token: Option<String>,
    /// Keycloak and others: seconds until the refresh token ends. Zero means that it does not.
    pub refresh_expires_in: Option<u64>,
}

impl std::fmt::Debug for Extra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extra").field("refresh_expires_in", &self.refresh_expires_in).finish_non_exhaustive()
    }
}

impl ExtraTokenFields for Extra {}

/// A token response.
pub type TokenResponse = StandardTokenResponse<Extra, BasicTokenType>;

/// Why the token endpoint gave no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The one positive "no": `invalid_grant`.
    #[error("the identity provider refuses the grant (invalid_grant)")]
    InvalidGrant,
    /// The IdP wants to see the person first.
    #[error("the identity provider wants to see the person ({0})")]
    InteractionRequired(String),
    /// The IdP refuses this client or request, whoever the person is. Somebody must mend the configuration.
    #[error(
        "the identity provider refuses this gateway ({0}); check client_id, client_secret and the registration"
    )]
    OurFault(String),
    /// The request did not get there.
    #[error("the identity provider cannot be reached: {0}")]
    NotSent(String),
    /// No answer, or none that makes sense. What was sent may have been acted upon.
    #[error("the identity provider gave no usable answer: {0}")]
    Unavailable(String),
}

/// An OAuth error response (RFC 6749 section 5.2). Members other than `error` are not looked at.
#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
}

/// Judges an answer of the token endpoint by its status and the `error` member of a JSON body, nothing else.
///
/// # Errors
///
/// Everything but a 200 is one; see [`TokenError`].
pub fn classify(status: u16, body: &[u8]) -> Result<(), TokenError> {
    if status == 200 {
        return Ok(());
    }
    let is_refusal = (400..500).contains(&status) && status != 408 && status != 429;
    let error = match serde_json::from_slice::<ErrorResponse>(body) {
        Ok(response) if is_refusal && strict_json::is_object(body) => response.error,
        _ => return Err(TokenError::Unavailable(format!("HTTP status {status}"))),
    };
    Err(match error.as_str() {
        "invalid_grant" => TokenError::InvalidGrant,
        "interaction_required" | "login_required" | "consent_required" | "account_selection_required" => {
            TokenError::InteractionRequired(error)
        }
        "temporarily_unavailable" | "server_error" | "slow_down" | "authorization_pending" => {
            TokenError::Unavailable(error)
        }
        "invalid_client"
        | "unauthorized_client"
        | "invalid_scope"
        | "invalid_request"
        | "unsupported_grant_type"
        | "invalid_target" => TokenError::OurFault(error),
        // Not repeated: it could hold anything.
        _ => TokenError::Unavailable(format!("HTTP status {status} with an unregistered error code")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pci_04_only_invalid_grant_in_a_refusal_is_a_no() {
        for status in [400, 401, 403] {
            assert_eq!(classify(status, br#"{"error":"invalid_grant"}"#), Err(TokenError::InvalidGrant));
        }
    }

    #[test]
    fn pci_05_and_pci_07_everything_unclear_is_unavailable() {
        let invalid_grant: &[u8] = br#"{"error":"invalid_grant"}"#;
        for (status, body) in [
            (500, invalid_grant),
            (502, b"<html>invalid_grant</html>"),
            (408, invalid_grant),
            (429, invalid_grant),
            (302, invalid_grant),
            (201, invalid_grant),
            (400, b"invalid_grant"),
            (400, b""),
            (400, b"[]"),
            (400, br#"["invalid_grant"]"#),
            (400, br#"{"error":["invalid_grant"]}"#),
            (400, br#"{"error":{"invalid_grant":1}}"#),
            (400, br#"{"Error":"invalid_grant"}"#),
            (400, br#"{"error":"INVALID_GRANT"}"#),
            (400, br#"{"error":"invalid_grant "}"#),
            (400, br#"{"error":"server_error","error_description":"invalid_grant"}"#),
            (503, br#"{"error":"temporarily_unavailable"}"#),
        ] {
            let judged = classify(status, body);
            assert!(
                matches!(judged, Err(TokenError::Unavailable(_))),
                "{status} {:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn pci_06_a_refusal_of_the_gateway_is_not_a_refusal_of_the_person() {
        for error in [
            "invalid_client",
            "unauthorized_client",
            "invalid_scope",
            "invalid_request",
            "unsupported_grant_type",
        ] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            assert_eq!(classify(401, body.as_bytes()), Err(TokenError::OurFault(error.into())));
        }
    }

    #[test]
    fn h9_an_idp_that_wants_to_see_the_person_says_so() {
        for error in ["interaction_required", "login_required", "consent_required"] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            assert_eq!(classify(400, body.as_bytes()), Err(TokenError::InteractionRequired(error.into())));
        }
    }
}
