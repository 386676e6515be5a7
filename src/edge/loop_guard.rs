//! Ends a redirect loop (AUT-24). If the authz endpoint does not see the session that a sign-in made (the front proxy keeps
//! cookies back, a clock is wrong, the cookie is too large for somebody on the way), the app sends the browser to sign in, and
//! the IdP, which knows the person, sends it back at once, for ever.
//!
//! A cookie of half a minute counts how often a browser was sent back to one address. It is no secret and decides nothing but
//! this; nothing is stored here.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use super::cookie;
use super::site::Site;
use crate::session::return_to::ReturnTo;
use crate::time::Timestamp;

/// Sent back so often…
const MOST: u32 = 3;
/// …within this span, a browser is not sent away again.
pub(super) const WINDOW: Duration = Duration::from_secs(30);

/// How often this browser was sent back to an address just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SentBack {
    times: u32,
    /// When for the first time, in seconds since the epoch.
    since: i64,
    /// Names the address.
    target: u64,
}

impl SentBack {
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let (times, since, target) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { times: times.parse().ok()?, since: since.parse().ok()?, target: target.parse().ok()? })
    }

    /// What is known of this address in the window that is open now.
    fn now(value: Option<&str>, return_to: &ReturnTo, now: Timestamp) -> Self {
        let mut hasher = DefaultHasher::new();
        return_to.as_str().hash(&mut hasher);
        let none = Self { times: 0, since: now.as_secs(), target: hasher.finish() };
        let window = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
        value
            .and_then(Self::parse)
            .filter(|seen| seen.target == none.target)
            .filter(|seen| (0..window).contains(&now.as_secs().saturating_sub(seen.since)))
            .unwrap_or(none)
    }

    fn value(self) -> String {
        format!("{}.{}.{}", self.times, self.since, self.target)
    }
}

/// Was this browser sent back to this address again and again just now, only to be here once more?
#[must_use]
pub(super) fn is_looping(request: &HttpRequest, site: &Site, return_to: &ReturnTo, now: Timestamp) -> bool {
    SentBack::now(cookie::sent_back_value(request, site), return_to, now).times >= MOST
}

/// The `Set-Cookie` for a browser that is sent back to this address.
#[must_use]
pub(super) fn sent_back(
    request: &HttpRequest,
    site: &Site,
    return_to: &ReturnTo,
    now: Timestamp,
) -> Cookie<'static> {
    let seen = SentBack::now(cookie::sent_back_value(request, site), return_to, now);
    cookie::sent_back(site, SentBack { times: seen.times.saturating_add(1), ..seen }.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aut_24_only_the_same_address_within_the_window_counts() {
        let origin = "https://app.example".parse().unwrap();
        let target = |path: &str| ReturnTo::parse(path, &origin, &[], "/_hourgate");
        let (t0, page) = (Timestamp::from_secs(1_800_000_000), target("/page"));
        let first = SentBack { times: 3, ..SentBack::now(None, &page, t0) };
        let seen = |path: &str, at: Timestamp| SentBack::now(Some(&first.value()), &target(path), at).times;
        assert_eq!((seen("/page", t0), seen("/page", t0.plus(WINDOW - Duration::from_secs(1)))), (3, 3));
        assert_eq!(seen("/page", t0.plus(WINDOW)), 0);
        assert_eq!(seen("/page", Timestamp::from_secs(1_799_999_999)), 0, "a clock that was set back");
        assert_eq!(seen("/other", t0), 0);
        for nonsense in ["", "3", "3.x.1", "-1.1.1", "99999999999.1.1", "é.é.é"] {
            assert_eq!(SentBack::now(Some(nonsense), &page, t0).times, 0, "{nonsense}");
        }
    }
}
