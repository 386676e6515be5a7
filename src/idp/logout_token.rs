//! Logout tokens: good ones, and those that no relying party may accept.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Deserialize;
use serde_json::{Value, json};

use super::defects::WRONG_ISSUER;
use crate::issuer::jws::{self, Object};
use crate::issuer::keys::{KeyError, SigningKey};
use crate::issuer::logout_token::{EVENT, LogoutToken, TYPE};
use crate::random;
use crate::time::Timestamp;

const LIFETIME: Duration = Duration::from_secs(120);

/// What is peculiar about a logout token. The first group is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Variant {
    #[default]
    Good,
    /// Without `sid`.
    SubOnly,
    /// Without `sub`.
    SidOnly,
    /// Without `typ`.
    NoTyp,
    /// With the `typ` of old.
    JwtTyp,

    /// Unsigned, and says so.
    AlgNone,
    /// HS256, with the public key for a secret.
    WrongAlg,
    BadSig,
    UnknownKid,
    /// That of an access token.
    WrongTyp,
    WrongIss,
    WrongAud,
    /// A second audience that the relying party does not know.
    ExtraAud,
    NoEvent,
    WrongEvent,
    /// The event is there, but no object.
    EventNotObject,
    WithNonce,
    NoIat,
    NoExp,
    NoJti,
    /// Over for an hour, and made two hours ago.
    Expired,
    /// Made a day ago, and good for another day.
    OldIat,
    /// Made in an hour.
    FutureIat,
    /// Neither `sub` nor `sid`.
    Nobody,
}

/// Signs a logout token.
pub(super) fn sign(
    key: &SigningKey,
    issuer: &str,
    client_id: &str,
    (subject, sid): (Option<&str>, Option<&str>),
    variant: Variant,
    now: Timestamp,
) -> Result<String, KeyError> {
    let id = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<16>());
    let expires_at = now.plus(LIFETIME);
    let token = LogoutToken { issuer, client_id, subject, sid, issued_at: now, expires_at, id: &id };
    let (mut header, mut claims) = (jws::header(key), token.to_claims());
    header.insert("typ".into(), json!(TYPE));
    vary_header(&mut header, variant);
    vary_claims(&mut claims, variant, now);
    let input = jws::signing_input(&header, &claims);
    let signature = match variant {
        Variant::AlgNone => Vec::new(),
        Variant::WrongAlg => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, key.jwk().to_string().as_bytes());
            hmac::sign(&secret, input.as_bytes()).as_ref().to_vec()
        }
        Variant::BadSig => key.sign(input.as_bytes())?.into_iter().map(|byte| byte ^ 0x55).collect(),
        _ => key.sign(input.as_bytes())?,
    };
    Ok(jws::compact(&input, &signature))
}

fn vary_header(header: &mut Object, variant: Variant) {
    let (name, value) = match variant {
        Variant::NoTyp => return drop(header.remove("typ")),
        Variant::JwtTyp => ("typ", "JWT"),
        Variant::WrongTyp => ("typ", "at+jwt"),
        Variant::AlgNone => ("alg", "none"),
        Variant::WrongAlg => ("alg", "HS256"),
        Variant::UnknownKid => ("kid", "unknown"),
        _ => return,
    };
    header.insert(name.into(), json!(value));
}

fn vary_claims(claims: &mut Object, variant: Variant, now: Timestamp) {
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    let (hour, day) = (3600, 86_400);
    let now = now.as_secs();
    match variant {
        Variant::SubOnly => drop(claims.remove("sid")),
        Variant::SidOnly => drop(claims.remove("sub")),
        Variant::Nobody => claims.retain(|name, _| name != "sub" && name != "sid"),
        Variant::WrongIss => set("iss", json!(WRONG_ISSUER)),
        Variant::WrongAud => set("aud", json!("another-client")),
        Variant::ExtraAud => {
            let own = claims.get("aud").cloned();
            claims.insert("aud".into(), json!([own, "another-client"]));
        }
        Variant::NoEvent => drop(claims.remove("events")),
        Variant::WrongEvent => set("events", json!({ "https://wrong-event.invalid": {} })),
        Variant::EventNotObject => set("events", json!({ EVENT: true })),
        Variant::WithNonce => set("nonce", json!("nonce")),
        Variant::NoIat => drop(claims.remove("iat")),
        Variant::NoExp => drop(claims.remove("exp")),
        Variant::NoJti => drop(claims.remove("jti")),
        Variant::Expired => {
            set("iat", json!(now - 2 * hour));
            set("exp", json!(now - hour));
        }
        Variant::OldIat => {
            set("iat", json!(now - day));
            set("exp", json!(now + day));
        }
        Variant::FutureIat => {
            set("iat", json!(now + hour));
            set("exp", json!(now + 2 * hour));
        }
        Variant::Good
        | Variant::NoTyp
        | Variant::JwtTyp
        | Variant::AlgNone
        | Variant::WrongAlg
        | Variant::BadSig
        | Variant::UnknownKid
        | Variant::WrongTyp => {}
    }
}
