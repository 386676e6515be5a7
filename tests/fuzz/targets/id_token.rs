//! An ID token ([`jwt`] says how it is written), verified with the fixed keys ([`keys`]).

use std::sync::OnceLock;

use hourgate::edge::authz::identity;
use hourgate::oidc::algorithm::SigningAlgorithm;
use hourgate::oidc::id_token::{self, Expected, ExpectedNonce, IdTokenError, VerifiedIdToken};
use hourgate::oidc::jws::JwsError;
use hourgate::provider::claims;
use openidconnect::AccessToken;
use openidconnect::core::CoreJsonWebKeySet;
use ring::digest::{SHA256, SHA512, digest};
use serde_json::Value;

use super::json::Json;
use super::jwt::{self, Authentic};
use super::keys::{self, Key};
use super::text::base64url;
use super::world::{NOW, world};

/// Who issues.
pub const ISSUER: &str = "https://idp.example";
/// Who we are.
pub const CLIENT: &str = "hourgate";
/// What we sent.
pub const NONCE: &str = "n-0S6_WzA2Mj";
const ACCESS_TOKEN: &str = "access-token";
/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// A token counts only if one of the issuer's keys signed it and its claims, read strictly, say all that they must; and
/// what is handed on of it is what stands in it.
pub fn run(data: &[u8]) -> bool {
    let Some(token) = jwt::token(data) else { return false };
    let judged = verify(&token, key_set(), &SigningAlgorithm::ALL);
    if let Ok(verified) = &judged {
        let authentic = jwt::read(&token).expect("no key of the issuer signed it");
        assert_valid(&authentic);
        assert_same(verified, &authentic.claims);
        assert_headers_are_clean(verified);
        // An algorithm that the operator does not allow is refused, whoever signed.
        let others = SigningAlgorithm::ALL.into_iter().filter(|other| other.as_str() != authentic.algorithm);
        let refused = verify(&token, key_set(), &others.collect::<Vec<_>>());
        assert_eq!(refused.err(), Some(IdTokenError::Jws(JwsError::Algorithm)));
    }
    judged.is_ok()
}

/// Judges a token as at a sign-in.
pub fn verify(
    token: &str,
    keys: &CoreJsonWebKeySet,
    algorithms: &[SigningAlgorithm],
) -> Result<VerifiedIdToken, IdTokenError> {
    let access_token = AccessToken::new(ACCESS_TOKEN.to_owned());
    let expected = Expected {
        issuer: ISSUER,
        client_id: CLIENT,
        algorithms,
        nonce: ExpectedNonce::Required(NONCE),
        access_token: &access_token,
        code: None,
        authenticated_since: None,
    };
    id_token::verify(token, keys, &expected, NOW)
}

/// The fixed keys, read from their document.
pub fn key_set() -> &'static CoreJsonWebKeySet {
    static KEYS: OnceLock<CoreJsonWebKeySet> = OnceLock::new();
    KEYS.get_or_init(|| hourgate::oidc::keys::parse(&keys::jwks()).unwrap().0)
}

/// A valid token of each key that can still sign, with the members of the key that make it that key.
pub fn signed_tokens() -> &'static [(String, Vec<(&'static str, String)>)] {
    type Signed = (String, Vec<(&'static str, String)>);
    static TOKENS: OnceLock<Vec<Signed>> = OnceLock::new();
    TOKENS.get_or_init(|| {
        let claims = format!(
            r#"{{"iss":"{ISSUER}","aud":"{CLIENT}","sub":"alice","exp":1800003600,"iat":1800000000,"nonce":"{NONCE}"}}"#
        );
        let token = |key: Key| {
            // Without a `kid`, so that any key may be tried.
            let algorithm = key.sign(b"")?.0;
            let input = format!("{}\n{{\"alg\":\"{algorithm}\"}}\n{claims}", key.kid());
            let jwk = key.jwk();
            let text = |name| jwk.get(name).and_then(Value::as_str).map(|value| (name, value.to_owned()));
            Some((jwt::token(input.as_bytes())?, ["x", "y"].into_iter().filter_map(text).collect()))
        };
        Key::ALL.into_iter().filter_map(token).collect()
    })
}

/// Core section 3.1.3.7, once more.
fn assert_valid(token: &Authentic) {
    assert!(token.is_typed(&["jwt", "jose"]), "{:?}", token.header);
    let now = NOW.as_secs();
    assert_eq!(token.text("iss"), Some(ISSUER));
    assert!(token.is_for(CLIENT), "{:?}", token.claims);
    assert!(
        token
            .text("sub")
            .is_some_and(|sub| (1..=255).contains(&sub.len()) && !sub.contains(char::is_control))
    );
    assert!(token.seconds("exp").is_some_and(|exp| now < exp.saturating_add(LEEWAY)));
    assert!(token.seconds("iat").is_some_and(|iat| iat <= now + LEEWAY));
    assert_eq!(token.text("nonce"), Some(NONCE));
    assert!(
        !token.claims.has("events") || token.claims.all("events").iter().all(|value| **value == Json::Null)
    );
    let optional = |name: &str| token.claims.has(name);
    assert!(!optional("nbf") || token.seconds("nbf").is_some_and(|nbf| nbf <= now + LEEWAY));
    assert!(!optional("azp") || token.text("azp") == Some(CLIENT));
    for name in ["sid", "tid", "oid"] {
        assert!(!optional(name) || token.text(name).is_some(), "{name} is no string");
    }
    if optional("at_hash") {
        let algorithm = if token.algorithm == "EdDSA" { &SHA512 } else { &SHA256 };
        let hash = digest(algorithm, ACCESS_TOKEN.as_bytes());
        let half = &hash.as_ref()[..hash.as_ref().len() / 2];
        let found = token.text("at_hash").and_then(|found| base64url(found.as_bytes()));
        assert_eq!(found.as_deref(), Some(half), "another access token's");
    }
}

fn assert_same(verified: &VerifiedIdToken, claims: &Json) {
    let text = |name: &str| claims.only(name).and_then(Json::text);
    assert_eq!(Some(verified.issuer()), text("iss"));
    assert_eq!(Some(verified.subject()), text("sub"));
    assert_eq!(verified.idp_session(), text("sid"));
    assert_eq!((verified.tenant(), verified.object()), (text("tid"), text("oid")));
    assert_eq!(verified.authenticated_at().is_some(), claims.has("auth_time"));
    assert!(claims.is(&Value::Object(verified.claims().clone())), "other claims than those of the token");
}

/// What apps get of it cannot end a header or begin another one, and no group makes two.
fn assert_headers_are_clean(verified: &VerifiedIdToken) {
    let provider = world().edge.services.providers.values().next().unwrap();
    let identity = claims::identity(provider.oidc().unwrap().settings(), verified, None);
    let headers: Vec<_> = identity::headers(&identity).collect();
    assert_eq!(headers.len(), identity::NAMES.len());
    for (name, value) in &headers {
        let text = std::str::from_utf8(value.as_bytes()).expect("UTF-8");
        assert!(!text.contains(char::is_control), "{name}: {text:?}");
        assert!(!value.is_empty() || name != "x-auth-request-user", "a subject that is lost on the way");
    }
    let [.., groups, truncated] = &headers[..] else { panic!("five headers") };
    let count = groups.1.as_bytes().split(|byte| *byte == b',').filter(|group| !group.is_empty()).count();
    let all = identity.groups.iter().filter(|group| group.contains(|c: char| !c.is_control())).count();
    assert!(count == all || (count < all && truncated.1 == "true"), "{count} groups were made of {all}");
    let _ = claims::policy_check_interval(&provider.oidc().unwrap().settings().claims, verified.claims());
}
