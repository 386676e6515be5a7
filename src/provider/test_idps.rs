//! IdPs that are made for tests let in whoever asks. They say so, and are of no use unless the operator allows it (OPS-13).

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::ProviderError;

/// Are IdPs that are made for tests, and say so, as good as others?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestIdps {
    /// No: they let in whoever asks.
    Refused,
    /// Yes: this is a test bed.
    Allowed,
}

/// What was last seen of one IdP.
#[derive(Debug)]
pub(super) struct Guard {
    allowed: TestIdps,
    is_refused: AtomicBool,
}

impl Guard {
    pub(super) const fn new(allowed: TestIdps) -> Self {
        Self { allowed, is_refused: AtomicBool::new(false) }
    }

    /// May this one, which says that it is for tests or does not, be believed?
    pub(super) fn admits(&self, is_test_idp: bool) -> bool {
        let is_refused = is_test_idp && self.allowed == TestIdps::Refused;
        self.is_refused.store(is_refused, Ordering::Relaxed);
        !is_refused
    }

    /// What is said of it where it is of no use. A copy of its metadata from before, when it was none for tests, still counts.
    pub(super) fn refusal(&self, issuer: &str, has_a_copy: bool) -> Option<ProviderError> {
        let is_refused = self.is_refused.load(Ordering::Relaxed) && !has_a_copy;
        is_refused.then(|| ProviderError::TestIdp { issuer: issuer.to_owned() })
    }
}
