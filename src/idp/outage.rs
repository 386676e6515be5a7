//! Times in which nothing works.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How an outage looks from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutageMode {
    /// 503 with `Retry-After`.
    #[default]
    Unavailable,
    /// The connection is closed without an answer.
    Close,
}

/// A time in which no endpoint works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) mode: OutageMode,
    /// By the tenant's clock; without, until it is deleted.
    pub(crate) until: Option<Timestamp>,
}

impl Outage {
    pub(crate) fn is_on(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}
