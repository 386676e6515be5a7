//! A logout token, which anybody can send ([`jwt`] says how it is written), verified with the fixed keys.

use hourgate::oidc::algorithm::SigningAlgorithm;
use hourgate::oidc::jws::JwsError;
use hourgate::oidc::logout_token::{self, EVENT, Expected, LogoutTokenError, VerifiedLogoutToken, Whose};

use super::id_token::{CLIENT, ISSUER, key_set};
use super::json::Json;
use super::jwt;
use super::world::NOW;

const LEEWAY: i64 = 60;
const OLDEST: i64 = 600;

/// A token signs people out only if one of the issuer's keys signed it and it is what Back-Channel Logout section 2.4 says,
/// read strictly; and it signs out those whom it names, and nobody else. An ID token is none.
pub fn run(data: &[u8]) -> bool {
    let Some(token) = jwt::token(data) else { return false };
    let Ok(verified) = verify(&token, &SigningAlgorithm::ALL) else { return false };
    let authentic = jwt::read(&token).expect("no key of the issuer signed it");
    assert!(authentic.is_typed(&["jwt", "logout+jwt"]), "{:?}", authentic.header);
    let (now, claims) = (NOW.as_secs(), &authentic.claims);
    assert_eq!((authentic.text("iss"), Some(verified.issuer())), (Some(ISSUER), Some(ISSUER)));
    assert!(authentic.is_for(CLIENT), "{claims:?}");
    assert!(authentic.seconds("exp").is_some_and(|exp| now < exp.saturating_add(LEEWAY)));
    let issued_at = authentic.seconds("iat").expect("iat");
    assert!((now - OLDEST - LEEWAY..=now + LEEWAY).contains(&issued_at));
    assert_eq!(verified.issued_at().as_secs(), issued_at);
    assert!(!claims.has("nbf") || authentic.seconds("nbf").is_some_and(|nbf| nbf <= now + LEEWAY));
    assert!(!claims.has("nonce"), "a nonce: an ID token");
    let event = claims.only("events").and_then(|events| events.only(EVENT));
    assert!(event.is_some_and(|event| event.members().is_some()), "no logout event: {claims:?}");
    assert!(authentic.text("jti").is_some_and(|id| !id.is_empty() && id == verified.id()));
    let (subject, sid) = match verified.whose() {
        Whose::User(subject) => (Some(subject), None),
        Whose::IdpSession(sid) => (None, Some(sid)),
        Whose::UsersIdpSession { subject, sid } => (Some(subject), Some(sid)),
    };
    for (name, whose) in [("sub", subject), ("sid", sid)] {
        assert_eq!(claims.only(name).and_then(Json::text), whose.map(String::as_str));
        assert!(claims.has(name) == whose.is_some() && whose.is_none_or(|whose| !whose.is_empty()));
    }
    let others = SigningAlgorithm::ALL.into_iter().filter(|other| other.as_str() != authentic.algorithm);
    assert_eq!(verify(&token, &others.collect::<Vec<_>>()), Err(LogoutTokenError::Jws(JwsError::Algorithm)));
    true
}

fn verify(token: &str, algorithms: &[SigningAlgorithm]) -> Result<VerifiedLogoutToken, LogoutTokenError> {
    logout_token::verify(token, key_set(), &Expected { issuer: ISSUER, client_id: CLIENT, algorithms }, NOW)
}
