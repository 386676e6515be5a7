//! Codes, refresh tokens and access tokens: opaque to everyone else, authentic or nothing to the issuer.
//!
//! Each is `prefix.base64url(grant id, 16 bytes ‖ number, 8 bytes ‖ HMAC-SHA-256, 32 bytes)`. The issuer keeps one
//! record per grant and no list of tokens: a forged token never reaches the records, and a token that has to be
//! handed out twice (see [`grants`](super::grants), grace) is simply made again.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::random;

/// The name of a grant: 128 random bits. Knowing it opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantId([u8; 16]);

impl GrantId {
    /// A new id.
    #[must_use]
    pub fn new() -> Self {
        Self(random::bytes())
    }
}

impl Default for GrantId {
    fn default() -> Self {
        Self::new()
    }
}

/// What a token is for. One kind never passes for another: the kind is part of what the MAC covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An authorization code; its number is 0.
    Code,
    /// A refresh token; its number is its generation.
    Refresh,
    /// An access token; its number is the millisecond at which it ends.
    Access,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "hgc",
            Self::Refresh => "hgr",
            Self::Access => "hga",
        }
    }
}

/// The key that makes and recognises tokens. It has no `Debug`.
pub struct BearerKey(hmac::Key);

impl BearerKey {
    /// A new key; whatever was made with another one is worthless.
    #[must_use]
    pub fn new() -> Self {
        Self::from_bytes(&random::bytes())
    }

    /// From kept bytes, for an issuer that outlives its process.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Makes the token; the same arguments make the same token.
    #[must_use]
    pub fn seal(&self, kind: Kind, grant: GrantId, number: u64) -> String {
        let mut bytes = [grant.0.as_slice(), &number.to_be_bytes()].concat();
        let tag = hmac::sign(&self.0, &covered(kind, &bytes));
        bytes.extend_from_slice(tag.as_ref());
        format!("{}.{}", kind.prefix(), BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The grant and number of a token of this kind that this key made.
    #[must_use]
    pub fn open(&self, kind: Kind, token: &str) -> Option<(GrantId, u64)> {
        let encoded = token.strip_prefix(kind.prefix())?.strip_prefix('.')?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (named, tag) = bytes.split_at_checked(24)?;
        hmac::verify(&self.0, &covered(kind, named), tag).ok()?;
        let (grant, number) = named.split_first_chunk::<16>()?;
        Some((GrantId(*grant), u64::from_be_bytes(number.try_into().ok()?)))
    }
}

impl Default for BearerKey {
    fn default() -> Self {
        Self::new()
    }
}

fn covered(kind: Kind, named: &[u8]) -> Vec<u8> {
    [kind.prefix().as_bytes(), named].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_as_what_it_is() {
        let (key, grant) = (BearerKey::new(), GrantId::new());
        let token = key.seal(Kind::Refresh, grant, 7);
        assert_eq!(key.open(Kind::Refresh, &token), Some((grant, 7)));
        let body = token.strip_prefix("hgr").unwrap();
        assert_eq!(key.open(Kind::Access, &format!("hga{body}")), None);
        assert_eq!(BearerKey::new().open(Kind::Refresh, &token), None);
    }

    #[test]
    fn no_single_character_can_be_changed() {
        let key = BearerKey::new();
        let token = key.seal(Kind::Code, GrantId::new(), 0);
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.open(Kind::Code, &String::from_utf8(forged).unwrap()), None, "{at}");
        }
        for nonsense in ["", "hgc", "hgc.", "hgc.AAAA", "hgc.ä"] {
            assert_eq!(key.open(Kind::Code, nonsense), None);
        }
    }
}
