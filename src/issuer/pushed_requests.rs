//! Pushed authorization requests (RFC 9126): kept until the browser comes with their name, once.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::random;
use crate::time::Timestamp;

/// How long the browser may take to come.
pub const LIFETIME: Duration = Duration::from_secs(60);
/// How long the person may then take.
const AT_THE_PAGE: Duration = Duration::from_secs(600);
/// How many requests are kept; more at a time are refused.
const MOST: usize = 10_000;

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Pushed,
    Begun,
}

struct Request {
    client_id: String,
    query: String,
    stage: Stage,
    until: Timestamp,
}

/// The requests of an issuer, by `request_uri`.
#[derive(Default)]
pub struct PushedRequests(BTreeMap<String, Request>);

impl PushedRequests {
    /// Keeps a request; its name, or `None` where there are too many.
    pub fn push(&mut self, client_id: &str, query: String, now: Timestamp) -> Option<String> {
        self.0.retain(|_, request| now < request.until);
        if self.0.len() >= MOST {
            return None;
        }
        let name = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<32>());
        let name = format!("urn:ietf:params:oauth:request_uri:{name}");
        let request = Request {
            client_id: client_id.to_owned(),
            query,
            stage: Stage::Pushed,
            until: now.plus(LIFETIME),
        };
        self.0.insert(name.clone(), request);
        Some(name)
    }

    /// The browser comes with the name: the request, the first time.
    pub fn begin(&mut self, name: &str, client_id: &str, now: Timestamp) -> Option<String> {
        let request = self.0.get_mut(name).filter(|it| it.is_there(client_id, Stage::Pushed, now))?;
        (request.stage, request.until) = (Stage::Begun, now.plus(AT_THE_PAGE));
        Some(request.query.clone())
    }

    /// The person has chosen, on a page that began with the name: the request.
    #[must_use]
    pub fn resume(&self, name: &str, client_id: &str, now: Timestamp) -> Option<String> {
        let request = self.0.get(name).filter(|it| it.is_there(client_id, Stage::Begun, now))?;
        Some(request.query.clone())
    }

    /// The request was answered.
    pub fn finish(&mut self, name: &str) {
        self.0.remove(name);
    }
}

impl Request {
    fn is_there(&self, client_id: &str, stage: Stage, now: Timestamp) -> bool {
        self.client_id == client_id && self.stage == stage && now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(10_000);

    fn pushed() -> (PushedRequests, String) {
        let mut requests = PushedRequests::default();
        let name = requests.push("app", "a=b".into(), NOW).unwrap();
        (requests, name)
    }

    #[test]
    fn a_name_is_good_once_and_for_its_client() {
        let (mut requests, name) = pushed();
        assert_eq!(requests.begin(&name, "other", NOW), None);
        assert_eq!(requests.resume(&name, "app", NOW), None, "no page has begun with it");
        assert_eq!(requests.begin(&name, "app", NOW).as_deref(), Some("a=b"));
        assert_eq!(requests.begin(&name, "app", NOW), None);
        assert_eq!(requests.resume(&name, "app", NOW).as_deref(), Some("a=b"));
        requests.finish(&name);
        assert_eq!(requests.resume(&name, "app", NOW), None);
    }

    #[test]
    fn a_name_ends_but_whoever_came_in_time_may_look_at_the_page() {
        let (mut requests, name) = pushed();
        let late = NOW.plus(LIFETIME);
        assert_eq!(requests.begin(&name, "app", late), None);
        assert!(requests.begin(&name, "app", late.minus(Duration::from_millis(1))).is_some());
        assert!(requests.resume(&name, "app", late).is_some());
        assert!(requests.resume(&name, "app", late.plus(AT_THE_PAGE)).is_none());
    }

    #[test]
    fn there_are_not_more_than_can_be_kept() {
        let mut requests = PushedRequests::default();
        for _ in 0..MOST {
            requests.push("app", String::new(), NOW).unwrap();
        }
        assert!(requests.push("app", String::new(), NOW).is_none());
        assert!(requests.push("app", String::new(), NOW.plus(LIFETIME)).is_some());
    }
}
