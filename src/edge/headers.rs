//! Reading headers from strangers: once or not at all.

use actix_web::HttpRequest;

/// A header that must stand there once stands there twice, or is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {0} is given twice or is not visible ASCII")]
pub struct AmbiguousHeader(pub &'static str);

/// The one value of a header, if it is there.
///
/// # Errors
///
/// [`AmbiguousHeader`]; no value is picked.
pub fn one<'a>(request: &'a HttpRequest, name: &'static str) -> Result<Option<&'a str>, AmbiguousHeader> {
    let mut values = request.headers().get_all(name);
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(AmbiguousHeader(name));
    }
    first.to_str().map(Some).map_err(|_| AmbiguousHeader(name))
}
