//! What a session is: who signed in, when they were last proved to be welcome, and how it ended. No I/O.

pub mod end;
pub mod id;
pub mod identity;
pub mod judged;
pub mod names;
pub mod origin;
pub mod return_to;
pub mod tokens;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use identity::Identity;
use judged::Denial;
use names::EnvironmentId;

/// A live session: all that a check needs to know about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose policy it lives under.
    pub environment: EnvironmentId,
    /// Who signed in, as the IdP last said.
    pub identity: Identity,
    /// The browser that signed in.
    pub browser: BrowserHash,
    /// When the sign-in was completed.
    pub signed_in_at: Timestamp,
    /// When the sign-in was begun; a revocation after it voids the session.
    pub sign_in_begun_at: Timestamp,
    /// `iat` of the ID token of the sign-in, by the IdP's clock. Absent in records of versions that did not keep it.
    #[serde(default)]
    pub asserted_at: Option<Timestamp>,
    /// The newest verified ID token.
    pub proof: Proof,
    /// How the next proof is obtained.
    pub renewal: Renewal,
    /// When the session is to end, where the IdP says so (`SessionNotOnOrAfter`, row H4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_session_ends: Option<Timestamp>,
    /// Did the person choose to be kept signed in? Opens the outage grace (row O3).
    #[serde(default)]
    pub kept_signed_in: bool,
    /// Does a page of the app report what the person types and points at? Then scripts' requests are no use (row C10).
    #[serde(default)]
    pub reports_input: bool,
    /// What the environment's access rules have against the person, judged with the newest proof.
    #[serde(default)]
    pub denied: Option<Denial>,
    /// The settings of the sign-in. Absent in records of versions that did not keep them.
    #[serde(default, rename = "settings")]
    pub signed_in_under: Option<SignInSettings>,
    /// The last attempt to obtain one that did not succeed, if it came after the proof.
    pub failed_check: Option<FailedCheck>,
    /// When the next policy check is due; a copy of the due queue's entry, for people.
    pub next_check: Timestamp,
}

impl Session {
    /// Does a logout that the IdP announced at `issued_at` mean this session? Not if the person has entered credentials
    /// since. Both instants are of the IdP's clock; where neither `auth_time` nor `iat` is known, it does.
    #[must_use]
    pub fn is_meant_by_logout(&self, issued_at: Timestamp) -> bool {
        self.identity.authenticated_at.or(self.asserted_at).is_none_or(|at| at <= issued_at)
    }
}

/// The settings that a session was signed in under, as the policy wrote them down; nothing here reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInSettings {
    /// The version of the live settings that counted then.
    #[serde(rename = "v")]
    pub version: u64,
    /// One number for each setting.
    #[serde(rename = "s")]
    pub values: Box<[u32]>,
}

/// The newest verified ID token of a session (session-policy, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When it was obtained.
    pub proved_at: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
}

/// How the next proof is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// By the gateway, with a refresh token.
    Background,
    /// By the browser, in a silent top-level round trip (`prompt=none`): the IdP gave no refresh token.
    Browser,
}

/// A policy check that neither confirmed nor refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCheck {
    /// When it was made.
    pub at: Timestamp,
    /// What stood in its way.
    pub why: CheckFailure,
    /// How many checks in a row have failed, this one included.
    pub attempts: u32,
}

/// Why a policy check gave no answer about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckFailure {
    /// The IdP wants to see the person: MFA, consent, terms (row H9).
    InteractionRequired,
    /// The IdP did not answer, or not with sense (row O1).
    Unreachable,
    /// The IdP refuses the gateway, not the person: client secret, configuration.
    OurFault,
    /// The refresh token may have been spent by an attempt of ours whose answer was lost; the IdP takes it no more. That
    /// is no "no" to the person: the browser renews the proof in a silent round trip, and the IdP says then.
    TokenSpent,
}

impl CheckFailure {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InteractionRequired => "interaction_required",
            Self::Unreachable => "unreachable",
            Self::OurFault => "our_fault",
            Self::TokenSpent => "token_spent",
        }
    }
}

/// A hash of the nonce cookie: names a browser without being able to play it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserHash(pub [u8; 16]);

impl std::fmt::Debug for BrowserHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
impl Session {
    /// Somebody's session at the epoch, for tests to vary.
    pub(crate) fn sample() -> Self {
        let at = Timestamp::EPOCH;
        let (environment, provider) = ("prod".parse().unwrap(), "idp".parse().unwrap());
        Self {
            environment,
            identity: Identity {
                provider,
                issuer: "https://idp.example".into(),
                subject: "alice".into(),
                tenant: None,
                idp_session: None,
                authenticated_at: None,
                email: None,
                preferred_username: None,
                name: None,
                groups: Vec::new(),
                groups_truncated: false,
            },
            browser: BrowserHash([1; 16]),
            signed_in_at: at,
            sign_in_begun_at: at,
            asserted_at: None,
            proof: Proof { proved_at: at, until: at },
            renewal: Renewal::Background,
            idp_session_ends: None,
            kept_signed_in: false,
            reports_input: false,
            denied: None,
            signed_in_under: None,
            failed_check: None,
            next_check: at,
        }
    }
}
