//! `wresult`, the answer to a sign-in.

use crate::saml::{self, AssertionError, VerifiedAssertion};
use crate::time::Timestamp;

/// Verifies the token in `wresult`, the text of the form field.
///
/// # Errors
///
/// [`AssertionError`].
pub fn verify(
    wresult: &str,
    expected: &saml::Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedAssertion, AssertionError> {
    let _ = (wresult, expected, now);
    Err(AssertionError::Root)
}
