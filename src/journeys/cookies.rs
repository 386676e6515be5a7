//! The values of the two cookies: the session cookie, which names a session, and the nonce cookie, which names a browser.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use crate::keys::{KeyId, KeyRing, Purpose};
use crate::random;
use crate::session::BrowserHash;
use crate::session::id::SessionId;
use crate::time::Timestamp;

/// Key id, session id, and the first 128 bits of the MAC over it.
const SESSION_LEN: usize = 4 + SessionId::LEN + 16;

/// What a request's session cookie turned out to be.
#[derive(Clone, PartialEq, Eq)]
pub enum SessionCookie {
    /// There is none.
    Absent,
    /// It is not one of ours. The store is not asked (SES-08).
    NotAuthentic,
    /// It is one of ours; whether the session lives is for the store to say.
    Authentic(SessionId),
}

impl SessionCookie {
    /// Reads a cookie's value.
    #[must_use]
    pub fn parse(value: Option<&str>, keys: &KeyRing) -> Self {
        let Some(value) = value else { return Self::Absent };
        Self::open(value, keys).map_or(Self::NotAuthentic, Self::Authentic)
    }

    fn open(value: &str, keys: &KeyRing) -> Option<SessionId> {
        let mut bytes = [0; SESSION_LEN];
        let len = BASE64_URL_SAFE_NO_PAD.decode_slice(value, &mut bytes).ok()?;
        let (key, rest) = bytes[..len].split_first_chunk::<4>()?;
        let (id, mac) = rest.split_first_chunk::<{ SessionId::LEN }>()?;
        let expected = keys.mac(KeyId(*key), Purpose::SessionCookie, &[id])?;
        bool::from(mac.ct_eq(&expected[..16])).then(|| SessionId::from_bytes(*id))
    }

    /// The session id, if it is authentic.
    #[must_use]
    pub const fn id(&self) -> Option<&SessionId> {
        match self {
            Self::Authentic(id) => Some(id),
            Self::Absent | Self::NotAuthentic => None,
        }
    }
}

/// The value of a session's cookie.
///
/// # Panics
///
/// Never: the key in use is in the ring.
#[must_use]
#[expect(clippy::expect_used, reason = "the key in use is in the ring by construction")]
pub fn session_cookie(id: &SessionId, keys: &KeyRing, now: Timestamp) -> String {
    let key = keys.current(now);
    let mac = keys.mac(key, Purpose::SessionCookie, &[id.as_bytes()]).expect("the key in use is in the ring");
    BASE64_URL_SAFE_NO_PAD.encode([&key.0[..], id.as_bytes(), &mac[..16]].concat())
}

/// The per-browser secret that a sign-in is bound to: 256 random bits. It has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct NonceCookie([u8; 32]);

impl NonceCookie {
    /// A new one, for a browser that has none.
    #[must_use]
    pub fn new() -> Self {
        Self(random::bytes())
    }

    /// Reads a cookie's value; anything but one of ours is as good as none.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let len = BASE64_URL_SAFE_NO_PAD.decode_slice(value, &mut bytes).ok()?;
        (len == 32).then_some(Self(bytes))
    }

    /// The cookie's value.
    #[must_use]
    pub fn value(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Names the browser.
    #[must_use]
    pub fn browser(&self) -> BrowserHash {
        let hash = digest(&SHA256, &[b"hourgate browser v1", &self.0[..]].concat());
        let mut browser = [0; 16];
        browser.copy_from_slice(&hash.as_ref()[..16]);
        BrowserHash(browser)
    }

    /// Its bytes, to derive from.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Default for NonceCookie {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;
    use crate::session::id::Lane;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn ring() -> KeyRing {
        KeyRing::new(vec![MasterKey::new([3; 32], NOW)], NOW).unwrap()
    }

    #[test]
    fn a_session_cookie_comes_back_and_a_changed_one_does_not() {
        let (keys, id) = (ring(), SessionId::new(Lane::from_number(7)));
        let value = session_cookie(&id, &keys, NOW);
        assert!(SessionCookie::parse(Some(&value), &keys) == SessionCookie::Authentic(id));
        for at in 0..value.len() {
            let mut altered = value.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(SessionCookie::parse(Some(&altered), &keys) == SessionCookie::NotAuthentic, "byte {at}");
        }
        assert!(SessionCookie::parse(None, &keys) == SessionCookie::Absent);
    }

    #[test]
    fn a_cookie_made_with_the_previous_key_is_still_good() {
        let (old, new) =
            (MasterKey::random(NOW), MasterKey::random(NOW.plus(std::time::Duration::from_secs(1))));
        let (before, id) =
            (KeyRing::new(vec![old.clone()], NOW).unwrap(), SessionId::new(Lane::from_number(7)));
        let value = session_cookie(&id, &before, NOW);
        let rotated = KeyRing::new(vec![old, new.clone()], NOW).unwrap();
        assert!(SessionCookie::parse(Some(&value), &rotated) == SessionCookie::Authentic(id));
        let dropped = KeyRing::new(vec![new], NOW.plus(std::time::Duration::from_secs(2))).unwrap();
        assert!(SessionCookie::parse(Some(&value), &dropped) == SessionCookie::NotAuthentic);
    }

    /// Not only is a changed character noticed: no two texts are one cookie.
    #[test]
    fn ses_14_a_cookie_has_one_spelling() {
        let (keys, id) = (ring(), SessionId::new(Lane::from_number(7)));
        let value = session_cookie(&id, &keys, NOW);
        let others = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"-_+/=.% \"");
        for at in 0..value.len() {
            for other in others.clone().filter(|other| *other != value.as_bytes()[at]) {
                let mut altered = value.clone().into_bytes();
                altered[at] = other;
                let altered = String::from_utf8(altered).unwrap();
                assert!(
                    SessionCookie::parse(Some(&altered), &keys) == SessionCookie::NotAuthentic,
                    "{altered}"
                );
            }
        }
        for altered in [
            format!("{value}="),
            format!("{value}A"),
            format!(" {value}"),
            value[1..].to_owned(),
            value.to_lowercase(),
        ] {
            assert!(SessionCookie::parse(Some(&altered), &keys) == SessionCookie::NotAuthentic, "{altered}");
        }
    }

    proptest! {
        #[test]
        fn ses_08_no_text_passes_for_a_session_or_panics(text in "\\PC{0,120}") {
            prop_assert!(SessionCookie::parse(Some(&text), &ring()) == SessionCookie::NotAuthentic);
            let _ = NonceCookie::parse(&text);
        }
    }
}
