//! The ID token (Core section 2) and the numbered checks of Core section 3.1.3.7.

use std::time::Duration;

use openidconnect::AccessToken;
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::algorithm::SigningAlgorithm;
use super::json;
use super::jws::{Audience, Jws, JwsError};
use crate::time::Timestamp;

/// How far an IdP's clock may be off. A wider leeway would let an expired token in for longer.
pub const LEEWAY: Duration = Duration::from_secs(60);
/// An ID token that was issued longer ago than this answers some other request (Core section 3.1.3.7, number 10).
const OLDEST: Duration = Duration::from_secs(24 * 3600);
/// The types that an ID token may say it has, if it says one.
const TYPES: [&str; 2] = ["jwt", "jose"];
/// The last second that a `NumericDate` may name: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// What an ID token must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// Our client id.
    pub client_id: &'a str,
    /// The algorithms that the issuer may use.
    pub algorithms: &'a [SigningAlgorithm],
    /// The nonce that was sent.
    pub nonce: ExpectedNonce<'a>,
    /// The access token that came with it, for `at_hash`.
    pub access_token: &'a AccessToken,
    /// The code that it was got for, if it was, for `c_hash`.
    pub code: Option<&'a str>,
    /// The person must have entered credentials after this instant (`auth_time`).
    pub authenticated_since: Option<Timestamp>,
}

/// How strictly the nonce is compared.
#[derive(Clone, Copy, Debug)]
pub enum ExpectedNonce<'a> {
    /// At a sign-in it must be there and equal.
    Required(&'a str),
    /// At a refresh it must be equal or absent (Core section 12.2).
    IfPresent(&'a str),
}

/// Claims of an ID token that passed every check. Nothing outside this file makes one.
#[derive(Clone, Debug)]
pub struct VerifiedIdToken {
    claims: Map<String, Value>,
    registered: Registered,
}

/// The claims that are read by name, strictly typed: a wrong type is an error, never "absent" (RFC 8725 section 3.11).
#[derive(Clone, Debug, Deserialize)]
struct Registered {
    iss: String,
    sub: String,
    aud: Audience,
    exp: NumericDate,
    iat: NumericDate,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    auth_time: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    nonce: Option<String>,
    #[serde(default, deserialize_with = "present")]
    azp: Option<String>,
    #[serde(default, deserialize_with = "present")]
    at_hash: Option<String>,
    #[serde(default, deserialize_with = "present")]
    c_hash: Option<String>,
    #[serde(default, deserialize_with = "present")]
    sid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    tid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    oid: Option<String>,
}

/// `null` is not "absent": where the member stands, its value must be of the type.
pub(super) fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Seconds since the epoch (RFC 7519 section 2), between 1970 and 9999; fractions are rounded down.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumericDate(pub(super) Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let seconds = number.as_i64().or_else(|| {
            #[expect(clippy::cast_possible_truncation, reason = "checked against the range first")]
            number.as_f64().filter(|secs| (0.0..=LAST_SECOND as f64).contains(secs)).map(|secs| secs as i64)
        });
        match seconds {
            Some(seconds @ 0..=LAST_SECOND) => Ok(Self(Timestamp::from_secs(seconds))),
            _ => Err(serde::de::Error::custom("not an instant between 1970 and 9999")),
        }
    }
}

/// Why an ID token is refused. The reason codes are stable; nothing of the token is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum IdTokenError {
    #[error(transparent)]
    Jws(JwsError),
    #[error("it is not a signed JWT with an ID token's claims")]
    Malformed,
    #[error("its type, content type or critical header is not that of an ID token")]
    WrongType,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another audience, or for others too")]
    Audience,
    #[error("it was issued to another party (azp)")]
    AuthorizedParty,
    #[error("it has expired")]
    Expired,
    #[error("it was issued more than a day ago")]
    Stale,
    #[error("it is not valid yet, or names an instant in the future; compare the clocks")]
    NotYetValid,
    #[error("its nonce is not the one of this sign-in")]
    Nonce,
    #[error("it does not belong to the access token (at_hash)")]
    AccessTokenHash,
    #[error("it does not belong to the code (c_hash)")]
    CodeHash,
    #[error(
        "it does not say when credentials were entered (auth_time), although that was asked for; the IdP must send auth_time when max_age is asked"
    )]
    AuthTimeMissing,
    #[error("the person did not enter credentials again")]
    AuthTimeTooOld,
}

impl IdTokenError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Jws(JwsError::TooLong) => "id_token_too_long",
            Self::Malformed | Self::Jws(JwsError::Malformed) => "id_token_malformed",
            Self::WrongType | Self::Jws(JwsError::Special) => "id_token_type",
            Self::Jws(JwsError::Algorithm) => "id_token_alg",
            Self::Jws(JwsError::UnknownKey) => "id_token_unknown_key",
            Self::Jws(JwsError::Signature) => "id_token_signature",
            Self::Issuer => "id_token_iss",
            Self::Audience => "id_token_aud",
            Self::AuthorizedParty => "id_token_azp",
            Self::Expired => "id_token_expired",
            Self::Stale => "id_token_stale",
            Self::NotYetValid => "id_token_not_yet_valid",
            Self::Nonce => "id_token_nonce",
            Self::AccessTokenHash => "id_token_at_hash",
            Self::CodeHash => "id_token_c_hash",
            Self::AuthTimeMissing => "id_token_auth_time_missing",
            Self::AuthTimeTooOld => "id_token_auth_time",
        }
    }
}

impl From<JwsError> for IdTokenError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Malformed => Self::Malformed,
            JwsError::Special => Self::WrongType,
            other => Self::Jws(other),
        }
    }
}

/// Checks an ID token. The numbers are those of Core section 3.1.3.7.
///
/// # Errors
///
/// The first check that fails. [`JwsError::UnknownKey`] is worth one refetch of the keys.
pub fn verify(
    token: &str,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedIdToken, IdTokenError> {
    // (1) an encrypted token has five parts, and is none.
    let jws = Jws::parse(token)?;
    if jws.is_of_type(&TYPES) == Some(false) {
        return Err(IdTokenError::WrongType); // an access token or a logout token (TOK-06)
    }
    let claims = json::object(jws.unverified_payload()).map_err(|_| IdTokenError::Malformed)?;
    let registered =
        Registered::deserialize(Value::Object(claims.clone())).map_err(|_| IdTokenError::Malformed)?;
    // (6)–(8); from here on the payload is authentic. Before all that it says: that a refreshed token is another issuer's, or for
    // somebody else, ends a session, and nobody but the issuer may say it.
    let signed_by = jws.verify(keys, expected.algorithms)?;
    // (2)
    if registered.iss != expected.issuer {
        return Err(IdTokenError::Issuer);
    }
    // (3)
    if !registered.aud.is_only(expected.client_id) {
        return Err(IdTokenError::Audience);
    }
    // Core section 2; and no header can carry a control character, so that two such names could become one.
    if registered.sub.is_empty() || registered.sub.len() > 255 || registered.sub.contains(char::is_control) {
        return Err(IdTokenError::Malformed);
    }
    if claims.contains_key("events") {
        return Err(IdTokenError::WrongType); // a logout token (TOK-06)
    }
    // (4), (5)
    if registered.azp.as_deref().is_some_and(|azp| azp != expected.client_id) {
        return Err(IdTokenError::AuthorizedParty);
    }
    // (9)
    if registered.exp.0.plus(LEEWAY) <= now {
        return Err(IdTokenError::Expired);
    }
    // (10)
    if registered.iat.0.plus(OLDEST) < now {
        return Err(IdTokenError::Stale);
    }
    let latest = now.plus(LEEWAY);
    let instants = [Some(registered.iat), registered.nbf, registered.auth_time];
    if instants.iter().flatten().any(|instant| instant.0 > latest) {
        return Err(IdTokenError::NotYetValid);
    }
    // (11)
    let (nonce, may_be_absent) = match expected.nonce {
        ExpectedNonce::Required(nonce) => (nonce, false),
        ExpectedNonce::IfPresent(nonce) => (nonce, true),
    };
    match &registered.nonce {
        Some(found) if bool::from(found.as_bytes().ct_eq(nonce.as_bytes())) => {}
        None if may_be_absent => {}
        _ => return Err(IdTokenError::Nonce),
    }
    // (13)
    if let Some(since) = expected.authenticated_since {
        let auth_time = registered.auth_time.ok_or(IdTokenError::AuthTimeMissing)?;
        if auth_time.0.plus(LEEWAY) < since {
            return Err(IdTokenError::AuthTimeTooOld);
        }
    }
    // Core sections 3.1.3.8 and 3.3.2.11
    let belongs_to = |hash: &str, value: &str| {
        signed_by.half_hash(value).is_some_and(|ours| bool::from(ours.as_bytes().ct_eq(hash.as_bytes())))
    };
    if registered.at_hash.as_ref().is_some_and(|hash| !belongs_to(hash, expected.access_token.secret())) {
        return Err(IdTokenError::AccessTokenHash);
    }
    if let (Some(hash), Some(code)) = (&registered.c_hash, expected.code)
        && !belongs_to(hash, code)
    {
        return Err(IdTokenError::CodeHash);
    }
    Ok(VerifiedIdToken { claims, registered })
}

// === impl VerifiedIdToken ===

impl VerifiedIdToken {
    /// `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.registered.iss
    }

    /// `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.registered.sub
    }

    /// `exp`.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.registered.exp.0
    }

    /// `iat`.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.registered.iat.0
    }

    /// `auth_time`.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.registered.auth_time.map(|at| at.0)
    }

    /// `sid`.
    #[must_use]
    pub fn idp_session(&self) -> Option<&str> {
        self.registered.sid.as_deref()
    }

    /// `tid`: Entra's tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.registered.tid.as_deref()
    }

    /// `oid`: Entra's user within the tenant.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.registered.oid.as_deref()
    }

    /// All claims.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}
