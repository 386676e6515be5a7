//! [`SessionId`] lives in the browser's cookie, [`StoredId`] in the store; only the first opens anything.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names::ProviderId;
use crate::random;

/// How many partitions the session keys are spread over; what must be atomic lives in one of them.
pub const PARTITIONS: u8 = 64;

/// Where the sessions of one IdP queue for their policy checks, apart from those of every other, so that an IdP that is
/// away holds up nobody else's. It is part of a session's id: whoever knows the id knows the queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lane(u16);

impl Lane {
    /// The lane of an IdP: 16 bits of a hash of its id. Two IdPs that fall on one lane share its pace, nothing else.
    #[must_use]
    pub fn of(provider: &ProviderId) -> Self {
        let hash = digest(&SHA256, provider.as_str().as_bytes());
        let hash = hash.as_ref();
        Self(u16::from_be_bytes([hash[0], hash[1]]))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// From its number.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }
}

/// The secret name of a session: 256 random bits and the lane of its IdP. It has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId([u8; Self::LEN]);

impl SessionId {
    /// Its length in bytes.
    pub const LEN: usize = 34;

    /// A new id; every sign-in gets one.
    #[must_use]
    pub fn new(lane: Lane) -> Self {
        let mut id = [0; Self::LEN];
        id[..32].copy_from_slice(&random::bytes::<32>());
        id[32..].copy_from_slice(&lane.0.to_be_bytes());
        Self(id)
    }

    /// From the bytes of an authenticated cookie.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the cookie.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The name under which the store knows this session.
    #[must_use]
    pub fn stored(&self) -> StoredId {
        let hash = digest(&SHA256, &self.0);
        let mut id = [0; 16];
        id[..14].copy_from_slice(&hash.as_ref()[..14]);
        id[14..].copy_from_slice(&self.0[32..]);
        StoredId(id)
    }
}

/// The public name of a session: the first 112 bits of the SHA-256 of its [`SessionId`] and its lane, printed as 32 hex
/// digits.
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

    /// The lane that this session queues in.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        Lane(u16::from_be_bytes([self.0[14], self.0[15]]))
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
        let id = SessionId::new(Lane(7)).stored();
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
            let id = SessionId::new(Lane(7));
            let counted = if n < COUNTED { id.as_bytes().as_slice() } else { &[] };
            for (byte, counts) in counted.iter().zip(&mut seen) {
                counts[usize::from(*byte)] += 1;
            }
            assert!(!id.as_bytes().starts_with(&id.stored().as_bytes()[..14]));
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

    #[test]
    fn an_id_says_in_which_lane_its_session_queues() {
        let lane = Lane::of(&"entra".parse().unwrap());
        let id = SessionId::new(lane);
        assert_eq!(id.stored().lane(), lane);
        assert_ne!(lane, Lane::of(&"keycloak".parse().unwrap()));
    }
}
