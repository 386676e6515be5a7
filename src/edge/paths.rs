//! The gateway's own addresses, each spelled once.

use url::Url;

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

/// Where a sign-in begins.
#[must_use]
pub fn start(origin: &Origin, return_to: &ReturnTo) -> String {
    with_return("start", origin, return_to)
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
