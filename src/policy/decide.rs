//! The decision about one request.

use std::sync::Arc;

use super::facts::{Facts, Standing};
use super::reason::Reason;
use super::rules::{self, Finding, RULES};
use super::schedule;
use super::settings::Settings;
use crate::session::Session;
use crate::time::Timestamp;

/// What is to happen, why, and when that can change by itself.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is to happen.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// When the session ends whatever happens; `None` where only a "no", an admin or a sign-out ends it.
    pub ends_at: Option<Timestamp>,
    /// The next instant at which time alone changes the verdict.
    pub changes_at: Option<Timestamp>,
}

/// What is to happen with a request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Let it pass.
    Allow(Permit),
    /// The person signs in again.
    SignIn(Credentials),
    /// The person may not use this environment's apps.
    Forbidden,
    /// A fresh proof is needed first; the gateway can get it in the background (row H8).
    Check,
    /// A fresh proof is needed first; the browser must fetch it in a silent round trip (row H4).
    Renew,
}

/// What the IdP is asked to ask for at a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Whatever it sees fit; its own single sign-on counts.
    AsTheIdpSeesFit,
    /// The person enters credentials anew (`prompt=login`, `max_age=0`), proven by `auth_time`: after a sign-out, and
    /// after an end that custom settings brought about (rows A2, C9).
    Fresh,
}

/// The proof that a decision allowed a session. Only [`decide`] makes one; a 2xx cannot be built without it.
#[derive(Clone, Debug)]
pub struct Permit {
    session: Arc<Session>,
    reason: Reason,
}

impl Permit {
    /// The session that is let pass.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Why it is: [`Reason::Proved`], or [`Reason::Degraded`] where the proof is over and the IdP away.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

/// Walks [`RULES`] in order and takes the first that stops; if none does, the session passes.
#[must_use]
pub fn decide(settings: &Settings, facts: &Facts, now: Timestamp) -> Decision {
    let stop = RULES.iter().find_map(|rule| match (rule.judge)(settings, facts, now) {
        Finding::Pass => None,
        Finding::Stop(stop) => Some(stop),
    });
    let (ends_at, changes_at) = match &facts.standing {
        Standing::Live(session) => (
            rules::end_of(settings, session).map(|(at, _)| at),
            rules::instants(settings, facts, session).into_iter().filter(|at| *at > now).min(),
        ),
        Standing::Absent | Standing::Ended(_) => (None, None),
    };
    let (verdict, reason) = match (stop, &facts.standing) {
        (Some(stop), _) => stop.into_verdict(),
        (None, Standing::Live(session)) => {
            let proof_is_over = schedule::proof_until(settings, session) <= now;
            let reason = if proof_is_over { Reason::Degraded } else { Reason::Proved };
            (Verdict::Allow(Permit { session: session.clone(), reason }), reason)
        }
        // The first rule stops for these; should it ever be lost, nobody gets in through the gap.
        (None, Standing::Absent | Standing::Ended(_)) => {
            (Verdict::SignIn(Credentials::AsTheIdpSeesFit), Reason::NoSession)
        }
    };
    Decision { verdict, reason, ends_at, changes_at }
}

#[cfg(test)]
mod tests;
