//! The `state` of a sign-out at the IdP (RP-Initiated Logout 1.0 section 2). Stored nowhere: it travels sealed, and what
//! comes back is compared with the browser that brings it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cookies::NonceCookie;
use super::sealed;
use crate::keys::{KeyRing, Purpose};
use crate::session::BrowserHash;
use crate::session::origin::Origin;
use crate::time::Timestamp;

/// How long somebody may take at the IdP.
const LIFETIME: Duration = Duration::from_secs(3600);

/// What the gateway remembers of a sign-out while the browser is away. The member names are short: this is a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOutState {
    /// The browser that signed out.
    #[serde(rename = "b")]
    pub browser: BrowserHash,
    /// The origin on which it did, and to which it comes back.
    #[serde(rename = "o")]
    pub origin: String,
    /// When.
    #[serde(rename = "s")]
    pub begun_at: Timestamp,
}

impl SignOutState {
    /// The `state` parameter.
    #[must_use]
    pub fn seal(&self, keys: &KeyRing) -> String {
        sealed::seal(self, Purpose::SignOut, b"state", keys, self.begun_at)
    }

    /// Does a `state` that came back belong to a sign-out of this browser on this origin, lately?
    #[must_use]
    pub fn is_good(
        state: &str,
        browser: Option<&NonceCookie>,
        origin: &Origin,
        keys: &KeyRing,
        now: Timestamp,
    ) -> bool {
        sealed::open::<Self>(state, Purpose::SignOut, b"state", keys).is_ok_and(|(opened, _)| {
            browser.is_some_and(|browser| browser.browser() == opened.browser)
                && opened.origin == origin.to_string()
                && now.since(opened.begun_at) < LIFETIME
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    #[test]
    fn log_03_a_state_is_good_for_its_browser_its_origin_and_an_hour() {
        let keys = KeyRing::new(vec![MasterKey::new([3; 32], NOW)], NOW).unwrap();
        let (ours, theirs) = (NonceCookie::new(), NonceCookie::new());
        let app: Origin = "https://app.example".parse().unwrap();
        let other: Origin = "https://other.example".parse().unwrap();
        let state = SignOutState { browser: ours.browser(), origin: app.to_string(), begun_at: NOW };
        let state = state.seal(&keys);
        let good =
            |state: &str, browser, origin, now| SignOutState::is_good(state, browser, origin, &keys, now);
        assert!(good(&state, Some(&ours), &app, NOW));
        assert!(!good(&state, Some(&theirs), &app, NOW));
        assert!(!good(&state, None, &app, NOW));
        assert!(!good(&state, Some(&ours), &other, NOW));
        assert!(!good(&state, Some(&ours), &app, NOW.plus(LIFETIME)));
        for wrong in ["", "x", &state[1..], &format!("{state}A")] {
            assert!(!good(wrong, Some(&ours), &app, NOW), "{wrong}");
        }
    }
}
