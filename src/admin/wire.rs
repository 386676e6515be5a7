//! What the API says, shared by both of its sides. Additive only; `api_version` tells.

pub mod settings;

use serde::{Deserialize, Serialize};

/// The version of the shapes below.
pub const API_VERSION: &str = "hourgate/v1";

/// A session, as admins see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The public id: 32 hex digits.
    pub id: String,
    /// What people call the user.
    pub user: String,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The environment.
    pub environment: String,
    /// The IdP.
    pub provider: String,
    /// When the sign-in was completed, RFC 3339.
    pub signed_in_at: String,
    /// When the session was last used, as far as the store knows.
    pub last_activity: Option<String>,
    /// When the IdP last confirmed it.
    pub proved_at: String,
    /// Until when that counts.
    pub proof_until: String,
    /// When it is checked next.
    pub next_check: String,
    /// `background`, or `browser` where the lifetime fallback applies (row H5).
    pub renewal: String,
    /// What stood in the way of the last check, if something did.
    pub last_failure: Option<String>,
    /// When the session ends whatever happens.
    pub ends_at: Option<String>,
    /// From when on it counts as left alone, where that ends sessions.
    #[serde(default)]
    pub inactive_from: Option<String>,
    /// Did the person choose to be kept signed in?
    #[serde(default)]
    pub kept_signed_in: bool,
    /// The rules by which inactivity or the longest length do not count for some kinds of clients.
    #[serde(default)]
    pub exemptions: Vec<String>,
}

/// A list of sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// [`API_VERSION`].
    pub api_version: String,
    /// The sessions, the newest first.
    pub sessions: Vec<SessionView>,
    /// Are there more than were asked for?
    pub truncated: bool,
}

/// Why a session is allowed, or is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplanationView {
    /// [`API_VERSION`].
    pub api_version: String,
    /// The session's public id.
    pub id: String,
    /// The session, while it lives.
    pub session: Option<SessionView>,
    /// When and with what remark it ended, if it has.
    pub ended: Option<EndView>,
    /// Is it allowed, when its own browser presents it?
    pub allowed: bool,
    /// The reason code.
    pub reason: String,
    /// The reason in a sentence.
    pub sentence: String,
    /// Every rule's answer, in order.
    pub rules: Vec<RuleView>,
    /// When time alone changes the answer next.
    pub changes_at: Option<String>,
    /// What it becomes then.
    pub then: Option<ThenView>,
    /// What the person is told before that.
    pub warning: Option<WarningView>,
}

/// What an answer becomes when nothing happens but time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThenView {
    /// The rule that stops then, if one does.
    pub rule: Option<String>,
    /// The reason code.
    pub reason: String,
    /// The reason in a sentence.
    pub sentence: String,
}

/// A warning to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningView {
    /// Of what: `inactivity`, `proof` or `end`.
    pub of: String,
    /// From when on.
    pub at: String,
    /// When it happens.
    pub ends_at: String,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndView {
    /// When.
    pub at: String,
    /// The reason code.
    pub reason: String,
    /// The admin's remark, or the IdP's error code.
    pub remark: Option<String>,
}

/// One rule's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Its name.
    pub rule: String,
    /// What it asks.
    pub asks: String,
    /// Did the session pass?
    pub passes: bool,
    /// The reason code, if not.
    pub reason: Option<String>,
}

/// The wish to revoke a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeUser {
    /// Subject, user name or e-mail address, whole; with `issuer` the subject alone.
    pub user: String,
    /// The issuer: revokes a subject that has no session just now, too.
    pub issuer: Option<String>,
    /// Goes into the audit log.
    pub remark: Option<String>,
}

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// [`API_VERSION`].
    pub api_version: String,
    /// The users, as issuer and subject, and how many sessions of each ended.
    pub users: Vec<RevokedUserView>,
    /// The public ids of the sessions that ended.
    pub sessions: Vec<String>,
}

/// One revoked user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedUserView {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// How many sessions ended.
    pub sessions: usize,
}

/// The API refuses or fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable code: `not_found`, `bad_request`, `invalid_setting`, `unconfirmed`, `busy`, `store_unavailable`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}
