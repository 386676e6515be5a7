//! The text of a key ring.

use hourgate::keys::MasterKey;
use hourgate::keys::file::{self, KeyTextError};

use super::text::base64url;

/// What is read can be written and read again; every key of the text is read, or a line is named; and no message repeats
/// anything of the text.
pub fn run(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).into_owned();
    let lines: Vec<&str> = text.split(['\n', ';']).map(str::trim).collect();
    let of_keys: Vec<&str> =
        lines.iter().copied().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match file::parse(&text.clone().into()) {
        Ok(keys) => {
            let meant: Vec<_> = of_keys
                .iter()
                .map(|line| line.rsplit(char::is_whitespace).next().and_then(|key| base64url(key.as_bytes())))
                .collect();
            let read: Vec<_> = keys.iter().map(|key| Some(key.expose().to_vec())).collect();
            assert_eq!(read, meant);
            let again = file::parse(&file::render(&keys)).expect("what was written can be read");
            assert_eq!(facts(&again), facts(&keys));
            for key in of_keys.iter().filter_map(|line| line.get(line.len().checked_sub(43)?..)) {
                assert!(!format!("{keys:?}").contains(key), "a key in the debug form");
            }
            true
        }
        Err(error) => {
            let (KeyTextError::NotAKey(number)
            | KeyTextError::NotAnInstant(number)
            | KeyTextError::NotThirtyTwoBytes(number)
            | KeyTextError::Repeated(number)) = error;
            let line = lines.get(number - 1).expect("a line of the text");
            assert!(of_keys.contains(line), "line {number} has no key");
            assert!(error.to_string().contains(&format!("line {number} of the key ring")));
            let words = line.split_whitespace().filter(|word| word.len() > 20);
            words.for_each(|word| assert!(!error.to_string().contains(word), "a key in a message"));
            false
        }
    }
}

fn facts(keys: &[MasterKey]) -> Vec<(i64, [u8; 32])> {
    keys.iter().map(|key| (key.use_from().as_millis(), *key.expose())).collect()
}
