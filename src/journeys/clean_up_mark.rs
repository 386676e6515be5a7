//! What a browser keeps so that a WS-Federation IdP can end its session by way of it (row A4): the request comes from the IdP's
//! page, another site, and the session cookie stays behind.

use serde::{Deserialize, Serialize};

use super::sealed;
use crate::keys::{KeyRing, Purpose};
use crate::session::BrowserHash;
use crate::session::id::StoredId;
use crate::time::Timestamp;

/// Names the session. It opens nothing: the public id is good for ending it, and in this browser only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUpMark {
    /// The session.
    #[serde(rename = "i")]
    pub session: StoredId,
    /// The browser.
    #[serde(rename = "b")]
    pub browser: BrowserHash,
}

impl CleanUpMark {
    /// The cookie's value.
    #[must_use]
    pub fn seal(&self, keys: &KeyRing, now: Timestamp) -> String {
        sealed::seal(self, Purpose::SignOut, b"clean up", keys, now)
    }

    /// Reads a cookie's value. What another browser brought along is none.
    #[must_use]
    pub fn read(value: &str, browser: BrowserHash, keys: &KeyRing) -> Option<Self> {
        let (mark, _) = sealed::open::<Self>(value, Purpose::SignOut, b"clean up", keys).ok()?;
        (mark.browser == browser).then_some(mark)
    }
}
