//! Clients that prove themselves with a signature: `private_key_jwt` (RFC 7523 section 3, OIDC Core section 9).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::Value;

use super::error::{ErrorCode, OAuthError};
use super::jws::Object;
use crate::time::Timestamp;

/// The `client_assertion_type`.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The algorithms that are understood.
pub const ALGORITHMS: [&str; 3] = ["ES256", "RS256", "PS256"];
/// An assertion that is good for longer is refused: its id would have to be remembered for as long.
const LONGEST: Duration = Duration::from_secs(300);
/// How many ids are remembered; more at a time are refused.
const MOST_IDS: usize = 100_000;
const LONGEST_ID: usize = 256;

/// Whom an assertion speaks of. Nothing in it is proved.
#[must_use]
pub fn named_client(assertion: &str) -> Option<String> {
    let (_, claims, _, _) = parts(assertion)?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

/// A client's public keys, as they were registered.
#[derive(Clone, Debug, Default)]
pub struct ClientKeys(Vec<Value>);

/// What is wrong with a key set, for whoever registers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("jwks is an object with 1 to 10 public RSA or P-256 keys under `keys`")]
pub struct NotKeys;

impl ClientKeys {
    /// Reads a key set (RFC 7517 section 5). One with a private half is refused: it has no business here.
    ///
    /// # Errors
    ///
    /// [`NotKeys`].
    pub fn read(jwks: &Value) -> Result<Self, NotKeys> {
        let keys = jwks["keys"].as_array().filter(|keys| (1..=10).contains(&keys.len())).ok_or(NotKeys)?;
        let is_public = |key: &&Value| {
            let members: &[&str] = match key["kty"].as_str() {
                Some("EC") if key["crv"] == "P-256" => &["x", "y"],
                Some("RSA") => &["n", "e"],
                _ => return false,
            };
            key.get("d").is_none() && members.iter().all(|name| member(key, name).is_some())
        };
        if keys.iter().all(|key| is_public(&key)) { Ok(Self(keys.clone())) } else { Err(NotKeys) }
    }

    /// The key set document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::json!({ "keys": self.0 })
    }

    /// Did one of the keys make the signature, with an algorithm that is the key's?
    fn verify(&self, header: &Object, input: &str, signature: &[u8]) -> bool {
        let Some(alg) = header.get("alg").and_then(Value::as_str) else { return false };
        let is_meant = |key: &&Value| {
            let kid = header.get("kid").is_none_or(|kid| key.get("kid") == Some(kid));
            kid && key.get("alg").is_none_or(|of_key| of_key == alg)
        };
        self.0.iter().filter(is_meant).any(|key| verify(key, alg, input.as_bytes(), signature))
    }
}

fn verify(key: &Value, alg: &str, input: &[u8], signature: &[u8]) -> bool {
    let kty = key["kty"].as_str().unwrap_or_default();
    let (Some(first), Some(second)) = (match kty {
        "EC" => (member(key, "x"), member(key, "y")),
        _ => (member(key, "n"), member(key, "e")),
    }) else {
        return false;
    };
    let rsa = || RsaPublicKeyComponents { n: &first, e: &second };
    let verified = match (alg, kty) {
        ("ES256", "EC") => {
            let point = [&[4][..], &first, &second].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).verify(input, signature)
        }
        ("RS256", "RSA") => rsa().verify(&RSA_PKCS1_2048_8192_SHA256, input, signature),
        ("PS256", "RSA") => rsa().verify(&RSA_PSS_2048_8192_SHA256, input, signature),
        _ => return false,
    };
    verified.is_ok()
}

fn member(key: &Value, name: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok()
}

/// The ids of assertions that were used, until they end.
#[derive(Debug, Default)]
pub struct Spent(BTreeMap<(String, String), Timestamp>);

impl Spent {
    /// Accepts an assertion of the client `client_id`, once.
    ///
    /// # Errors
    ///
    /// `invalid_client`, saying what is wrong.
    pub fn accept(
        &mut self,
        assertion: &str,
        keys: &ClientKeys,
        client_id: &str,
        issuer: &str,
        now: Timestamp,
    ) -> Result<(), OAuthError> {
        let refuse = |why| OAuthError::new(ErrorCode::InvalidClient, why);
        let (header, claims, input, signature) = parts(assertion).ok_or(refuse("the assertion is no JWT"))?;
        if !keys.verify(&header, input, &signature) {
            return Err(refuse("no key of the client signed the assertion"));
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(client_id) || text("sub") != Some(client_id) {
            return Err(refuse("iss and sub of an assertion are the client"));
        }
        if text("aud") != Some(issuer) {
            return Err(refuse("aud of an assertion is the issuer, as one string"));
        }
        let at = |name: &str| claims.get(name).and_then(Value::as_i64).map(Timestamp::from_secs);
        let until = at("exp").filter(|until| now < *until && until.since(now) <= LONGEST);
        let until =
            until.ok_or(refuse("exp of an assertion is missing, past, or more than 5 minutes ahead"))?;
        if at("iat").is_some_and(|issued| issued.since(now) > LONGEST) {
            return Err(refuse("the assertion was issued in the future"));
        }
        let id = text("jti").filter(|id| (1..=LONGEST_ID).contains(&id.len()));
        let id = id.ok_or(refuse("jti of an assertion is missing or too long"))?;
        self.0.retain(|_, until| now < *until);
        if self.0.len() >= MOST_IDS {
            return Err(OAuthError::new(ErrorCode::TemporarilyUnavailable, "too many assertions at a time"));
        }
        match self.0.insert((client_id.to_owned(), id.to_owned()), until) {
            None => Ok(()),
            Some(_) => Err(refuse("the assertion was used before")),
        }
    }
}

/// Header, claims, what is signed, and the signature.
fn parts(assertion: &str) -> Option<(Object, Object, &str, Vec<u8>)> {
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let (input, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = input.split_once('.')?;
    let object = |part: &str| serde_json::from_slice::<Object>(&decode(part)?).ok();
    Some((object(header)?, object(claims)?, input, decode(signature)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::jws;
    use crate::issuer::keys::{Algorithm, SigningKey};
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
    const ISSUER: &str = "https://idp.example/t1";

    fn claims(change: impl FnOnce(&mut Value)) -> Object {
        let mut claims =
            json!({ "iss": "app", "sub": "app", "aud": ISSUER, "jti": "1", "exp": NOW.as_secs() + 60 });
        change(&mut claims);
        claims.as_object().unwrap().clone()
    }

    fn keys(key: &SigningKey) -> ClientKeys {
        ClientKeys::read(&json!({ "keys": [key.jwk()] })).unwrap()
    }

    #[test]
    fn an_assertion_is_good_once() {
        for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
            let key = SigningKey::generate(algorithm).unwrap();
            let (mut spent, jwt) = (Spent::default(), jws::sign(&key, &claims(|_| {})).unwrap());
            assert_eq!(named_client(&jwt).as_deref(), Some("app"));
            assert_eq!(spent.accept(&jwt, &keys(&key), "app", ISSUER, NOW), Ok(()));
            assert!(spent.accept(&jwt, &keys(&key), "app", ISSUER, NOW).is_err());
            let later = NOW.plus(Duration::from_secs(60));
            assert!(spent.accept(&jwt, &keys(&key), "app", ISSUER, later).is_err(), "it has ended");
        }
    }

    #[test]
    fn what_is_wrong_with_an_assertion_is_refused() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let changes: [fn(&mut Value); 14] = [
            |it| it["iss"] = json!("other"),
            |it| it["sub"] = json!("other"),
            |it| it["aud"] = json!([ISSUER]),
            |it| it["aud"] = json!(format!("{ISSUER}/token")),
            |it| it["aud"] = json!(format!("{ISSUER}/")),
            |it| it["exp"] = json!(NOW.as_secs()),
            |it| it["exp"] = json!(NOW.as_secs() + 301),
            |it| it["exp"] = json!((NOW.as_secs() + 60).to_string()),
            |it| it["exp"] = Value::Null,
            |it| it["iat"] = json!(NOW.as_secs() + 301),
            |it| it["jti"] = json!(""),
            |it| it["jti"] = json!(7),
            |it| it["jti"] = json!("x".repeat(257)),
            |it| it["jti"] = Value::Null,
        ];
        for change in changes {
            let jwt = jws::sign(&key, &claims(change)).unwrap();
            let refused = Spent::default().accept(&jwt, &keys(&key), "app", ISSUER, NOW);
            assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidClient, "{:?}", claims(change));
        }
        let other = SigningKey::generate(Algorithm::Es256).unwrap();
        let jwt = jws::sign(&other, &claims(|_| {})).unwrap();
        assert!(Spent::default().accept(&jwt, &keys(&key), "app", ISSUER, NOW).is_err(), "another key");
        let mut none = jws::header(&key);
        none.insert("alg".into(), json!("none"));
        let none = jws::compact(&jws::signing_input(&none, &claims(|_| {})), b"");
        for jwt in [none.as_str(), "", ".", "a.b.c"] {
            assert!(Spent::default().accept(jwt, &keys(&key), "app", ISSUER, NOW).is_err(), "{jwt}");
        }
    }

    #[test]
    fn a_key_set_holds_public_keys_only() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let mut private = key.jwk().clone();
        private["d"] = json!("AA");
        for bad in [json!({}), json!({ "keys": [] }), json!({ "keys": [private] }), json!({ "keys": [{}] })] {
            assert!(ClientKeys::read(&bad).is_err(), "{bad}");
        }
    }
}
