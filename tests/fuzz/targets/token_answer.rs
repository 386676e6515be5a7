//! An answer of the token endpoint: the status, a newline, the body.

use hourgate::oidc::token::{self, TokenError, TokenResponse};

use super::json::{self, Json};

/// `invalid_grant`, which ends sessions, is seen where it stands and nowhere else: in the one `error` of a JSON object, in a
/// refusal. And the tokens of an answer are those that stand in it, and show in no log.
pub fn run(data: &[u8]) -> bool {
    let Some(newline) = data.iter().position(|byte| *byte == b'\n') else { return false };
    let (status, body) = (&data[..newline], &data[newline + 1..]);
    let Some(status) = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok()) else {
        return false;
    };
    if json::is_deep(body) {
        return false;
    }
    let document = json::read(body);
    let error = document.as_ref().and_then(|document| document.only("error")).and_then(Json::text);
    let is_refusal = (400..500).contains(&status) && ![408, 429].contains(&status);
    let error = error.filter(|_| is_refusal).unwrap_or_default();
    let interactions =
        ["interaction_required", "login_required", "consent_required", "account_selection_required"];
    let classified = token::classify(status, body);
    let is_no = classified == Err(TokenError::InvalidGrant);
    match classified {
        Ok(()) => assert_eq!(status, 200),
        Err(TokenError::InvalidGrant) => assert_eq!(error, "invalid_grant"),
        Err(TokenError::InteractionRequired(code)) => {
            assert!(interactions.contains(&error) && code == error);
        }
        Err(TokenError::OurFault(code)) => assert!(code == error && !code.is_empty()),
        Err(TokenError::NotSent(_)) => panic!("it was sent: there is an answer"),
        Err(TokenError::Unavailable(_)) => {
            // Broken text is forgiven where nobody reads it, and where it is read it is no answer.
            let is_text = std::str::from_utf8(body).is_ok_and(|text| !text.to_lowercase().contains("\\ud"));
            let is_clear = error == "invalid_grant" || interactions.contains(&error);
            assert!(status != 200 && !(is_text && is_clear));
        }
    }
    if let (200, Ok(response)) = (status, serde_json::from_slice::<TokenResponse>(body)) {
        let document = document.expect("what is no JSON was read");
        let id_token = response.extra_fields().id_token.as_deref();
        assert_eq!(id_token, document.only("id_token").and_then(Json::text));
        let access_token = document.only("access_token").and_then(Json::text).unwrap_or_default();
        let shown = format!("{response:?}");
        for token in [access_token, id_token.unwrap_or_default()].iter().filter(|token| token.len() > 40) {
            assert!(!shown.contains(token), "a token in the debug form");
        }
        return true;
    }
    is_no
}
