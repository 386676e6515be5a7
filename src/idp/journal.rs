//! Who asked what: the latest requests of a tenant, never with anything secret in them.

use std::collections::VecDeque;

use serde::Serialize;

use super::endpoint::Endpoint;
use crate::time::Timestamp;

/// How many requests are kept; the oldest go first.
const KEPT: usize = 10_000;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: String,
    /// At the token endpoint: `authorization_code`, `refresh_token` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant_type: Option<&'static str>,
    /// The status answered; null where the connection was closed or held instead.
    pub(crate) status: Option<u16>,
    /// When it came, by the tenant's clock.
    #[serde(serialize_with = "rfc_3339")]
    pub(crate) at: Timestamp,
}

fn rfc_3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// A ring of entries.
#[derive(Debug, Default)]
pub(crate) struct Journal(VecDeque<Entry>);

impl Journal {
    pub(crate) fn record(&mut self, entry: Entry) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(crate) fn entries(&self, of: Option<Endpoint>) -> Vec<&Entry> {
        self.0.iter().filter(|entry| of.is_none_or(|endpoint| entry.endpoint == endpoint)).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_make_room() {
        let mut journal = Journal::default();
        for n in 0..=KEPT {
            journal.record(Entry {
                endpoint: Endpoint::Token,
                method: "POST".into(),
                grant_type: None,
                status: Some(200),
                at: Timestamp::from_secs(n.try_into().unwrap()),
            });
        }
        assert_eq!(journal.entries(None).len(), KEPT);
        assert_eq!(journal.entries(None)[0].at, Timestamp::from_secs(1));
        assert!(journal.entries(Some(Endpoint::Jwks)).is_empty());
    }
}
