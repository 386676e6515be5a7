//! The text form of a key ring: what `hourgate keys new` writes and what a secret in the environment holds.
//!
//! One key a line, `<use from, RFC 3339> <32 bytes, base64url>`; empty lines and lines that begin with `#` are comments.
//! Where a secret has one line only, `;` separates the keys.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::MasterKey;
use crate::time::Timestamp;

/// Why a key ring's text is refused. Lines are counted from 1; their content is never repeated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyTextError {
    /// Not two words.
    #[error("line {0} of the key ring is not `<use from> <key>`; write one with `hourgate keys new`")]
    NotAKey(usize),
    /// The first word.
    #[error("line {0} of the key ring does not begin with an instant such as 2026-01-31T12:00:00Z")]
    NotAnInstant(usize),
    /// The second word.
    #[error("the key in line {0} of the key ring is not 32 bytes of base64url without padding")]
    NotThirtyTwoBytes(usize),
    /// The same key twice.
    #[error("line {0} of the key ring repeats a key")]
    Repeated(usize),
}

/// Reads a key ring's text.
///
/// # Errors
///
/// [`KeyTextError`] naming the first bad line.
pub fn parse(text: &SecretString) -> Result<Vec<MasterKey>, KeyTextError> {
    let mut keys: Vec<MasterKey> = Vec::new();
    for (number, line) in text.expose_secret().split(['\n', ';']).map(str::trim).enumerate() {
        let number = number + 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (use_from, key) = line.split_once(char::is_whitespace).ok_or(KeyTextError::NotAKey(number))?;
        let use_from: jiff::Timestamp = use_from.parse().map_err(|_| KeyTextError::NotAnInstant(number))?;
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(key.trim())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or(KeyTextError::NotThirtyTwoBytes(number))?;
        if keys.iter().any(|known| *known.expose() == bytes) {
            return Err(KeyTextError::Repeated(number));
        }
        keys.push(MasterKey::new(bytes, Timestamp::from_millis(use_from.as_millisecond())));
    }
    Ok(keys)
}

/// Writes a key ring's text, the newest key first.
#[must_use]
pub fn render<'a>(keys: impl IntoIterator<Item = &'a MasterKey>) -> SecretString {
    let mut text =
        String::from("# Hourgate key ring: <use from> <key>. Keep it secret. Give every node the same.\n");
    for key in keys {
        text.push_str(&format!("{} {}\n", key.use_from(), BASE64_URL_SAFE_NO_PAD.encode(key.expose())));
    }
    text.into()
}

/// Adds a key that comes into use after `overlap`, so that every node can have it before anyone uses it, and drops keys
/// that were out of use for longer than `forget_after`: nothing made with them can still be alive.
#[must_use]
pub fn rotate(
    mut keys: Vec<MasterKey>,
    now: Timestamp,
    overlap: Duration,
    forget_after: Duration,
) -> Vec<MasterKey> {
    keys.push(MasterKey::random(now.plus(overlap)));
    keys.sort_by_key(|key| std::cmp::Reverse(key.use_from()));
    // A key goes out of use when the next newer one comes into use.
    let mut newer: Option<Timestamp> = None;
    keys.retain(|key| {
        let out_of_use_since = newer.replace(key.use_from());
        out_of_use_since.is_none_or(|since| now.since(since) <= forget_after)
    });
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn a_key_ring_survives_being_written_and_read() {
        let keys = vec![MasterKey::random(NOW), MasterKey::random(NOW.plus(DAY))];
        let read = parse(&render(&keys)).unwrap();
        assert_eq!(
            read.iter().map(MasterKey::id).collect::<Vec<_>>(),
            keys.iter().map(MasterKey::id).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_bad_line_is_named_and_not_repeated() {
        let cases = [
            ("nonsense", KeyTextError::NotAKey(1)),
            ("#\n\ntoday AAAA", KeyTextError::NotAnInstant(3)),
            ("2026-01-31T12:00:00Z AAAA", KeyTextError::NotThirtyTwoBytes(1)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(&text.to_owned().into()).unwrap_err(), expected, "{text}");
        }
        let line = format!("2026-01-31T12:00:00Z {}", BASE64_URL_SAFE_NO_PAD.encode([1; 32]));
        assert_eq!(parse(&format!("{line};{line}").into()).unwrap_err(), KeyTextError::Repeated(2));
    }

    #[test]
    fn rotation_keeps_every_key_that_something_alive_was_made_with() {
        let first = MasterKey::random(NOW.minus(DAY * 200));
        let second = MasterKey::random(NOW.minus(DAY * 89));
        let rotated = rotate(vec![first.clone(), second.clone()], NOW, DAY, DAY * 90);
        assert_eq!(rotated.len(), 3, "the first key was in use until 89 days ago");
        assert_eq!(rotated[0].use_from(), NOW.plus(DAY));

        let later = rotate(rotated, NOW.plus(DAY * 2), DAY, DAY * 90);
        assert!(later.iter().all(|key| key.id() != first.id()), "91 days out of use");
        assert!(later.iter().any(|key| key.id() == second.id()));
    }
}
