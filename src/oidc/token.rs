//! Token responses and errors (Core sections 3.1.3 and 12, RFC 6749 section 5).
//!
//! [`classify`] judges status and body *before* the protocol crate sees them, because the crate drops the status, and the
//! difference between "no" and "don't know" lies there (session-policy O1).

use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{ExtraTokenFields, StandardTokenResponse};
use serde::{Deserialize, Serialize};

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
    /// The IdP says itself that it does nothing for now; what was sent is as good as before.
    #[error("the identity provider asks to be left alone for now: {cause}")]
    TryLater {
        /// What it said.
        cause: String,
        /// For how long, where it said that too (RFC 9110 section 10.2.3).
        retry_after: Option<Duration>,
    },
    /// No answer, or none that makes sense. What was sent may have been acted upon.
    #[error("the identity provider gave no usable answer: {0}")]
    Unavailable(String),
}

/// An OAuth error response (RFC 6749 section 5.2). Members other than `error` are not looked at.
#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
}

/// Judges an answer of the token endpoint by its status, its `Retry-After` and the `error` member of a JSON body, nothing
/// else.
///
/// A bare 503 can come from a proxy that lost its connection after the request was passed on; one that says when to come
/// back, or speaks OAuth, is the IdP's own word that nothing was done.
///
/// # Errors
///
/// Everything but a 200 is one; see [`TokenError`].
pub fn classify(status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<(), TokenError> {
    if status == 200 {
        return Ok(());
    }
    let retry_after = retry_after.and_then(|secs| secs.trim().parse().ok()).map(Duration::from_secs);
    let try_later = |cause| TokenError::TryLater { cause, retry_after };
    let is_refusal = (400..500).contains(&status) && status != 408 && status != 429;
    let said = serde_json::from_slice::<ErrorResponse>(body).ok();
    let error = match said {
        Some(response) if is_refusal => response.error,
        said if status == 429 || (status == 503 && (said.is_some() || retry_after.is_some())) => {
            return Err(try_later(format!("HTTP status {status}")));
        }
        _ => return Err(TokenError::Unavailable(format!("HTTP status {status}"))),
    };
    Err(match error.as_str() {
        "invalid_grant" => TokenError::InvalidGrant,
        "interaction_required" | "login_required" | "consent_required" | "account_selection_required" => {
            TokenError::InteractionRequired(error)
        }
        "temporarily_unavailable" | "slow_down" => try_later(error),
        "server_error" | "authorization_pending" => TokenError::Unavailable(error),
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
            assert_eq!(
                classify(status, None, br#"{"error":"invalid_grant"}"#),
                Err(TokenError::InvalidGrant)
            );
        }
    }

    #[test]
    fn pci_05_and_pci_07_everything_unclear_is_unavailable() {
        let invalid_grant: &[u8] = br#"{"error":"invalid_grant"}"#;
        for (status, body) in [
            (500, invalid_grant),
            (502, b"<html>invalid_grant</html>"),
            (408, invalid_grant),
            (302, invalid_grant),
            (201, invalid_grant),
            (400, b"invalid_grant"),
            (400, b""),
            (400, b"[]"),
            (400, br#"{"error":["invalid_grant"]}"#),
            (400, br#"{"error":{"invalid_grant":1}}"#),
            (400, br#"{"Error":"invalid_grant"}"#),
            (400, br#"{"error":"INVALID_GRANT"}"#),
            (400, br#"{"error":"invalid_grant "}"#),
            (400, br#"{"error":"server_error","error_description":"invalid_grant"}"#),
        ] {
            let judged = classify(status, None, body);
            assert!(
                matches!(judged, Err(TokenError::Unavailable(_))),
                "{status} {:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn pci_15_an_idp_that_says_itself_that_it_does_nothing_has_spent_nothing() {
        let later = |status, header, body: &[u8]| match classify(status, header, body) {
            Err(TokenError::TryLater { retry_after, .. }) => Some(retry_after.map(|span| span.as_secs())),
            _ => None,
        };
        assert_eq!(later(429, Some("120"), br#"{"error":"invalid_grant"}"#), Some(Some(120)));
        assert_eq!(later(429, None, b"<html>"), Some(None));
        assert_eq!(later(503, Some("5"), b""), Some(Some(5)));
        assert_eq!(later(503, None, br#"{"error":"temporarily_unavailable"}"#), Some(None));
        assert_eq!(later(400, None, br#"{"error":"temporarily_unavailable"}"#), Some(None));
        for (header, body) in [(None, &b"upstream connect error"[..]), (Some("soon"), b"")] {
            assert_eq!(later(503, header, body), None, "a proxy may have passed the request on");
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
            assert_eq!(classify(401, None, body.as_bytes()), Err(TokenError::OurFault(error.into())));
        }
    }

    #[test]
    fn h9_an_idp_that_wants_to_see_the_person_says_so() {
        for error in ["interaction_required", "login_required", "consent_required"] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            assert_eq!(
                classify(400, None, body.as_bytes()),
                Err(TokenError::InteractionRequired(error.into()))
            );
        }
    }
}
