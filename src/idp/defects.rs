//! ID tokens that no relying party may accept.

use serde_json::{Value, json};

use crate::issuer::jws::{self, Object};
use crate::issuer::keys::{KeyError, SigningKey};

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenDefect {
    WrongNonce,
    WrongIss,
    WrongAud,
    BadSig,
    WrongSub,
    /// Over for an hour, and made two hours ago.
    Expired,
    /// Unsigned, and says so.
    AlgNone,
    NoKid,
    MissingIat,
    MissingSub,
    WrongAtHash,
    WrongAzp,
    /// A second audience that the relying party does not know.
    ExtraAud,
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
        Some(TokenDefect::BadSig) => signature.iter_mut().for_each(|byte| *byte ^= 0x55),
        Some(TokenDefect::AlgNone) => signature.clear(),
        _ => {}
    }
    Ok(jws::compact(&input, &signature))
}

fn spoil(header: &mut Object, claims: &mut Object, defect: TokenDefect) {
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    match defect {
        TokenDefect::WrongNonce => set("nonce", json!("wrong")),
        TokenDefect::WrongIss => set("iss", json!(WRONG_ISSUER)),
        TokenDefect::WrongAud => set("aud", json!("another-client")),
        TokenDefect::WrongSub => set("sub", json!(WRONG_SUBJECT)),
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
        TokenDefect::MissingIat => drop(claims.remove("iat")),
        TokenDefect::MissingSub => drop(claims.remove("sub")),
        TokenDefect::NoKid => drop(header.remove("kid")),
        TokenDefect::AlgNone => drop(header.insert("alg".into(), json!("none"))),
        TokenDefect::BadSig => {}
    }
}
