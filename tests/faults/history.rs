//! What was seen of one person's session, in the order in which it began. Instants are milliseconds since the world began.

use std::fmt;

use crate::idp::Profile;

/// Which of a person's sessions, counted from 1: each sign-in that brings a cookie makes one.
pub(crate) type Generation = u32;

/// One thing that was done, from its beginning to its end.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    /// The node that was asked, if it was one.
    pub(crate) node: Option<usize>,
    /// The session that was presented.
    pub(crate) session: Option<Generation>,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The gateway was asked whether a request may pass, and answered.
    Answer(Answer),
    /// Nobody answered in time, or the connection broke.
    NoAnswer,
    /// An address of the gateway's own was visited; its status.
    Page(u16),
    /// The answer took the session cookie away. Stands beside the answer's own event.
    CookieCleared,
    /// The browser came back from the IdP, with that sign-in's beginning; the session that it then got, if it did.
    Callback { sign_in_begun: u64, got: Option<Generation> },
    /// The IdP asked the person for credentials.
    CredentialsAsked,
    /// The person signed out; was that acknowledged?
    SignOut { acknowledged: bool },
    /// An admin ended the session; was that acknowledged?
    RevokeSession { acknowledged: bool },
    /// An admin ended all sessions of the person; was that acknowledged?
    RevokeUser { acknowledged: bool },
    /// The IdP disabled or deleted the person; always acknowledged.
    Disabled,
    /// The IdP was told to fail for this person.
    Misfortune(String),
    /// The trial's last word: the app was reached, or was not, in all the time that there was.
    Finally { reached: bool },
}

/// What a front proxy is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// To let it pass, for this user.
    Allowed(String),
    /// To send it to the sign-in; the reason is told to scripts only.
    SignIn(Option<String>),
    /// To wait for a policy check.
    Checking,
    /// That nobody knows (503), and when to ask again.
    Unknown { reason: String, retry_after: bool },
    /// Something else.
    Strange(String),
}

/// A line of the audit log that is about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Audited {
    /// A session ended, for this reason.
    Ended(String),
    /// An alarm, for this reason.
    Alarm(String),
}

/// All that is known about one trial.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) number: usize,
    pub(crate) user: String,
    pub(crate) profile: Profile,
    pub(crate) events: Vec<Event>,
    /// What the nodes' audit logs say.
    pub(crate) audit: Vec<Audited>,
    /// How often the IdP was shown a refresh token that it had replaced, and refused it.
    pub(crate) reuses: usize,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "trial {} ({}, {}), reuses: {}",
            self.number,
            self.user,
            self.profile.name(),
            self.reuses
        )?;
        for Event { begun, ended, node, session, what } in &self.events {
            let node = node.map_or_else(String::new, |node| format!(" node {node}"));
            let session = session.map_or_else(String::new, |session| format!(" session {session}"));
            writeln!(f, "  {begun:>7}..{ended:<7}{node}{session} {what:?}")?;
        }
        writeln!(f, "  audit: {:?}", self.audit)
    }
}
