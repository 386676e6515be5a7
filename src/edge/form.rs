//! Reading a form from a stranger: of one type, of a length that fits, within a time.

use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest};
use tokio::time::timeout;

/// Whoever takes longer to send it is let go (DOS-03).
const WITHIN: Duration = Duration::from_secs(10);

/// The body is no form that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Another type, or none.
    #[error("the body is not application/x-www-form-urlencoded")]
    Type,
    /// Longer than any that is meant.
    #[error("the body is longer than any form that belongs here")]
    TooLong,
    /// It did not come in time.
    #[error("the body took longer than 10 seconds")]
    TooSlow,
    /// It broke off, or is not text.
    #[error("the body is cut off or not text")]
    Broken,
}

/// The text of a form of at most `longest` bytes.
///
/// # Errors
///
/// [`FormError`].
pub async fn read(request: &HttpRequest, body: Payload, longest: usize) -> Result<String, FormError> {
    if !request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(FormError::Type);
    }
    let bytes = timeout(WITHIN, body.to_bytes_limited(longest)).await.map_err(|_| FormError::TooSlow)?;
    let bytes = bytes.map_err(|_| FormError::TooLong)?.map_err(|_| FormError::Broken)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| FormError::Broken)
}
