//! Why a decision fell as it did: every rule's answer, for the admin (row A6).

use serde::Serialize;

use super::decide::decide;
use super::facts::Facts;
use super::rules::{Finding, RULES};
use super::settings::Settings;
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
    }
}
