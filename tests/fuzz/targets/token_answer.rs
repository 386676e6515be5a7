//! An answer of the token endpoint: the status, perhaps a space and a `Retry-After`, a newline, the body.

use std::time::Duration;

use hourgate::oidc::token::{self, TokenError};
use secrecy::{ExposeSecret, SecretString};

use super::json::{self, Json};

const INTERACTIONS: [&str; 4] =
    ["interaction_required", "login_required", "consent_required", "account_selection_required"];
const LATER: [&str; 2] = ["temporarily_unavailable", "slow_down"];

const NAMES: [&str; 5] = ["access_token", "refresh_token", "id_token", "token_type", "refresh_expires_in"];

/// `invalid_grant`, which ends sessions, is seen where it stands and nowhere else: in the one `error` of a JSON object, in a
/// refusal. Only what says itself that nothing was done counts as such. The tokens of an answer are those that stand in it,
/// no refresh token among them is ever lost, and none shows in a log.
pub fn run(data: &[u8]) -> bool {
    let Some(newline) = data.iter().position(|byte| *byte == b'\n') else { return false };
    let (head, body) = (&data[..newline], &data[newline + 1..]);
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let (status, retry_after) = head.split_once(' ').map_or((head, None), |(code, rest)| (code, Some(rest)));
    let Ok(status) = status.parse() else { return false };
    if json::is_deep(body) {
        return false;
    }
    let document = json::read(body);
    let is_no = refused(status, retry_after, body, document.as_ref());
    is_no || status == 200 && granted(body, document.as_ref())
}

/// Is it a "no"?
fn refused(status: u16, retry_after: Option<&str>, body: &[u8], document: Option<&Json>) -> bool {
    let error = document.and_then(|document| document.only("error")).and_then(Json::text);
    let is_refusal = (400..500).contains(&status) && ![408, 429].contains(&status);
    let code = error.filter(|_| is_refusal).unwrap_or_default();
    // Broken text is forgiven where nobody reads it, and where it is read it is no answer.
    let is_text = std::str::from_utf8(body).is_ok_and(|text| !text.to_lowercase().contains("\\ud"));
    let wait = retry_after.and_then(seconds).map(Duration::from_secs);
    let says_later =
        status == 429 || status == 503 && (wait.is_some() || error.is_some()) || LATER.contains(&code);
    let classified = token::classify(status, retry_after, body);
    let is_no = classified == Err(TokenError::InvalidGrant);
    match classified {
        Ok(()) => assert_eq!(status, 200),
        Err(TokenError::InvalidGrant) => assert_eq!(code, "invalid_grant"),
        Err(TokenError::InteractionRequired(told)) => {
            assert!(INTERACTIONS.contains(&code) && code == told);
        }
        Err(TokenError::OurFault(told)) => assert!(code == told && !code.is_empty()),
        Err(TokenError::NotSent(_)) => panic!("it was sent: there is an answer"),
        Err(TokenError::TryLater { retry_after, .. }) => {
            assert!(says_later, "{status} does not say that nothing was done");
            assert_eq!(retry_after, wait);
        }
        Err(TokenError::Unavailable(_)) => {
            let is_clear = code == "invalid_grant" || INTERACTIONS.contains(&code) || says_later;
            let is_read = status == 429 || status == 503 && wait.is_some();
            assert!(status != 200 && !(is_clear && (is_text || is_read)));
        }
    }
    is_no
}

/// Were there tokens?
fn granted(body: &[u8], document: Option<&Json>) -> bool {
    // Half a character may stand anywhere but in a token; and a name that stands twice says nothing for sure.
    let is_once = |name: &&str| document.is_none_or(|document| document.all(name).len() <= 1);
    let is_text = !String::from_utf8_lossy(body).to_lowercase().contains("\\ud") && NAMES.iter().all(is_once);
    let last = |name| document.and_then(|document| document.all(name).pop());
    let text = |name| last(name).and_then(Json::text).filter(|text: &&str| !text.is_empty());
    let is_bearer = text("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let access_token = text("access_token").filter(|_| is_bearer);
    let is_answer = access_token.is_some() || text("refresh_token").is_some();
    let response = match token::parse(body) {
        Ok(response) => response,
        Err(error) => {
            assert!(matches!(error, TokenError::Unavailable(_)), "{error}");
            assert!(!(is_answer && is_text), "tokens were lost");
            return false;
        }
    };
    let shown = format!("{response:?}");
    let stands = |name: &str, token: &str| {
        let all = document.map(|document| document.all(name)).unwrap_or_default();
        all.iter().any(|value| value.text() == Some(token))
    };
    let tokens = [
        ("access_token", response.access_token.as_ref().map(|token| token.secret().as_str())),
        ("refresh_token", exposed(&response.refresh_token)),
    ];
    assert!(tokens.iter().any(|(_, token)| token.is_some()), "an answer without tokens");
    for (name, token) in tokens {
        assert!(token.is_none_or(|token| stands(name, token)), "a token out of nothing");
    }
    if is_text {
        assert_eq!(exposed(&response.refresh_token), text("refresh_token"), "a refresh token was lost");
        assert_eq!(response.access_token.as_ref().map(|token| token.secret().as_str()), access_token);
        let id_token = last("id_token").filter(|token| **token != Json::Null);
        assert_eq!(response.id_token.is_some(), id_token.is_some(), "an odd ID token is not an absent one");
        if let Some(token) = id_token.and_then(Json::text) {
            assert_eq!(exposed(&response.id_token), Some(token));
        }
        let life = match last("refresh_expires_in") {
            Some(Json::Number(number)) => number.parse().ok(),
            Some(Json::Text(text)) => seconds(text).filter(|_| text.trim() == text),
            _ => None,
        };
        assert_eq!(response.refresh_expires_in, life);
    }
    for token in ["access_token", "refresh_token", "id_token"].into_iter().filter_map(text) {
        assert!(token.len() <= 40 || !shown.contains(token), "a token in the debug form");
    }
    true
}

fn exposed(secret: &Option<SecretString>) -> Option<&str> {
    secret.as_ref().map(ExposeSecret::expose_secret)
}

/// Seconds as digits, perhaps with a plus.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}
