//! A sign-in under way. It is stored nowhere: it travels sealed as `state`, and its secrets are derived from the browser's
//! nonce cookie, so that strangers fill no store and any number of tabs can sign in at once.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::cookies::NonceCookie;
use super::sealed;
use crate::keys::ring::NotAuthentic;
use crate::keys::{KeyId, KeyRing, Purpose};
use crate::session::BrowserHash;
use crate::session::id::StoredId;
use crate::session::identity::Identity;
use crate::session::names::{EnvironmentId, ProviderId};
use crate::time::Timestamp;

/// How long somebody may take at the IdP.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// What the gateway remembers of a sign-in while the browser is away. The member names are short: this is a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Its own name; it can be used once.
    #[serde(rename = "t")]
    pub id: [u8; 16],
    /// The IdP that was asked.
    #[serde(rename = "p")]
    pub provider: ProviderId,
    /// The environment that it is for.
    #[serde(rename = "e")]
    pub environment: EnvironmentId,
    /// The origin on which it began and must end.
    #[serde(rename = "o")]
    pub origin: String,
    /// Where the person wanted to go.
    #[serde(rename = "r")]
    pub return_to: String,
    /// The browser that began it.
    #[serde(rename = "b")]
    pub browser: BrowserHash,
    /// When it began.
    #[serde(rename = "s")]
    pub begun_at: Timestamp,
    /// What the IdP was asked about the person.
    #[serde(rename = "a")]
    pub ask: Ask,
    /// The session that the browser had then. Its cookie does not come along with a response by POST from another site.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaces>,
    /// Does the person want to be kept signed in (row C17)?
    #[serde(rename = "k", default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// When whoever signed out in this browser had entered credentials, by the IdP's clock (row A2).
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub authenticated_after: Option<Timestamp>,
}

/// A session that a sign-in takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// The session.
    #[serde(rename = "i")]
    pub id: StoredId,
    /// When its person signed in: a silent renewal goes on from there.
    #[serde(rename = "s")]
    pub signed_in_at: Timestamp,
}

/// What the IdP is asked about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Whatever it sees fit.
    #[serde(rename = "i")]
    AsTheIdpSeesFit,
    /// To ask for credentials; `auth_time` must prove that it did.
    #[serde(rename = "f")]
    Fresh,
    /// To answer without asking the person.
    #[serde(rename = "n")]
    Silent,
}

/// What is derived from the transaction and the browser's nonce cookie, and sent to the IdP.
pub struct Secrets {
    /// The OIDC `nonce`.
    pub nonce: String,
    /// The PKCE verifier (RFC 7636 section 4.1): 43 characters.
    pub pkce_verifier: String,
}

impl Transaction {
    /// The `state` that carries it: at most 1.5 KB.
    #[must_use]
    pub fn seal(&self, keys: &KeyRing) -> String {
        sealed::seal(self, Purpose::Transaction, b"state", keys, self.begun_at)
    }

    /// Opens a `state`, and tells which key made it.
    ///
    /// # Errors
    ///
    /// [`NotAuthentic`], the same for every cause (AUT-07).
    pub fn open(state: &str, keys: &KeyRing) -> Result<(Self, KeyId), NotAuthentic> {
        sealed::open(state, Purpose::Transaction, b"state", keys)
    }

    /// Derives the secrets with the key that sealed the transaction. `None` where that key is gone.
    #[must_use]
    pub fn secrets(&self, cookie: &NonceCookie, key: KeyId, keys: &KeyRing) -> Option<Secrets> {
        let derive = |purpose| {
            keys.mac(key, purpose, &[cookie.as_bytes(), &self.id, self.provider.as_str().as_bytes()])
                .map(|mac| BASE64_URL_SAFE_NO_PAD.encode(mac))
        };
        Some(Secrets { nonce: derive(Purpose::OidcNonce)?, pkce_verifier: derive(Purpose::PkceVerifier)? })
    }

    /// Did the person enter credentials after whoever signed out in this browser had? Two instants of one clock.
    #[must_use]
    pub fn is_authenticated_anew(&self, identity: &Identity) -> bool {
        self.authenticated_after.is_none_or(|before| identity.authenticated_at.is_some_and(|at| at > before))
    }

    /// Has it taken too long?
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.since(self.begun_at) >= LIFETIME
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::keys::MasterKey;
    use crate::random;

    #[test]
    fn aut_01_secrets_are_never_the_same_twice_though_time_stands_still() {
        let now = Timestamp::from_secs(1_800_000_000);
        let keys = KeyRing::new(vec![MasterKey::random(now)], now).unwrap();
        let browsers = [NonceCookie::new(), NonceCookie::new()];
        let mut seen = HashSet::new();
        for round in 0..10_000 {
            let nonce = &browsers[round % 2];
            let transaction = Transaction {
                id: random::bytes(),
                provider: "idp".parse().unwrap(),
                environment: "prod".parse().unwrap(),
                origin: "https://app.example".into(),
                return_to: "/".into(),
                browser: nonce.browser(),
                begun_at: now,
                ask: Ask::AsTheIdpSeesFit,
                replaces: None,
                keep: false,
                authenticated_after: None,
            };
            let secrets = transaction.secrets(nonce, keys.current(now), &keys).unwrap();
            for (text, bytes) in
                [(secrets.nonce, 32), (secrets.pkce_verifier, 32), (transaction.seal(&keys), 128)]
            {
                assert!(BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap().len() >= bytes);
                assert!(seen.insert(text));
            }
        }
        assert_eq!(seen.len(), 30_000);
    }
}
