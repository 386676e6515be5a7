//! The rules, in the order in which they are asked (session-policy, section 6). Each is a name, a sentence and a function.

use super::decide::{Credentials, Verdict};
use super::facts::{Browser, Facts, Standing};
use super::reason::Reason;
use super::schedule;
use super::settings::Settings;
use crate::session::end::EndReason;
use crate::session::{CheckFailure, Renewal, Session};
use crate::time::Timestamp;

/// One line of the table.
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// What it asks, in a sentence.
    pub asks: &'static str,
    /// Its answer.
    pub judge: fn(&Settings, &Facts, Timestamp) -> Finding,
}

/// What one rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing against it; the next rule is asked.
    Pass,
    /// This rule decides.
    Stop(Stop),
}

/// How a rule stops a request. There is no way to stop with an "allow".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Sign in again.
    SignIn(Credentials, Reason),
    /// Not this person.
    Forbid(Reason),
    /// Check in the background first.
    Check(Reason),
    /// The browser renews first.
    Renew,
}

impl Stop {
    pub(super) fn into_verdict(self) -> (Verdict, Reason) {
        let verdict = match self {
            Self::SignIn(credentials, _) => Verdict::SignIn(credentials),
            Self::Forbid(_) => Verdict::Forbidden,
            Self::Check(_) => Verdict::Check,
            Self::Renew => Verdict::Renew,
        };
        (verdict, self.reason())
    }

    /// Why it stops.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::SignIn(_, reason) | Self::Forbid(reason) | Self::Check(reason) => reason,
            Self::Renew => Reason::RenewalDue,
        }
    }
}

/// The table. The order is the precedence.
pub const RULES: [Rule; 8] = [
    Rule { name: "live", asks: "Is there a session that has not ended?", judge: live },
    Rule { name: "same_browser", asks: "Is it the browser that signed in?", judge: same_browser },
    Rule { name: "end", asks: "Is the session's end still ahead?", judge: end },
    Rule { name: "activity", asks: "Did somebody use the session lately enough?", judge: activity },
    Rule { name: "access", asks: "Do the access rules let the person in?", judge: access },
    Rule { name: "interaction", asks: "Can the IdP do without seeing the person?", judge: interaction },
    Rule { name: "proof", asks: "Does the newest proof still count?", judge: proof },
    Rule { name: "dormancy", asks: "Was the session used lately?", judge: dormancy },
];

fn live(_: &Settings, facts: &Facts, _: Timestamp) -> Finding {
    let reason = match &facts.standing {
        Standing::Live(_) => return Finding::Pass,
        Standing::Absent => Reason::NoSession,
        Standing::Ended(tombstone) => Reason::Ended(tombstone.reason),
    };
    Finding::Stop(Stop::SignIn(credentials_after(reason), reason))
}

/// Ends that custom settings bring about, and sign-outs, are followed by a sign-in with credentials.
const fn credentials_after(reason: Reason) -> Credentials {
    match reason {
        Reason::Ended(EndReason::MaxLength | EndReason::Inactive | EndReason::SignedOut) => {
            Credentials::Fresh
        }
        _ => Credentials::AsTheIdpSeesFit,
    }
}

fn same_browser(settings: &Settings, facts: &Facts, _: Timestamp) -> Finding {
    let reason = match facts.browser {
        Browser::Same => return Finding::Pass,
        _ if !settings.nonce_cookie => return Finding::Pass,
        Browser::Other => Reason::BrowserMismatch,
        Browser::Unknown => Reason::BrowserUnknown,
    };
    Finding::Stop(Stop::SignIn(Credentials::AsTheIdpSeesFit, reason))
}

fn end(settings: &Settings, facts: &Facts, now: Timestamp) -> Finding {
    match session(facts).and_then(|session| ended(settings, facts.last_activity, session, now)) {
        Some((_, why)) if why != EndReason::Inactive => {
            let reason = Reason::Ended(why);
            Finding::Stop(Stop::SignIn(credentials_after(reason), reason))
        }
        _ => Finding::Pass,
    }
}

/// The IdP's own single sign-on must not let in whoever sits at the device that was left: credentials are asked for.
fn activity(settings: &Settings, facts: &Facts, now: Timestamp) -> Finding {
    let inactive = session(facts).and_then(|session| inactive_from(settings, facts, session));
    if inactive.is_none_or(|at| now < at) {
        return Finding::Pass;
    }
    let reason = Reason::Ended(EndReason::Inactive);
    Finding::Stop(Stop::SignIn(credentials_after(reason), reason))
}

/// As judged with the newest proof. It is no end: what the IdP says at the next one may be another thing.
fn access(settings: &Settings, facts: &Facts, now: Timestamp) -> Finding {
    let Some(denial) = session(facts).and_then(|session| session.denied) else { return Finding::Pass };
    // Judged anew with the next proof: what asks for that comes first.
    match (proof(settings, facts, now), dormancy(settings, facts, now)) {
        (Finding::Pass, Finding::Pass) => Finding::Stop(Stop::Forbid(Reason::Denied(denial))),
        (Finding::Pass, stop) | (stop, _) => stop,
    }
}

fn interaction(_: &Settings, facts: &Facts, _: Timestamp) -> Finding {
    let wanted = session(facts)
        .and_then(|session| session.failed_check)
        .is_some_and(|check| check.why == CheckFailure::InteractionRequired);
    if !wanted {
        return Finding::Pass;
    }
    Finding::Stop(Stop::SignIn(Credentials::AsTheIdpSeesFit, Reason::InteractionRequired))
}

fn proof(settings: &Settings, facts: &Facts, now: Timestamp) -> Finding {
    match session(facts) {
        Some(session)
            if schedule::proof_until(settings, session) <= now
                && !is_within_grace(settings, facts, session, now) =>
        {
            fresh_proof(session, Reason::ProofOver)
        }
        _ => Finding::Pass,
    }
}

/// Past the proof, with the IdP away and the person kept signed in (row O3). The session's end is asked about before.
fn is_within_grace(settings: &Settings, facts: &Facts, session: &Session, now: Timestamp) -> bool {
    let is_unknown = match session.failed_check.map(|check| check.why) {
        Some(CheckFailure::Unreachable | CheckFailure::OurFault) => true,
        Some(CheckFailure::InteractionRequired | CheckFailure::TokenSpent) => false,
        None => facts.idp_is_away,
    };
    session.kept_signed_in && is_unknown && now < grace_ends(settings, session)
}

fn grace_ends(settings: &Settings, session: &Session) -> Timestamp {
    session.proof.proved_at.plus(settings.outage_grace)
}

fn dormancy(settings: &Settings, facts: &Facts, now: Timestamp) -> Finding {
    match session(facts) {
        Some(session) if dormant_from(settings, facts, session) <= now => {
            fresh_proof(session, Reason::Dormant)
        }
        _ => Finding::Pass,
    }
}

fn fresh_proof(session: &Session, reason: Reason) -> Finding {
    Finding::Stop(if is_renewed_by_browser(session) { Stop::Renew } else { Stop::Check(reason) })
}

/// Is it the browser that must bring the next proof, because the gateway has no refresh token, or none that is good?
#[must_use]
pub fn is_renewed_by_browser(session: &Session) -> bool {
    let is_token_spent = session.failed_check.is_some_and(|check| check.why == CheckFailure::TokenSpent);
    session.renewal == Renewal::Browser || is_token_spent
}

fn dormant_from(settings: &Settings, facts: &Facts, session: &Session) -> Timestamp {
    schedule::dormant_from(settings, facts.last_activity.max(session.signed_in_at))
}

/// From when on the session counts as left alone; `None` where that ends no session.
pub(super) fn inactive_from(settings: &Settings, facts: &Facts, session: &Session) -> Option<Timestamp> {
    schedule::inactive_from(settings, facts.last_activity.max(session.signed_in_at))
}

/// How a session has ended by time alone, if it has: by what came first.
#[must_use]
pub fn ended(
    settings: &Settings,
    last_activity: Timestamp,
    session: &Session,
    now: Timestamp,
) -> Option<(Timestamp, EndReason)> {
    let used = last_activity.max(session.signed_in_at);
    let inactive = schedule::inactive_from(settings, used).map(|at| (at, EndReason::Inactive));
    let first = [end_of(settings, session), inactive].into_iter().flatten().min_by_key(|(at, _)| *at);
    first.filter(|(at, _)| *at <= now)
}

/// When a session ends whatever happens, and why; `None` where only a "no", an admin or a sign-out ends it (row H3).
#[must_use]
pub fn end_of(settings: &Settings, session: &Session) -> Option<(Timestamp, EndReason)> {
    let after = |length| session.signed_in_at.plus(length);
    let custom = settings.custom_duration.then(|| (after(settings.max_length), EndReason::MaxLength));
    let lifetime_counts = !settings.custom_duration || settings.lifetime_still_counts;
    let fallback = match session.renewal {
        Renewal::Browser if lifetime_counts => {
            let end = session.idp_session_ends.unwrap_or_else(|| after(settings.lifetime));
            Some((end, EndReason::Lifetime))
        }
        Renewal::Browser | Renewal::Background => None,
    };
    custom.into_iter().chain(fallback).min_by_key(|(at, _)| *at)
}

/// All instants at which time alone can change what the rules say.
pub(super) fn instants(settings: &Settings, facts: &Facts, session: &Session) -> Vec<Timestamp> {
    let mut instants = vec![schedule::proof_until(settings, session), dormant_from(settings, facts, session)];
    instants.extend(inactive_from(settings, facts, session));
    if session.kept_signed_in {
        instants.push(grace_ends(settings, session));
    }
    instants.extend(end_of(settings, session).map(|(at, _)| at));
    instants
}

fn session(facts: &Facts) -> Option<&Session> {
    match &facts.standing {
        Standing::Live(session) => Some(session),
        Standing::Absent | Standing::Ended(_) => None,
    }
}
