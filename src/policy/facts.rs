//! Everything that a rule may look at.

use std::sync::Arc;

use crate::session::Session;
use crate::session::end::Tombstone;
use crate::time::Timestamp;

/// What was found out about one request's session.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the store knows under the cookie's id.
    pub standing: Standing,
    /// Which browser presents the session.
    pub browser: Browser,
    /// When the session was last used, as far as known; at least its sign-in.
    pub last_activity: Timestamp,
    /// Has the session's IdP been silent lately, as this node sees it?
    pub idp_is_away: bool,
}

/// What the store knows about a session.
#[derive(Clone, Debug)]
pub enum Standing {
    /// No cookie, no authentic cookie, or nothing under its id.
    Absent,
    /// It has ended.
    Ended(Tombstone),
    /// It is live.
    Live(Arc<Session>),
}

/// Which browser presents a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// The one that signed in.
    Same,
    /// Another one: it has a nonce cookie, but not the one of the sign-in.
    Other,
    /// Unknown: no nonce cookie.
    Unknown,
}
