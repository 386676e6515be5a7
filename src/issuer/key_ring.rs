//! The issuer's keys: one that signs, those of before that still count, and perhaps one to come.

use serde_json::{Value, json};

use super::keys::{Algorithm, KeyError, SigningKey};

/// How many keys are published at most; the oldest goes first.
const PUBLISHED: usize = 4;

/// The key that signs, first, the one that will, and the ones before it that relying parties still find in the key set.
#[derive(Debug)]
pub struct KeyRing {
    current: SigningKey,
    next: Option<SigningKey>,
    previous: Vec<SigningKey>,
}

impl KeyRing {
    /// A ring of one new key.
    ///
    /// # Errors
    ///
    /// When the key cannot be made.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Ok(Self { current: SigningKey::generate(algorithm)?, next: None, previous: Vec::new() })
    }

    /// The key that signs.
    #[must_use]
    pub const fn current(&self) -> &SigningKey {
        &self.current
    }

    /// Publishes a key that will sign after the next rotation, so that relying parties know it in time.
    pub fn announce(&mut self, next: SigningKey) {
        self.next = Some(next);
    }

    /// The key that was announced, for [`Self::rotate`].
    pub const fn take_announced(&mut self) -> Option<SigningKey> {
        self.next.take()
    }

    /// Signs with `next` from now on. With `overlap` the keys before it stay published and valid; without, they are
    /// gone at once, as after a theft.
    pub fn rotate(&mut self, next: SigningKey, overlap: bool) {
        let last = std::mem::replace(&mut self.current, next);
        if overlap {
            self.previous.insert(0, last);
            self.previous.truncate(PUBLISHED - 1);
        } else {
            self.previous.clear();
        }
    }

    /// A published key by its id.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.published().find(|key| key.kid() == kid)
    }

    /// The key set document (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.published().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    /// All keys that count, the one that signs first.
    pub fn published(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(&self.next).chain(&self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(ring: &KeyRing) -> Vec<String> {
        ring.published().map(|key| key.kid().to_owned()).collect()
    }

    #[test]
    fn an_overlap_keeps_the_keys_of_before_for_a_while() {
        let mut ring = KeyRing::generate(Algorithm::Es256).unwrap();
        let first = ring.current().kid().to_owned();
        for _ in 1..PUBLISHED {
            ring.rotate(SigningKey::generate(Algorithm::Es256).unwrap(), true);
            assert!(ring.find(&first).is_some());
        }
        ring.rotate(SigningKey::generate(Algorithm::Es256).unwrap(), true);
        assert!(ring.find(&first).is_none());
        assert_eq!(kids(&ring).len(), PUBLISHED);
    }

    #[test]
    fn without_overlap_only_the_new_key_is_left() {
        let mut ring = KeyRing::generate(Algorithm::Es256).unwrap();
        let next = SigningKey::generate(Algorithm::Es256).unwrap();
        let kid = next.kid().to_owned();
        ring.rotate(next, false);
        assert_eq!(kids(&ring), [kid]);
    }
}
