//! The logout token (Back-Channel Logout 1.0 section 2.4) and the checks of section 2.6.
//!
//! Anybody can send one, so the cheap checks come first and the one signature check last. Nothing that a token says is
//! believed before that; until then its claims can only refuse it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::SigningAlgorithm;
use super::id_token::{LEEWAY, NumericDate, present};
use super::strict_json;
use crate::time::Timestamp;

/// The member of `events` that makes a token a logout token.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A longer token is refused before it is looked at: it holds no attributes of anybody.
pub const LONGEST: usize = 8 * 1024;
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
    #[error("it is not a signed JWT with a logout token's claims")]
    Malformed,
    #[error("its type, content type or critical header is not that of a logout token")]
    WrongType,
    #[error("its signature algorithm is not one that this issuer may use")]
    Algorithm,
    #[error("the issuer's key set has no key for it")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
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
            Self::Malformed => "logout_token_malformed",
            Self::WrongType => "logout_token_type",
            Self::Algorithm => "logout_token_alg",
            Self::UnknownKey => "logout_token_unknown_key",
            Self::Signature => "logout_token_signature",
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

/// The header members that are read by name. Keys are only ever taken from the issuer's key set.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    cty: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<Value>,
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

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List(Vec<String>),
}

impl Audience {
    fn is_only(&self, client_id: &str) -> bool {
        match self {
            Self::One(audience) => audience == client_id,
            Self::List(audiences) => matches!(audiences.as_slice(), [only] if only == client_id),
        }
    }
}

/// Checks a logout token. At most one signature is checked.
///
/// # Errors
///
/// The first check that fails. [`LogoutTokenError::UnknownKey`] is worth one refetch of the keys, if none was made lately.
pub fn verify(
    token: &str,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    if token.len() > LONGEST {
        return Err(LogoutTokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(LogoutTokenError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(LogoutTokenError::Malformed)?;
    let header: Header = read(header)?;
    let algorithm = algorithm(&header, expected)?;
    let claims: Claims = read(payload)?;
    let whose = judge(&claims, expected, now)?;

    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| LogoutTokenError::Malformed)?;
    key(keys, header.kid.as_deref(), &algorithm)?
        .verify_signature(&algorithm, signed.as_bytes(), &signature)
        .map_err(|_| LogoutTokenError::Signature)?;
    Ok(VerifiedLogoutToken { issuer: claims.iss, whose, issued_at: claims.iat.0, id: claims.jti })
}

/// One part of the token: base64url without padding around a JSON object that says nothing twice.
fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, LogoutTokenError> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| LogoutTokenError::Malformed)?;
    let object = strict_json::object(&json).map_err(|_| LogoutTokenError::Malformed)?;
    serde_json::from_value(object.into()).map_err(|_| LogoutTokenError::Malformed)
}

/// The algorithm, if type and algorithm are those of a logout token of this issuer.
fn algorithm(header: &Header, expected: &Expected<'_>) -> Result<CoreJwsSigningAlgorithm, LogoutTokenError> {
    // Section 2.4 recommends the type; IdPs that were built before it send `JWT`, or none.
    let is_logout_token = |typ: &str| {
        let media_type = typ.get(.."application/".len()).filter(|it| it.eq_ignore_ascii_case("application/"));
        let typ = media_type.map_or(typ, |prefix| &typ[prefix.len()..]);
        typ.eq_ignore_ascii_case("logout+jwt") || typ.eq_ignore_ascii_case("JWT")
    };
    let wrong_type = header.typ.as_deref().is_some_and(|typ| !is_logout_token(typ));
    if wrong_type || header.cty.is_some() || header.crit.is_some() {
        return Err(LogoutTokenError::WrongType);
    }
    let algorithm: SigningAlgorithm = header.alg.parse().map_err(|_| LogoutTokenError::Algorithm)?;
    if !expected.algorithms.contains(&algorithm) {
        return Err(LogoutTokenError::Algorithm);
    }
    Ok(algorithm.jws())
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

/// The one key that can have signed: of that id, or, where the token names none, the only one that fits.
fn key<'a>(
    keys: &'a CoreJsonWebKeySet,
    kid: Option<&str>,
    algorithm: &CoreJwsSigningAlgorithm,
) -> Result<&'a CoreJsonWebKey, LogoutTokenError> {
    let fits = |key: &&CoreJsonWebKey| {
        let of_algorithm = match key.signing_alg() {
            JsonWebKeyAlgorithm::Algorithm(only) => only == algorithm,
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        kid.is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid))
            && key.key_use().is_none_or(CoreJsonWebKeyUse::allows_signature)
            && algorithm.key_type().as_ref() == Some(key.key_type())
            && of_algorithm
    };
    let mut fitting = keys.keys().iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(LogoutTokenError::UnknownKey),
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
