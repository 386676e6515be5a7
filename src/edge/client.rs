//! Which kind of client asks (row C15).

use actix_web::HttpRequest;
use actix_web::http::header::REFERER;
use url::Url;

use super::site::Site;
use crate::policy::exemption::{Client, Exempt, exempt};

/// What does not count for a request that is, or leads, to `path` on the site.
#[must_use]
pub fn exempt_at(request: &HttpRequest, site: &Site, path: &str) -> Exempt {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    exempt(&site.environment.exemptions, &Client { host: site.origin.host(), path, header: &header })
}

/// The same for what the script of a page asks: the page's address is what counts.
#[must_use]
pub fn exempt_on_page(request: &HttpRequest, site: &Site) -> Exempt {
    let page = request.headers().get(REFERER).and_then(|value| Url::parse(value.to_str().ok()?).ok());
    exempt_at(request, site, page.as_ref().map_or("/", Url::path))
}
