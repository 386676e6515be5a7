//! Signed tokens, made and read without the product.
//!
//! A fuzz input is either `raw`, a newline and a token; or the name of a key (`ed`, `ec`), a newline, the JOSE header (or
//! nothing, for the usual one), a newline and the claims, which are then signed as they stand. Behind one more newline
//! follow changes to the token ([`edited`]). So the fuzzer reaches what only an issuer could send.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::edits::edited;
use super::json::{self, Json};
use super::keys::Key;
use super::text::base64url;

/// The token that an input stands for.
pub fn token(data: &[u8]) -> Option<String> {
    let (kind, rest) = split(data)?;
    let bytes = match kind {
        b"raw" => rest.to_vec(),
        b"ed" => signed(Key::Ed, rest)?,
        b"ec" => signed(Key::Ec, rest)?,
        _ => return None,
    };
    // What is not text never gets as far as a verifier: tokens arrive in JSON or in a form.
    String::from_utf8(bytes).ok().filter(|token| !token.split('.').any(is_deep))
}

fn signed(key: Key, data: &[u8]) -> Option<Vec<u8>> {
    let (header, rest) = split(data)?;
    let (claims, script) = split(rest).unwrap_or((rest, b""));
    let (algorithm, _) = key.sign(b"")?;
    let usual = format!(r#"{{"alg":"{algorithm}","kid":"{}","typ":"JWT"}}"#, key.kid());
    let header = if header.is_empty() { usual.as_bytes() } else { header };
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let input = format!("{}.{}", encode(header), encode(claims));
    let (_, signature) = key.sign(input.as_bytes())?;
    Some(edited(format!("{input}.{}", encode(&signature)).as_bytes(), script))
}

fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let newline = data.iter().position(|byte| *byte == b'\n')?;
    Some((&data[..newline], &data[newline + 1..]))
}

fn is_deep(part: &str) -> bool {
    base64url(part.as_bytes()).is_some_and(|bytes| json::is_deep(&bytes))
}

/// A token that one of the issuer's keys signed.
pub struct Authentic {
    /// Which algorithm its header names.
    pub algorithm: String,
    /// The header.
    pub header: Json,
    /// The claims.
    pub claims: Json,
}

/// Reads a token, strictly, and verifies its signature by the key that the header names, or else by any.
pub fn read(token: &str) -> Option<Authentic> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return None };
    let input = &token[..header.len() + 1 + claims.len()];
    let signature = base64url(signature.as_bytes())?;
    let header = json::read(&base64url(header.as_bytes())?)?;
    let claims = json::read(&base64url(claims.as_bytes())?)?;
    let algorithm = header.only("alg")?.text()?.to_owned();
    let named = header.only("kid").and_then(Json::text);
    let mut keys = Key::ALL.into_iter().filter(|key| named.is_none_or(|kid| kid == key.kid()));
    keys.any(|key| key.verifies(&algorithm, input.as_bytes(), &signature)).then_some(Authentic {
        algorithm,
        header,
        claims,
    })
}

impl Authentic {
    /// Do type, content type and critical header allow a plain JWT of one of these types (RFC 7515 section 4.1.9)?
    pub fn is_typed(&self, types: &[&str]) -> bool {
        let typed = match self.header.only("typ") {
            Some(Json::Text(found)) => {
                let found = found.to_lowercase();
                types.contains(&found.strip_prefix("application/").unwrap_or(&found))
            }
            Some(Json::Null) => true,
            Some(_) => false,
            None => !self.header.has("typ"),
        };
        let absent = |name| self.header.all(name).iter().all(|value| **value == Json::Null);
        typed && absent("cty") && absent("crit")
    }

    /// Is the only audience this one?
    pub fn is_for(&self, audience: &str) -> bool {
        match self.claims.only("aud") {
            Some(Json::Text(found)) => found == audience,
            Some(Json::List(found)) => found.len() == 1 && found[0].text() == Some(audience),
            _ => false,
        }
    }

    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.only(name)?.text()
    }

    /// A claim that is an instant between 1970 and 9999: whole seconds, rounded down.
    pub fn seconds(&self, name: &str) -> Option<i64> {
        let seconds = self.claims.only(name)?.number()?;
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
        (0.0..253_402_300_800.0).contains(&seconds).then_some(seconds as i64)
    }
}
