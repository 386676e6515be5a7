//! Reading a form from a stranger: of one type, of a length that fits, within a time.

use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest};
use tokio::time::timeout;

/// No authorization response is longer, in bytes.
const LONGEST: usize = 64 * 1024;
/// Whoever takes longer to send it is let go (DOS-03).
const WITHIN: Duration = Duration::from_secs(10);

/// The body is no form that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Another type, or none.
    #[error("the body is not application/x-www-form-urlencoded")]
    Type,
    /// More than 64 KiB.
    #[error("the body is longer than 64 KiB")]
    TooLong,
    /// It did not come in time.
    #[error("the body took longer than 10 seconds")]
    TooSlow,
    /// It broke off, or is not text.
    #[error("the body is cut off or not text")]
    Broken,
}

/// The text of a form.
///
/// # Errors
///
/// [`FormError`].
pub async fn read(request: &HttpRequest, body: Payload) -> Result<String, FormError> {
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(FormError::Type);
    }
    let bytes = timeout(WITHIN, body.to_bytes_limited(LONGEST)).await.map_err(|_| FormError::TooSlow)?;
    let bytes = bytes.map_err(|_| FormError::TooLong)?.map_err(|_| FormError::Broken)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| FormError::Broken)
}
