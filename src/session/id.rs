//! [`SessionId`] lives in the browser's cookie, [`StoredId`] in the store; only the first opens anything.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random;

/// How many partitions the session keys are spread over; what must be atomic lives in one of them.
pub const PARTITIONS: u8 = 64;

/// The secret name of a session: 256 random bits. It has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// A new id; every sign-in gets one.
    #[must_use]
    pub fn new() -> Self {
        Self(random::bytes())
    }

    /// From the bytes of an authenticated cookie.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the cookie.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name under which the store knows this session.
    #[must_use]
    pub fn stored(&self) -> StoredId {
        let hash = digest(&SHA256, &self.0);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_ref()[..16]);
        StoredId(id)
    }
}

impl Default for SessionId {
    fn default() -> Self {
        Self::new()
    }
}

/// The public name of a session: the first 128 bits of the SHA-256 of its [`SessionId`], printed as 32 hex digits.
///
/// Whoever knows it can name the session to an admin, but cannot use it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredId([u8; 16]);

impl StoredId {
    /// From its sixteen bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The partition, `0..PARTITIONS`, that all keys of this session live in.
    #[must_use]
    pub const fn partition(&self) -> u8 {
        self.0[0] % PARTITIONS
    }
}

impl fmt::Display for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 32 hex digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a session id has 32 hex digits")]
pub struct NotASessionId;

impl FromStr for StoredId {
    type Err = NotASessionId;

    fn from_str(text: &str) -> Result<Self, NotASessionId> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotASessionId);
        }
        u128::from_str_radix(text, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| NotASessionId)
    }
}

impl Serialize for StoredId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoredId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_stored_id_round_trips_as_text() {
        let id = SessionId::new().stored();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("+123".parse::<StoredId>(), Err(NotASessionId));
        assert_eq!("+1234567890123456789012345678901".parse::<StoredId>(), Err(NotASessionId));
    }

    /// No two of a million ids are one, nor are their names in the store; every bit is as often set as not. A fair bit's count
    /// among a hundred thousand strays by 158; none of 256 strays by ten times that.
    #[test]
    fn ses_02_ids_are_256_random_bits_and_the_store_knows_only_their_hash() {
        const IDS: usize = 1_000_000;
        const COUNTED: usize = 100_000;
        let mut seen = vec![[0_usize; 256]; 32];
        let (mut ids, mut stored) = (HashSet::with_capacity(IDS), HashSet::with_capacity(IDS));
        for n in 0..IDS {
            let id = SessionId::new();
            let counted = if n < COUNTED { id.as_bytes().as_slice() } else { &[] };
            for (byte, counts) in counted.iter().zip(&mut seen) {
                counts[usize::from(*byte)] += 1;
            }
            assert!(!id.as_bytes().starts_with(id.stored().as_bytes()));
            stored.insert(u128::from_be_bytes(*id.stored().as_bytes()));
            ids.insert(*id.as_bytes());
        }
        assert_eq!((ids.len(), stored.len()), (IDS, IDS));
        for at in 0..256 {
            let has = |byte: &usize| byte >> (at % 8) & 1 == 1;
            let count: usize = (0..256).filter(has).map(|byte| seen[at / 8][byte]).sum();
            assert!(count.abs_diff(COUNTED / 2) < 1_600, "bit {at} is set in {count} of {COUNTED} ids");
        }
    }
}
