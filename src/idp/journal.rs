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
    /// Counts up from 1, in the order in which requests were answered; the journal gives it.
    pub(crate) number: u64,
    pub(crate) endpoint: Endpoint,
    pub(crate) method: String,
    /// At the token endpoint: `authorization_code`, `refresh_token` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant_type: Option<&'static str>,
    /// At the token endpoint: the subject of the code or refresh token, while its grant lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// At the token endpoint: the OAuth error that was answered, or would have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'static str>,
    /// At the token endpoint: a refresh token was shown that had been rotated away, and refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reuse: bool,
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
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    recorded: u64,
}

impl Journal {
    pub(crate) fn record(&mut self, entry: Entry) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.recorded += 1;
        self.entries.push_back(Entry { number: self.recorded, ..entry });
    }

    /// Those of an endpoint, and only later ones than the one of that number.
    pub(crate) fn entries(&self, of: Option<Endpoint>, after: u64) -> Vec<&Entry> {
        let is_of = |entry: &&Entry| of.is_none_or(|endpoint| entry.endpoint == endpoint);
        self.entries.iter().filter(|entry| entry.number > after).filter(is_of).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
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
                number: 0,
                endpoint: Endpoint::Token,
                method: "POST".into(),
                grant_type: None,
                user: None,
                error: None,
                reuse: false,
                status: Some(200),
                at: Timestamp::from_secs(n.try_into().unwrap()),
            });
        }
        assert_eq!(journal.entries(None, 0).len(), KEPT);
        assert_eq!(journal.entries(None, 0)[0].at, Timestamp::from_secs(1));
        assert!(journal.entries(Some(Endpoint::Jwks), 0).is_empty());
        let last = journal.entries(None, KEPT as u64);
        assert_eq!(last.iter().map(|entry| entry.number).collect::<Vec<_>>(), [KEPT as u64 + 1]);
    }
}
