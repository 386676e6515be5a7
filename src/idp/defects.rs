//! ID tokens that no relying party may accept.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::issuer::jws::{self, Object};
use crate::issuer::keys::{KeyError, SigningKey};

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenDefect {
    WrongNonce,
    MissingNonce,
    WrongIss,
    WrongAud,
    MissingAud,
    /// A second audience that the relying party does not know.
    ExtraAud,
    WrongAzp,
    WrongSub,
    MissingSub,
    /// Over for an hour, and made two hours ago.
    Expired,
    MissingExp,
    MissingIat,
    /// Made a week ago, and still not over.
    StaleIat,
    WrongAtHash,
    WrongCHash,
    BadSig,
    /// Unsigned, and says so.
    AlgNone,
    /// Signed by a MAC whose key everybody knows: the public key.
    Hs256,
    NoKid,
    /// Of the form of an encrypted token, for a key that the relying party does not have.
    Encrypted,
}

/// A value that belongs to nobody.
pub(crate) const WRONG_ISSUER: &str = "https://wrong-issuer.invalid";
/// A subject that belongs to nobody.
pub(crate) const WRONG_SUBJECT: &str = "mallory";

/// Signs claims, with a defect if one is asked for.
pub(crate) fn sign(
    key: &SigningKey,
    mut claims: Object,
    defect: Option<TokenDefect>,
) -> Result<String, KeyError> {
    let mut header = jws::header(key);
    if let Some(defect) = defect {
        spoil(&mut header, &mut claims, defect);
    }
    let input = jws::signing_input(&header, &claims);
    let mut signature = key.sign(input.as_bytes())?;
    match defect {
        Some(TokenDefect::Encrypted) => return Ok(encrypted()),
        Some(TokenDefect::Hs256) => {
            let public = hmac::Key::new(hmac::HMAC_SHA256, key.jwk().to_string().as_bytes());
            signature = hmac::sign(&public, input.as_bytes()).as_ref().to_vec();
        }
        Some(TokenDefect::BadSig) => signature.iter_mut().for_each(|byte| *byte ^= 0x55),
        Some(TokenDefect::AlgNone) => signature.clear(),
        _ => {}
    }
    Ok(jws::compact(&input, &signature))
}

/// A compact JWE (RFC 7516 section 3.1) in form; its parts hold nothing that could be opened.
fn encrypted() -> String {
    let header = json!({ "alg": "RSA1_5", "enc": "A128CBC-HS256", "cty": "JWT" }).to_string();
    let parts = [header.as_bytes(), &[1; 256], &[2; 16], &[3; 512], &[4; 16]];
    parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn spoil(header: &mut Object, claims: &mut Object, defect: TokenDefect) {
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    match defect {
        TokenDefect::WrongNonce => set("nonce", json!("wrong")),
        TokenDefect::WrongIss => set("iss", json!(WRONG_ISSUER)),
        TokenDefect::WrongAud => set("aud", json!("another-client")),
        TokenDefect::WrongSub => set("sub", json!(WRONG_SUBJECT)),
        TokenDefect::WrongCHash => set("c_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        TokenDefect::WrongAtHash => set("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        TokenDefect::WrongAzp => set("azp", json!("another-client")),
        TokenDefect::ExtraAud => {
            let own = claims.get("aud").cloned();
            claims.insert("aud".into(), json!([own, "another-client"]));
        }
        TokenDefect::Expired => {
            let iat = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
            claims.insert("iat".into(), json!(iat - 7200));
            claims.insert("exp".into(), json!(iat - 3600));
        }
        TokenDefect::StaleIat => {
            let iat = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
            claims.insert("iat".into(), json!(iat - 7 * 86_400));
        }
        TokenDefect::MissingNonce => drop(claims.remove("nonce")),
        TokenDefect::MissingAud => drop(claims.remove("aud")),
        TokenDefect::MissingExp => drop(claims.remove("exp")),
        TokenDefect::MissingIat => drop(claims.remove("iat")),
        TokenDefect::MissingSub => drop(claims.remove("sub")),
        TokenDefect::NoKid => drop(header.remove("kid")),
        TokenDefect::AlgNone => drop(header.insert("alg".into(), json!("none"))),
        TokenDefect::Hs256 => drop(header.insert("alg".into(), json!("HS256"))),
        TokenDefect::BadSig | TokenDefect::Encrypted => {}
    }
}
