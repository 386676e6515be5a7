//! Single sign-on sessions: what the IdP remembers of a browser.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::random;
use crate::time::Timestamp;

/// How many sessions a tenant keeps; the oldest go first.
const KEPT: usize = 10_000;

/// One browser's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SsoSession {
    pub(crate) sid: String,
    pub(crate) subject: String,
    pub(crate) auth_time: Timestamp,
    /// Who was given a code in it, and is to be told when it is over.
    pub(crate) clients: BTreeSet<String>,
    /// The relying parties of WS-Federation that were given a token in it.
    pub(crate) realms: BTreeSet<String>,
    expires_at: Timestamp,
}

/// All sessions, by the value of the browser's cookie. No `Debug`: the cookies are secrets.
#[derive(Default)]
pub(crate) struct SsoSessions {
    by_cookie: HashMap<String, SsoSession>,
    in_order: VecDeque<String>,
}

impl SsoSessions {
    /// Begins a session and gives it a cookie of its own. Someone who proves again in the same browser who they are
    /// stays in the same session (`sid`); someone else begins another.
    pub(crate) fn begin(
        &mut self,
        old_cookie: Option<&str>,
        subject: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> (String, SsoSession) {
        let old = old_cookie.and_then(|cookie| self.take(cookie));
        let (sid, clients, realms) =
            old.filter(|old| old.subject == subject && now < old.expires_at).map_or_else(
                || (BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<16>()), BTreeSet::new(), BTreeSet::new()),
                |old| (old.sid, old.clients, old.realms),
            );
        let expires_at = now.plus(lifetime);
        let session =
            SsoSession { sid, subject: subject.to_owned(), auth_time: now, clients, realms, expires_at };
        let cookie = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<32>());
        if self.in_order.len() == KEPT
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.by_cookie.remove(&oldest);
        }
        self.in_order.push_back(cookie.clone());
        self.by_cookie.insert(cookie.clone(), session.clone());
        (cookie, session)
    }

    /// The living session of a cookie.
    pub(crate) fn find(&self, cookie: &str, now: Timestamp) -> Option<&SsoSession> {
        self.by_cookie.get(cookie).filter(|session| now < session.expires_at)
    }

    /// All living sessions.
    pub(crate) fn all(&self, now: Timestamp) -> impl Iterator<Item = &SsoSession> {
        self.by_cookie.values().filter(move |session| now < session.expires_at)
    }

    /// Notes that a client was given a code in the session of a cookie.
    pub(crate) fn note_client(&mut self, cookie: &str, client_id: &str) {
        if let Some(session) = self.by_cookie.get_mut(cookie) {
            session.clients.insert(client_id.to_owned());
        }
    }

    /// Notes that a relying party was given a token in the session of a cookie.
    pub(crate) fn note_realm(&mut self, cookie: &str, realm: &str) {
        if let Some(session) = self.by_cookie.get_mut(cookie) {
            session.realms.insert(realm.to_owned());
        }
    }

    /// Ends the session of a cookie.
    pub(crate) fn end(&mut self, cookie: &str) -> Option<SsoSession> {
        self.take(cookie)
    }

    /// Ends the session of that name.
    pub(crate) fn end_sid(&mut self, sid: &str) -> Option<SsoSession> {
        self.end_where(|session| session.sid == sid).pop()
    }

    /// Ends all sessions of a person.
    pub(crate) fn end_subject(&mut self, subject: &str) -> Vec<SsoSession> {
        self.end_where(|session| session.subject == subject)
    }

    fn end_where(&mut self, is_over: impl Fn(&SsoSession) -> bool) -> Vec<SsoSession> {
        let ended = self.by_cookie.extract_if(|_, session| is_over(session)).map(|(_, session)| session);
        let ended = ended.collect();
        self.in_order.retain(|cookie| self.by_cookie.contains_key(cookie));
        ended
    }

    fn take(&mut self, cookie: &str) -> Option<SsoSession> {
        let session = self.by_cookie.remove(cookie)?;
        self.in_order.retain(|other| other != cookie);
        Some(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1000);
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn proving_again_keeps_the_session_and_changes_the_cookie() {
        let mut sessions = SsoSessions::default();
        let (first, alice) = sessions.begin(None, "alice", T0, HOUR);
        let (second, again) = sessions.begin(Some(&first), "alice", T0.plus(HOUR / 2), HOUR);
        assert_eq!((alice.sid == again.sid, first == second), (true, false));
        assert!(sessions.find(&first, T0).is_none());
        let (_, bob) = sessions.begin(Some(&second), "bob", T0, HOUR);
        assert_ne!(bob.sid, again.sid);
    }

    #[test]
    fn a_session_ends_by_time_by_cookie_and_by_name() {
        let mut sessions = SsoSessions::default();
        let (cookie, session) = sessions.begin(None, "alice", T0, HOUR);
        assert!(sessions.find(&cookie, T0.plus(HOUR)).is_none());
        sessions.end_sid(&session.sid);
        assert!(sessions.find(&cookie, T0).is_none());
        let (cookie, _) = sessions.begin(None, "alice", T0, HOUR);
        sessions.end(&cookie);
        assert!(sessions.find(&cookie, T0).is_none());
        assert!(sessions.in_order.is_empty());
    }

    #[test]
    fn the_oldest_sessions_make_room() {
        let mut sessions = SsoSessions::default();
        let (oldest, _) = sessions.begin(None, "alice", T0, HOUR);
        for _ in 0..KEPT {
            sessions.begin(None, "alice", T0, HOUR);
        }
        assert!(sessions.find(&oldest, T0).is_none());
        assert_eq!(sessions.by_cookie.len(), KEPT);
    }
}
