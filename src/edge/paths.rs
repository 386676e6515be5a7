//! The gateway's own addresses, each spelled once.

use url::Url;

use super::site::Site;
use crate::session::names::ProviderId;
use crate::session::origin::Origin;
use crate::session::return_to::ReturnTo;

/// Under this everything of the gateway lies, on every app host. No leading dot: many nginx configurations deny `/\.`.
pub const PREFIX: &str = "/_hourgate";

/// The redirect URI of an IdP on an origin: what is to be registered there.
#[must_use]
pub fn callback(origin: &Origin, provider: &ProviderId) -> String {
    format!("{origin}{PREFIX}/callback/{provider}")
}

/// Where a WS-Federation IdP posts its tokens on an origin: what is to be registered there.
#[must_use]
pub fn wsfed(origin: &Origin, provider: &ProviderId) -> String {
    format!("{origin}{PREFIX}/wsfed/{provider}")
}

/// Is it such a path?
#[must_use]
pub fn takes_tokens(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with("/wsfed/"))
}

/// Where a sign-in begins.
#[must_use]
pub fn start(origin: &Origin, return_to: &ReturnTo) -> String {
    with_return("start", origin, return_to)
}

/// Where the start page's form goes.
#[must_use]
pub fn start_form(origin: &Origin) -> String {
    format!("{origin}{PREFIX}/start")
}

/// Where a sign-in begins that may ask the person, and at once: after the explanation was read, or a silent try failed.
#[must_use]
pub fn start_asking(origin: &Origin, return_to: &ReturnTo) -> String {
    format!("{}&ask=1", start(origin, return_to))
}

/// Where a navigation waits for a policy check (row H8).
#[must_use]
pub fn check(origin: &Origin, return_to: &ReturnTo) -> String {
    with_return("check", origin, return_to)
}

/// Where a renewal in a window of its own ends.
pub const POPUP_DONE: &str = "/_hourgate/popup-done";

/// Where a sign-in or a renewal begins in a window of its own.
#[must_use]
pub fn popup(origin: &Origin) -> String {
    format!("{origin}{PREFIX}/start?rd={POPUP_DONE}")
}

/// Where the page script says that somebody wants to stay.
#[must_use]
pub fn extend(origin: &Origin) -> String {
    format!("{origin}{PREFIX}/session/extend")
}

/// Where it says that somebody is there.
#[must_use]
pub fn activity(origin: &Origin) -> String {
    format!("{origin}{PREFIX}/session/activity")
}

/// The address that a person wants to go to, as far as it is one of the site's: of the gateway's own pages only the one where
/// windows end.
#[must_use]
pub fn return_to(untrusted: &str, site: &Site) -> ReturnTo {
    let popup_done = ReturnTo::own_page(&site.origin, POPUP_DONE);
    if untrusted == POPUP_DONE || untrusted == popup_done.as_str() {
        return popup_done;
    }
    ReturnTo::parse(untrusted, &site.origin, &site.environment.hosts, PREFIX)
}

/// Is it that page?
#[must_use]
pub fn is_popup_done(return_to: &ReturnTo) -> bool {
    return_to.path() == POPUP_DONE
}

/// Where a person signs out.
#[must_use]
pub fn sign_out(origin: &Origin) -> String {
    format!("{origin}{PREFIX}/signout")
}

/// Where the IdP sends people who signed out.
#[must_use]
pub fn signed_out(origin: &Origin) -> String {
    format!("{origin}{PREFIX}/signed-out")
}

fn with_return(page: &str, origin: &Origin, return_to: &ReturnTo) -> String {
    let base = format!("{origin}{PREFIX}/{page}");
    match Url::parse(&base) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair("rd", return_to.as_str());
            url.into()
        }
        // An origin with a fixed path is a URL; were it not, the front page is where one ends up.
        Err(_) => base,
    }
}
