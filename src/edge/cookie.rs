//! Cookies: their names and attributes, and how they are read.
//!
//! | environment | names |
//! |---|---|
//! | host-only | `__Host-hourgate`, `__Host-hourgate-nonce`, `__Host-hourgate-sent-back` (half a minute), `__Host-hourgate-credentials` |
//! | `cookie_domain` | `__Secure-hourgate-<environment>`, `__Secure-hourgate-<environment>-nonce` |
//! | plain HTTP other than localhost (`danger.insecure_http`) | `hourgate`, `hourgate-nonce`, without `Secure` |
//!
//! All are `SameSite=Lax`; all but the session's are `None` in environments with an IdP that answers by POST. They open nothing.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::COOKIE;

use super::loop_guard;
use super::site::Site;
use crate::journeys::check::Presented;
use crate::journeys::clean_up_mark::CleanUpMark;
use crate::journeys::cookies::{NonceCookie, SessionCookie};
use crate::journeys::credentials_mark::CredentialsMark;
use crate::keys::KeyRing;
use crate::policy::exemption::Exempt;
use crate::session::origin::Scheme;
use crate::time::Timestamp;

/// What browsers grant at most.
const LONGEST_DAYS: i64 = 400;
/// A request with more cookies of one name than this is not looked at any further.
const MOST_OF_ONE_NAME: usize = 4;

/// Reads both cookies of a request.
#[must_use]
pub fn presented(request: &HttpRequest, site: &Site, keys: &KeyRing) -> Presented {
    let names = Names::of(site);
    // A sibling host can put a cookie of the same name beside ours; the authentic one counts, wherever it stands.
    let session = values(request, &names.session)
        .map(|value| SessionCookie::parse(Some(value), keys))
        .reduce(|first, next| if first.id().is_some() { first } else { next })
        .unwrap_or(SessionCookie::Absent);
    let nonce = values(request, &names.nonce).find_map(NonceCookie::parse);
    Presented { session, nonce, exempt: Exempt::default() }
}

/// The `Set-Cookie` of a session: lives as long as the browser, or, where the person is kept signed in, longer than any
/// session. When that ends is for the store to say.
#[must_use]
pub fn session(site: &Site, value: String, kept: bool) -> Cookie<'static> {
    let mut cookie = build(site, Names::of(site).session, value);
    if kept {
        cookie.set_max_age(Duration::days(LONGEST_DAYS));
    }
    cookie
}

/// The `Set-Cookie` of the mark that the browser's next sign-in takes credentials (rows A2, C9, C10).
#[must_use]
pub fn credentials(site: &Site, mark: &CredentialsMark, keys: &KeyRing, now: Timestamp) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).credentials, mark.seal(keys, now));
    cookie.set_max_age(Duration::days(LONGEST_DAYS));
    cookie
}

/// The `Set-Cookie` that takes the mark away: somebody has entered credentials since.
#[must_use]
pub fn no_credentials(site: &Site) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).credentials, String::new());
    cookie.make_removal();
    cookie
}

/// The browser's mark.
#[must_use]
pub fn credentials_mark(
    request: &HttpRequest,
    site: &Site,
    nonce: Option<&NonceCookie>,
    keys: &KeyRing,
) -> Option<CredentialsMark> {
    let browser = nonce?.browser();
    let name = Names::of(site).credentials;
    values(request, &name).find_map(|value| CredentialsMark::read(value, browser, keys))
}

/// The `Set-Cookie` that takes the session cookie away. It has the same attributes, or browsers would ignore it (SES-04).
#[must_use]
pub fn no_session(site: &Site) -> Cookie<'static> {
    let mut cookie = build(site, Names::of(site).session, String::new());
    cookie.make_removal();
    cookie
}

/// The `Set-Cookie` of the nonce: outlives the session, for it names the browser.
#[must_use]
pub fn nonce(site: &Site, nonce: &NonceCookie) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).nonce, nonce.value());
    cookie.set_max_age(Duration::days(LONGEST_DAYS));
    cookie
}

/// The `Set-Cookie` that counts how often a browser was sent back (AUT-24).
#[must_use]
pub fn sent_back(site: &Site, value: String) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).sent_back, value);
    cookie.set_max_age(Duration::try_from(loop_guard::WINDOW).unwrap_or(Duration::ZERO));
    cookie
}

/// The `Set-Cookie` that takes it away.
#[must_use]
pub fn not_sent_back(site: &Site) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).sent_back, String::new());
    cookie.make_removal();
    cookie
}

/// The `Set-Cookie` of the mark by which a WS-Federation IdP ends the session: it goes with requests from the IdP's page.
#[must_use]
pub fn clean_up(site: &Site, mark: &CleanUpMark, keys: &KeyRing, now: Timestamp) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).clean_up, mark.seal(keys, now));
    cookie.set_max_age(Duration::days(LONGEST_DAYS));
    cookie
}

/// The `Set-Cookie` that takes it away.
#[must_use]
pub fn no_clean_up(site: &Site) -> Cookie<'static> {
    let mut cookie = crossing(site, Names::of(site).clean_up, String::new());
    cookie.make_removal();
    cookie
}

/// The browser's mark.
#[must_use]
pub fn clean_up_mark(
    request: &HttpRequest,
    site: &Site,
    nonce: Option<&NonceCookie>,
    keys: &KeyRing,
) -> Option<CleanUpMark> {
    let browser = nonce?.browser();
    let name = Names::of(site).clean_up;
    values(request, &name).find_map(|value| CleanUpMark::read(value, browser, keys))
}

/// How often the browser says that it was sent back.
#[must_use]
pub fn sent_back_value<'a>(request: &'a HttpRequest, site: &Site) -> Option<&'a str> {
    let name = Names::of(site).sent_back;
    values(request, &name).next()
}

/// Known beforehand but for environments with a domain: every request asks for them.
struct Names {
    session: Cow<'static, str>,
    nonce: Cow<'static, str>,
    sent_back: Cow<'static, str>,
    credentials: Cow<'static, str>,
    clean_up: Cow<'static, str>,
}

impl Names {
    fn of(site: &Site) -> Self {
        let known = |session, nonce, sent_back, credentials, clean_up| Self {
            session: Cow::Borrowed(session),
            nonce: Cow::Borrowed(nonce),
            sent_back: Cow::Borrowed(sent_back),
            credentials: Cow::Borrowed(credentials),
            clean_up: Cow::Borrowed(clean_up),
        };
        match &site.environment.cookie_domain {
            _ if is_insecure(site) => known(
                "hourgate",
                "hourgate-nonce",
                "hourgate-sent-back",
                "hourgate-credentials",
                "hourgate-clean-up",
            ),
            None => known(
                "__Host-hourgate",
                "__Host-hourgate-nonce",
                "__Host-hourgate-sent-back",
                "__Host-hourgate-credentials",
                "__Host-hourgate-clean-up",
            ),
            Some(_) => {
                let session = format!("__Secure-hourgate-{}", site.environment.id);
                Self {
                    nonce: format!("{session}-nonce").into(),
                    sent_back: format!("{session}-sent-back").into(),
                    credentials: format!("{session}-credentials").into(),
                    clean_up: format!("{session}-clean-up").into(),
                    session: session.into(),
                }
            }
        }
    }
}

/// Browsers take `Secure` cookies over plain HTTP from localhost only.
fn is_insecure(site: &Site) -> bool {
    site.origin.scheme() == Scheme::Http && !site.origin.is_loopback()
}

fn build(site: &Site, name: Cow<'static, str>, value: String) -> Cookie<'static> {
    let mut cookie = Cookie::build(name, value)
        .path("/")
        .secure(!is_insecure(site))
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish();
    if let Some(domain) = &site.environment.cookie_domain {
        cookie.set_domain(domain.clone());
    }
    cookie
}

/// One that goes with a form of the IdP's too, where there is such an IdP: what decides about its answer must come along.
fn crossing(site: &Site, name: Cow<'static, str>, value: String) -> Cookie<'static> {
    let mut cookie = build(site, name, value);
    if site.is_posted_to {
        cookie.set_same_site(SameSite::None);
    }
    cookie
}

/// The values of all cookies of a name. Linear in the header's length; nothing is allocated.
fn values<'a>(request: &'a HttpRequest, name: &str) -> impl Iterator<Item = &'a str> {
    request
        .headers()
        .get_all(COOKIE)
        // In bytes: a cookie of the app beside ours may hold what is not ASCII, and must not hide the session.
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .filter_map(|value| std::str::from_utf8(value).ok())
        .take(MOST_OF_ONE_NAME)
}
