//! How records lie in a store: a head that says live or ended and which version, then the caller's bytes.
//!
//! The head comes first and has a fixed length, so that a store can compare it without understanding the rest.

use crate::store::{KeptSettings, Stored, Version};

const LIVE: u8 = b'L';
const TOMBSTONE: u8 = b'T';

/// Length of the head of a live record: the kind and the version, big-endian.
pub(super) const HEAD: usize = 9;

/// The head of a live record.
pub(super) fn head(version: Version) -> [u8; HEAD] {
    let mut head = [LIVE; HEAD];
    head[1..].copy_from_slice(&version.0.to_be_bytes());
    head
}

/// A live record.
#[must_use]
pub fn live(version: Version, bytes: &[u8]) -> Vec<u8> {
    [&head(version), bytes].concat()
}

/// A tombstone.
#[must_use]
pub fn tombstone(bytes: &[u8]) -> Vec<u8> {
    [&[TOMBSTONE], bytes].concat()
}

/// Is this a live record?
pub(super) fn is_live(record: &[u8]) -> bool {
    record.first() == Some(&LIVE)
}

/// Is this a tombstone?
pub(super) fn is_tombstone(record: &[u8]) -> bool {
    record.first() == Some(&TOMBSTONE)
}

/// Takes the head off; `None` where this version does not know the head.
#[must_use]
pub fn read(mut record: Vec<u8>) -> Option<Stored> {
    if is_tombstone(&record) {
        return Some(Stored::Tombstone(record.split_off(1)));
    }
    let bytes = if is_live(&record) && record.len() >= HEAD { record.split_off(HEAD) } else { return None };
    let version = record.get(1..)?.try_into().ok()?;
    Some(Stored::Live(Version(u64::from_be_bytes(version)), bytes))
}

/// What is kept of the live settings, to a caller who knows a version; `None` where this version does not know the head.
pub(super) fn settings(record: Option<Vec<u8>>, known: Version) -> Option<KeptSettings> {
    match record {
        None => Some(KeptSettings::Absent),
        Some(record) => match read(record)? {
            Stored::Live(version, _) if version == known => Some(KeptSettings::AsKnown),
            Stored::Live(version, bytes) => Some(KeptSettings::Other(version, bytes)),
            Stored::Tombstone(_) => None,
        },
    }
}

/// The version after `seen`.
pub(super) const fn next(seen: Version) -> Version {
    Version(seen.0.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        assert_eq!(read(live(Version(7), b"x")), Some(Stored::Live(Version(7), b"x".to_vec())));
        assert_eq!(read(live(Version(u64::MAX), b"")), Some(Stored::Live(Version(u64::MAX), vec![])));
        assert_eq!(read(tombstone(b"why")), Some(Stored::Tombstone(b"why".to_vec())));
    }

    #[test]
    fn an_unknown_head_is_not_taken_for_a_record() {
        for unknown in [&b""[..], b"L", b"L1234567", b"M12345678rest"] {
            assert_eq!(read(unknown.to_vec()), None);
        }
    }
}
