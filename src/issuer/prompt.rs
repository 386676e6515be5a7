//! Whether a person must be asked, given the single sign-on session of their browser (OIDC Core section 3.1.2.3).

use super::authorization_request::AuthorizationRequest;
use super::error::{ErrorCode, OAuthError};
use crate::time::Timestamp;

/// What comes next for an authorization request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The session is good enough: answer at once.
    Answer,
    /// Ask for credentials.
    Authenticate,
    /// The session is good enough, but the client wants a person's consent.
    AskConsent,
    /// `prompt=none`, and something would have to be asked.
    Refuse(OAuthError),
}

/// Decides. `authenticated_at` is when the browser's session began, if it has one that the request can use.
#[must_use]
pub fn next_step(
    request: &AuthorizationRequest,
    authenticated_at: Option<Timestamp>,
    now: Timestamp,
) -> Step {
    // max_age=0 means "now", even where the clock has not moved since the last sign-in.
    let fresh_enough =
        |at: Timestamp| request.max_age.is_none_or(|max_age| !max_age.is_zero() && now.since(at) <= max_age);
    let usable = authenticated_at.is_some_and(fresh_enough);
    if request.prompt.none && !usable {
        return Step::Refuse(OAuthError::new(ErrorCode::LoginRequired, "the person must sign in"));
    }
    if !usable || request.prompt.login || request.prompt.select_account {
        return Step::Authenticate;
    }
    if request.prompt.consent { Step::AskConsent } else { Step::Answer }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::issuer::params::Params;

    const NOW: Timestamp = Timestamp::from_secs(10_000);

    fn step(extra: &str, age: Option<u64>) -> Step {
        let query = format!(
            "client_id=a&redirect_uri=r&response_type=code&scope=openid&code_challenge_method=S256\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM{extra}"
        );
        let request = AuthorizationRequest::parse(&Params::parse(query.as_bytes()), |_, _| true).unwrap();
        next_step(&request, age.map(|secs| NOW.minus(Duration::from_secs(secs))), NOW)
    }

    #[test]
    fn a_session_answers_in_silence() {
        assert_eq!(step("", Some(5)), Step::Answer);
        assert_eq!(step("&prompt=none", Some(5)), Step::Answer);
        assert_eq!(step("", None), Step::Authenticate);
    }

    #[test]
    fn silence_without_a_session_is_login_required() {
        for (extra, age) in [("&prompt=none", None), ("&prompt=none&max_age=4", Some(5))] {
            assert!(
                matches!(step(extra, age), Step::Refuse(error) if error.code == ErrorCode::LoginRequired)
            );
        }
    }

    #[test]
    fn an_old_session_is_not_enough_for_max_age() {
        assert_eq!(step("&max_age=5", Some(5)), Step::Answer);
        assert_eq!(step("&max_age=4", Some(5)), Step::Authenticate);
        assert_eq!(step("&max_age=0", Some(0)), Step::Authenticate);
    }

    #[test]
    fn the_client_can_ask_for_more() {
        assert_eq!(step("&prompt=login", Some(0)), Step::Authenticate);
        assert_eq!(step("&prompt=select_account", Some(0)), Step::Authenticate);
        assert_eq!(step("&prompt=consent", Some(0)), Step::AskConsent);
        assert_eq!(step("&prompt=consent", None), Step::Authenticate);
    }
}
