//! Token responses and errors (Core sections 3.1.3 and 12, RFC 6749 section 5).
//!
//! [`classify`] judges status and body *before* the protocol crate sees them, because the crate drops the status, and the
//! difference between "no" and "don't know" lies there (session-policy O1).

use std::time::Duration;

use oauth2::AccessToken;
use secrecy::SecretString;
use serde_json::Value;

use super::{json, lenient_json};

/// A token response (RFC 6749 section 5.1), as far as it could be read. A refresh token that came is in it, whatever else is
/// wrong with the answer: a rotated one cannot be had again.
#[derive(Debug)]
pub struct TokenResponse {
    /// `access_token`, unless it is of a type that nobody here knows to use. Missing only where a refresh token came.
    pub access_token: Option<AccessToken>,
    /// `refresh_token`.
    pub refresh_token: Option<SecretString>,
    /// `id_token`, as text until it is verified; whatever stood there, so that nothing odd counts as absent.
    pub id_token: Option<SecretString>,
    /// `refresh_expires_in` of Keycloak and others: seconds until the refresh token ends. Zero means that it does not.
    pub refresh_expires_in: Option<u64>,
}

/// Reads the body of a 200. `expires_in` and `scope` are nothing that anybody here goes by, so their form does not matter;
/// `token_type` is compared as RFC 6749 section 7.1 says, and may be missing.
///
/// # Errors
///
/// [`TokenError::Unavailable`] where there is neither access token nor refresh token: a captive portal, a proxy's page, a bug.
pub fn parse(body: &[u8]) -> Result<TokenResponse, TokenError> {
    let none = || TokenError::Unavailable("HTTP status 200 without a token response".into());
    // Bytes that are no text stand in members that nobody here reads, or else make tokens that nobody takes.
    let body = String::from_utf8_lossy(body);
    if !lenient_json::is_object(&body) {
        return Err(none());
    }
    let member = |name| lenient_json::member(&body, name);
    let text = |name| match member(name) {
        Ok(Some(Value::String(text))) if !text.is_empty() => Some(text),
        _ => None,
    };
    let is_bearer = text("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let response = TokenResponse {
        access_token: text("access_token").filter(|_| is_bearer).map(AccessToken::new),
        refresh_token: text("refresh_token").map(SecretString::from),
        id_token: match member("id_token") {
            Ok(None | Some(Value::Null)) => None,
            Ok(Some(Value::String(token))) => Some(token.into()),
            Ok(Some(odd)) => Some(odd.to_string().into()),
            Err(_) => Some("unreadable".to_owned().into()),
        },
        refresh_expires_in: member("refresh_expires_in").ok().flatten().as_ref().and_then(seconds),
    };
    match response {
        TokenResponse { access_token: None, refresh_token: None, .. } => Err(none()),
        response => Ok(response),
    }
}

/// A whole number, also as text: some IdPs send it so.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

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
        "the identity provider refuses this gateway ({0}); check client_id, the client's secret or key, and the registration there"
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
    let Some(error) = refusal(status, body) else {
        let says_so = status == 429 || (status == 503 && (retry_after.is_some() || error_of(body).is_some()));
        let cause = format!("HTTP status {status}");
        return Err(if says_so { try_later(cause) } else { TokenError::Unavailable(cause) });
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

/// The `error` of a refusal: a 4xx other than 408 and 429 with a JSON body that has one.
pub(super) fn refusal(status: u16, body: &[u8]) -> Option<String> {
    let is_refusal = (400..500).contains(&status) && status != 408 && status != 429;
    is_refusal.then(|| error_of(body))?
}

/// The `error` of an OAuth error response (RFC 6749 section 5.2). Other members are not looked at, and may hold bytes that are
/// no text.
fn error_of(body: &[u8]) -> Option<String> {
    let body = String::from_utf8_lossy(body);
    Some(json::object(body.as_bytes()).ok()?.get("error")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(body: &str) -> TokenResponse {
        parse(body.as_bytes()).unwrap()
    }

    fn text(token: &Option<SecretString>) -> Option<&str> {
        token.as_ref().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn key_12_a_refresh_token_is_never_lost_to_an_odd_answer() {
        for odd in [
            r#""access_token":"a","token_type":"Bearer","expires_in":"3600""#,
            r#""access_token":"a","token_type":"Bearer","expires_in":0"#,
            r#""access_token":"a","token_type":"Bearer","expires_in":-1"#,
            r#""access_token":"a","token_type":"Bearer","expires_in":null"#,
            r#""access_token":"a","token_type":"Bearer","expires_in":1e300"#,
            r#""access_token":"a","token_type":"Bearer","expires_in":{}"#,
            r#""access_token":"a","token_type":"bEARER""#,
            r#""access_token":"a""#,
            r#""access_token":"a","token_type":null,"scope":["openid"]"#,
            r#""access_token":"a","token_type":"DPoP""#,
            r#""access_token":7,"refresh_expires_in":"soon","id_token":[1]"#,
            r#""token_type":"Bearer""#,
        ] {
            let told = read(&format!(r#"{{{odd},"refresh_token":"r"}}"#));
            assert_eq!(text(&told.refresh_token), Some("r"), "{odd}");
        }
    }

    #[test]
    fn key_12_a_refresh_token_is_never_lost_to_what_no_computer_reads() {
        let deep = format!(r#""x":{}{}"#, "[".repeat(300), "]".repeat(300));
        for odd in [
            r#""expires_in":1e999"#,
            r#""refresh_expires_in":1e999"#,
            r#""scope":"\ud800""#,
            "\"scope\":\"\x00\"",
            &deep,
        ] {
            // A byte of another encoding, where a zero stands for it.
            let body: Vec<u8> = format!(r#"{{"access_token":"a",{odd},"refresh_token":"r"}}"#)
                .bytes()
                .map(|byte| if byte == 0 { 0xe4 } else { byte })
                .collect();
            let told = parse(&body).unwrap();
            assert_eq!(text(&told.refresh_token), Some("r"), "{odd}");
            assert!(told.access_token.is_some(), "{odd}");
        }
        let told = read(r#"{"access_token":"a","id_token":1e999}"#);
        assert!(told.id_token.is_some(), "an odd ID token is not an absent one");
    }

    #[test]
    fn an_access_token_is_used_only_as_the_type_it_is_of() {
        let is_used = |kind: &str| {
            read(&format!(r#"{{"access_token":"a"{kind},"refresh_token":"r"}}"#)).access_token.is_some()
        };
        for bearer in ["", r#","token_type":"bearer""#, r#","token_type":"BEARER""#] {
            assert!(is_used(bearer), "{bearer}");
        }
        assert!(!is_used(r#","token_type":"DPoP""#));
    }

    #[test]
    fn an_odd_id_token_is_not_an_absent_one() {
        for (given, expected) in
            [(r#"["x"]"#, Some(r#"["x"]"#)), (r#""""#, Some("")), (r#""x""#, Some("x")), ("null", None)]
        {
            let told = read(&format!(r#"{{"access_token":"a","id_token":{given}}}"#));
            assert_eq!(text(&told.id_token), expected, "{given}");
        }
    }

    #[test]
    fn the_life_of_a_refresh_token_is_a_number_or_the_text_of_one() {
        for (given, expected) in
            [("1800", Some(1800)), ("\"1800\"", Some(1800)), ("-1", None), ("1.5", None), ("true", None)]
        {
            let told = read(&format!(r#"{{"access_token":"a","refresh_expires_in":{given}}}"#));
            assert_eq!(told.refresh_expires_in, expected, "{given}");
        }
    }

    #[test]
    fn key_12_what_is_no_token_response_is_no_answer() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            "null",
            r#"{"error":"invalid_grant"}"#,
            r#"{"access_token":""}"#,
            r#"{"id_token":"x"}"#,
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(TokenError::Unavailable(_))), "{body}");
        }
    }

    #[test]
    fn debug_output_shows_no_token() {
        let response = parse(br#"{"access_token":"hush","refresh_token":"hush","id_token":"hush"}"#).unwrap();
        assert!(!format!("{response:?}").contains("hush"));
    }

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
    fn pci_05_everything_unclear_is_unavailable() {
        let invalid_grant: &[u8] = br#"{"error":"invalid_grant"}"#;
        assert_unavailable(&[
            (500, invalid_grant),
            (408, invalid_grant),
            (302, invalid_grant),
            (201, invalid_grant),
            (400, b""),
            (400, b"[]"),
        ]);
    }

    #[test]
    fn pci_07_the_words_of_a_no_elsewhere_are_no_no() {
        assert_unavailable(&[
            (502, b"<html>invalid_grant</html>"),
            (400, b"invalid_grant"),
            (400, br#"["invalid_grant"]"#),
            (400, br#"{"error":["invalid_grant"]}"#),
            (400, br#"{"error":{"invalid_grant":1}}"#),
            (400, br#"{"Error":"invalid_grant"}"#),
            (400, br#"{"error":"INVALID_GRANT"}"#),
            (400, br#"{"error":"invalid_grant "}"#),
            (400, br#"{"error":"server_error","error_description":"invalid_grant"}"#),
        ]);
    }

    fn assert_unavailable(answers: &[(u16, &[u8])]) {
        for (status, body) in answers {
            let judged = classify(*status, None, body);
            let shown = String::from_utf8_lossy(body);
            assert!(matches!(judged, Err(TokenError::Unavailable(_))), "{status} {shown:?}: {judged:?}");
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
