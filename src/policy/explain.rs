//! Why a decision fell as it did: every rule's answer, for the admin (row A6).

use serde::Serialize;

use super::decide::decide;
use super::facts::{Facts, Standing};
use super::rules::{Finding, RULES, Rule};
use super::settings::Settings;
use super::warning::warning;
use crate::time::Timestamp;

/// Every rule's answer and the decision that follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Is the session allowed?
    pub allowed: bool,
    /// The code of the decision's reason.
    pub reason: &'static str,
    /// The reason in a sentence.
    pub sentence: &'static str,
    /// The rules in their order; those after the first that stops are answered too.
    pub rules: Vec<Answer>,
    /// When the session ends whatever happens, if it does.
    pub ends_at: Option<String>,
    /// When time alone changes the decision next.
    pub changes_at: Option<String>,
    /// What it becomes then.
    pub then: Option<Then>,
    /// What the person is told before that.
    pub warning: Option<Told>,
}

/// What a decision becomes when nothing happens but time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Then {
    /// The rule that stops then, if one does.
    pub rule: Option<&'static str>,
    /// The code of the reason.
    pub reason: &'static str,
    /// The reason in a sentence.
    pub sentence: &'static str,
}

/// A warning to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Of what: `inactivity`, `proof` or `end`.
    pub of: &'static str,
    /// From when on.
    pub at: String,
    /// When it happens.
    pub ends_at: String,
}

/// One rule's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The rule's stable name.
    pub rule: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// Did it let the session pass?
    pub passes: bool,
    /// The reason code, if not.
    pub reason: Option<&'static str>,
}

/// Explains the decision that [`decide`] would make.
#[must_use]
pub fn explain(settings: &Settings, facts: &Facts, now: Timestamp) -> Explanation {
    let decision = decide(settings, facts, now);
    let rules = RULES.iter().map(|rule| match (rule.judge)(settings, facts, now) {
        Finding::Pass => Answer { rule: rule.name, asks: rule.asks, passes: true, reason: None },
        Finding::Stop(stop) => {
            Answer { rule: rule.name, asks: rule.asks, passes: false, reason: Some(stop.reason().code()) }
        }
    });
    Explanation {
        allowed: matches!(decision.verdict, super::decide::Verdict::Allow(_)),
        reason: decision.reason.code(),
        sentence: decision.reason.sentence(),
        rules: rules.collect(),
        ends_at: decision.ends_at.map(|at| at.to_string()),
        changes_at: decision.changes_at.map(|at| at.to_string()),
        then: decision.changes_at.map(|at| then(settings, facts, at)),
        warning: match &facts.standing {
            Standing::Live(session) => warning(settings, facts, session).map(|warning| Told {
                of: warning.kind.code(),
                at: warning.at.to_string(),
                ends_at: warning.ends_at.to_string(),
            }),
            Standing::Absent | Standing::Ended(_) => None,
        },
    }
}

fn then(settings: &Settings, facts: &Facts, at: Timestamp) -> Then {
    let stops = |rule: &&Rule| (rule.judge)(settings, facts, at) != Finding::Pass;
    let reason = decide(settings, facts, at).reason;
    Then {
        rule: RULES.iter().find(stops).map(|rule| rule.name),
        reason: reason.code(),
        sentence: reason.sentence(),
    }
}
