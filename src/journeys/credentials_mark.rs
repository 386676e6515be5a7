//! What a browser keeps so that its next sign-in takes credentials (rows A2, C9, C10). Its session cookie may be gone then, and
//! with it all that names the session that ended: after a sign-out, and where the browser was closed.

use serde::{Deserialize, Serialize};

use super::sealed;
use crate::keys::{KeyRing, Purpose};
use crate::session::BrowserHash;
use crate::time::Timestamp;

/// The mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialsMark {
    /// Whose it is: another browser's counts for nothing.
    #[serde(rename = "b")]
    pub browser: BrowserHash,
    /// Did somebody sign out? What was begun before that is not completed then.
    #[serde(rename = "o", default)]
    pub signed_out: bool,
    /// When the person who signed out had entered credentials, by the IdP's clock. The next sign-in must show a later
    /// instant of that same clock: no leeway between two clocks lets the old one pass.
    #[serde(rename = "a", default)]
    pub authenticated_at: Option<Timestamp>,
}

impl CredentialsMark {
    /// The cookie's value.
    #[must_use]
    pub fn seal(&self, keys: &KeyRing, now: Timestamp) -> String {
        sealed::seal(self, Purpose::SignOut, b"mark", keys, now)
    }

    /// Reads a cookie's value. What a neighbour on another host of the domain made up, or brought along, is none.
    #[must_use]
    pub fn read(value: &str, browser: BrowserHash, keys: &KeyRing) -> Option<Self> {
        let (mark, _) = sealed::open::<Self>(value, Purpose::SignOut, b"mark", keys).ok()?;
        (mark.browser == browser).then_some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    #[test]
    fn a2_a_mark_is_read_back_in_its_own_browser_and_what_others_made_up_is_none() {
        let now = Timestamp::from_secs(1_800_000_000);
        let keys = KeyRing::new(vec![MasterKey::random(now)], now).unwrap();
        let browser = BrowserHash([1; 16]);
        let mark = CredentialsMark { browser, signed_out: true, authenticated_at: Some(now) };
        let value = mark.seal(&keys, now);
        assert_eq!(CredentialsMark::read(&value, browser, &keys), Some(mark));
        assert_eq!(CredentialsMark::read(&value, BrowserHash([2; 16]), &keys), None);
        for value in ["", "1", "not base64!", &value[1..]] {
            assert_eq!(CredentialsMark::read(value, browser, &keys), None, "{value}");
        }
    }
}
