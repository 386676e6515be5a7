//! The logout token (Back-Channel Logout 1.0 section 2.4) and the checks of section 2.6.
//!
//! Anybody can send one, so the cheap checks come first and the one signature check last. Nothing that a token says is
//! believed before that; until then its claims can only refuse it.

use std::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::SigningAlgorithm;
use super::id_token::{LEEWAY, NumericDate, present};
use super::json;
use super::jws::{Audience, Jws, JwsError};
use crate::time::Timestamp;

/// The member of `events` that makes a token a logout token.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A longer token is refused before it is looked at: it holds no attributes of anybody.
pub const LONGEST: usize = 8 * 1024;
/// Section 2.4 recommends the first; IdPs that were built before it send the second, or none.
const TYPES: [&str; 2] = ["logout+jwt", "jwt"];
/// An older token is refused whatever its `exp` says: an IdP that retries does so within minutes.
pub const OLDEST: Duration = Duration::from_secs(600);

/// What a logout token must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// Our client id: the one audience.
    pub client_id: &'a str,
    /// The algorithms that the issuer may use.
    pub algorithms: &'a [SigningAlgorithm],
}

/// Whose sessions are to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All sessions of the user whom the issuer calls so (`sub`).
    User(String),
    /// All sessions that belong to this session at the IdP (`sid`).
    IdpSession(String),
    /// Those of this session at the IdP that are this user's.
    UsersIdpSession {
        /// `sub`
        subject: String,
        /// `sid`
        sid: String,
    },
}

/// A logout token that passed every check. Nothing outside this file makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLogoutToken {
    issuer: String,
    whose: Whose,
    issued_at: Timestamp,
    id: String,
}

/// Why a logout token is refused. The reason codes are stable; nothing of the token is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LogoutTokenError {
    #[error(transparent)]
    Jws(JwsError),
    #[error("it is not a signed JWT with a logout token's claims")]
    Malformed,
    #[error("its type, content type or critical header is not that of a logout token")]
    WrongType,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another audience, or for others too")]
    Audience,
    #[error("it has expired, or was issued too long ago")]
    Expired,
    #[error("it is not valid yet, or was issued in the future; compare the clocks")]
    NotYetValid,
    #[error("its events hold no back-channel logout")]
    Event,
    #[error("it has a nonce, which no logout token has")]
    Nonce,
    #[error("it names neither a user (sub) nor a session (sid)")]
    Nobody,
}

impl LogoutTokenError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed | Self::Jws(JwsError::TooLong | JwsError::Malformed) => "logout_token_malformed",
            Self::WrongType | Self::Jws(JwsError::Special) => "logout_token_type",
            Self::Jws(JwsError::Algorithm) => "logout_token_alg",
            Self::Jws(JwsError::UnknownKey) => "logout_token_unknown_key",
            Self::Jws(JwsError::Signature) => "logout_token_signature",
            Self::Issuer => "logout_token_iss",
            Self::Audience => "logout_token_aud",
            Self::Expired => "logout_token_expired",
            Self::NotYetValid => "logout_token_not_yet_valid",
            Self::Event => "logout_token_event",
            Self::Nonce => "logout_token_nonce",
            Self::Nobody => "logout_token_nobody",
        }
    }
}

impl From<JwsError> for LogoutTokenError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::TooLong | JwsError::Malformed => Self::Malformed,
            JwsError::Special => Self::WrongType,
            other => Self::Jws(other),
        }
    }
}

/// The claims that are read by name, strictly typed.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: NumericDate,
    exp: NumericDate,
    jti: String,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    events: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    nonce: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "present")]
    sid: Option<String>,
}

/// Checks a logout token. At most one signature is checked.
///
/// # Errors
///
/// The first check that fails. [`JwsError::UnknownKey`] is worth one refetch of the keys, if none was made lately.
pub fn verify(
    token: &str,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    if token.len() > LONGEST {
        return Err(LogoutTokenError::Malformed);
    }
    let jws = Jws::parse(token)?;
    if jws.is_of_type(&TYPES) == Some(false) {
        return Err(LogoutTokenError::WrongType);
    }
    let claims = json::object(jws.unverified_payload()).map_err(|_| LogoutTokenError::Malformed)?;
    let claims: Claims = serde_json::from_value(claims.into()).map_err(|_| LogoutTokenError::Malformed)?;
    let whose = judge(&claims, expected, now)?;
    jws.verify_once(keys, expected.algorithms)?;
    Ok(VerifiedLogoutToken { issuer: claims.iss, whose, issued_at: claims.iat.0, id: claims.jti })
}

/// The checks of section 2.6 that need no key.
fn judge(claims: &Claims, expected: &Expected<'_>, now: Timestamp) -> Result<Whose, LogoutTokenError> {
    if claims.iss != expected.issuer {
        return Err(LogoutTokenError::Issuer);
    }
    if !claims.aud.is_only(expected.client_id) {
        return Err(LogoutTokenError::Audience);
    }
    if claims.exp.0.plus(LEEWAY) <= now || claims.iat.0.plus(OLDEST + LEEWAY) <= now {
        return Err(LogoutTokenError::Expired);
    }
    let latest = now.plus(LEEWAY);
    if claims.iat.0 > latest || claims.nbf.is_some_and(|nbf| nbf.0 > latest) {
        return Err(LogoutTokenError::NotYetValid);
    }
    if !claims.events.as_ref().and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err(LogoutTokenError::Event);
    }
    if claims.nonce.is_some() {
        return Err(LogoutTokenError::Nonce);
    }
    let is_empty = |name: &Option<String>| name.as_ref().is_some_and(String::is_empty);
    if claims.jti.is_empty() || is_empty(&claims.sub) || is_empty(&claims.sid) {
        return Err(LogoutTokenError::Malformed);
    }
    match (claims.sub.clone(), claims.sid.clone()) {
        (Some(subject), None) => Ok(Whose::User(subject)),
        (None, Some(sid)) => Ok(Whose::IdpSession(sid)),
        (Some(subject), Some(sid)) => Ok(Whose::UsersIdpSession { subject, sid }),
        (None, None) => Err(LogoutTokenError::Nobody),
    }
}

// === impl VerifiedLogoutToken ===

impl VerifiedLogoutToken {
    /// `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whose sessions are to end.
    #[must_use]
    pub const fn whose(&self) -> &Whose {
        &self.whose
    }

    /// `iat`: sign-ins after it are not meant.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `jti`, for the log.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
#[path = "logout_token_tests.rs"]
mod tests;
