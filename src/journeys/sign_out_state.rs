//! The `state` of a sign-out at the IdP (RP-Initiated Logout 1.0 section 2). Stored nowhere: it travels sealed, and what
//! comes back is compared with the browser that brings it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::cookies::NonceCookie;
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
    ///
    /// # Panics
    ///
    /// Never: texts and numbers always have a JSON form.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a struct of texts and numbers always has a JSON form")]
    pub fn seal(&self, keys: &KeyRing) -> String {
        let plain = serde_json::to_vec(self).expect("texts and numbers have a JSON form");
        BASE64_URL_SAFE_NO_PAD.encode(keys.seal(Purpose::SignOut, b"state", &plain, self.begun_at))
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
        let opened = BASE64_URL_SAFE_NO_PAD
            .decode(state)
            .ok()
            .and_then(|sealed| keys.open(Purpose::SignOut, b"state", &sealed).ok())
            .and_then(|(plain, _)| serde_json::from_slice::<Self>(&plain).ok());
        opened.is_some_and(|opened| {
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
