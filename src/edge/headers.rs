//! Reading headers from strangers: once or not at all.

use actix_web::HttpRequest;

/// A header that must stand there once stands there twice, or is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {0} is given twice or is not visible ASCII")]
pub struct AmbiguousHeader(pub &'static str);

/// The elements of a header that is a list, on however many lines, in their order. What is not text is an empty element.
pub fn list<'a>(request: &'a HttpRequest, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
    let lines = request.headers().get_all(name);
    let elements = lines.flat_map(|line| line.to_str().unwrap_or_default().split(',').map(str::trim));
    elements.collect::<Vec<_>>().into_iter()
}

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
