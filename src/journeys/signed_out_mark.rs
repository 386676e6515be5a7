//! What a browser keeps of a sign-out, so that coming back means credentials (row A2). The session cookie is gone then, and
//! with it all that names the session that ended.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyRing, Purpose};
use crate::time::Timestamp;

/// The mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOutMark {
    /// When the person who signed out had entered credentials, by the IdP's clock. The next sign-in must show a later
    /// instant of that same clock: no leeway between two clocks lets the old one pass.
    #[serde(rename = "a")]
    pub authenticated_at: Option<Timestamp>,
}

impl SignedOutMark {
    /// The cookie's value.
    ///
    /// # Panics
    ///
    /// Never: numbers always have a JSON form.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a struct of numbers always has a JSON form")]
    pub fn seal(&self, keys: &KeyRing, now: Timestamp) -> String {
        let plain = serde_json::to_vec(self).expect("numbers have a JSON form");
        BASE64_URL_SAFE_NO_PAD.encode(keys.seal(Purpose::SignOut, b"mark", &plain, now))
    }

    /// Reads a cookie's value. One that cannot be read, because its key is gone or somebody made it up, still says that
    /// there was a sign-out: at worst somebody enters credentials once more.
    #[must_use]
    pub fn read(value: &str, keys: &KeyRing) -> Self {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(value).unwrap_or_default();
        let opened = keys.open(Purpose::SignOut, b"mark", &sealed).ok();
        opened.and_then(|(plain, _)| serde_json::from_slice(&plain).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    #[test]
    fn a2_a_mark_is_read_back_and_what_cannot_be_read_is_a_mark_all_the_same() {
        let now = Timestamp::from_secs(1_800_000_000);
        let keys = KeyRing::new(vec![MasterKey::random(now)], now).unwrap();
        let mark = SignedOutMark { authenticated_at: Some(now) };
        assert_eq!(SignedOutMark::read(&mark.seal(&keys, now), &keys), mark);
        for value in ["", "1", "not base64!", &mark.seal(&keys, now)[1..]] {
            assert_eq!(SignedOutMark::read(value, &keys), SignedOutMark::default(), "{value}");
        }
    }
}
