//! Does a request that changes something come from this site's own page?

use actix_web::HttpRequest;
use actix_web::http::header::ORIGIN;

use super::error::EdgeError;
use super::site::Site;

/// Browsers say where a request comes from. One that does not is not believed (LOG-02).
///
/// # Errors
///
/// [`EdgeError::CrossSite`].
pub fn required(request: &HttpRequest, site: &Site) -> Result<(), EdgeError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_own = match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => header(ORIGIN.as_str()) == Some(&site.origin.to_string()),
    };
    if is_own { Ok(()) } else { Err(EdgeError::CrossSite) }
}

/// A script's request, which moreover carries a header that no form can make.
///
/// # Errors
///
/// [`EdgeError::CrossSite`].
pub fn required_of_script(request: &HttpRequest, site: &Site) -> Result<(), EdgeError> {
    let is_marked = request.headers().get("x-csrf").is_some_and(|value| value == "1");
    if is_marked { required(request, site) } else { Err(EdgeError::CrossSite) }
}
