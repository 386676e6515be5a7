//! Faults on demand.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::fault_mode::{Mode, Stage};
use super::settings::OutOfRange;
use super::span::Span;

/// How many faults can wait at a time.
const MOST: usize = 1000;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "an endpoint (discovery, jwks, authorize, login, token, userinfo, end_session, revoke, par, wsfed, federation_metadata) or *"
)]
pub(crate) enum Where {
    One(Endpoint),
    All(Star),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Star {
    #[serde(rename = "*")]
    Star,
}

/// One fault, as the control API takes and shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) endpoint: Where,
    pub(crate) mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// Real time, not the tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<Span>,
    /// The subject whose codes and refresh tokens it strikes; without, everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// How often it still strikes; without, until it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u32>,
}

impl Fault {
    fn check(&self) -> Result<(), OutOfRange> {
        let refuse = |field, message| Err(OutOfRange { field, message });
        if let Where::One(endpoint) = self.endpoint
            && !self.mode.suits(endpoint)
        {
            return refuse("mode", "this mode means nothing at this endpoint");
        }
        let has_answer = matches!(self.mode, Mode::Status | Mode::Error);
        if self.status.is_some() && !has_answer {
            return refuse("status", "only the modes status and error have a status");
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return refuse("status", "a status is a number from 200 to 599");
        }
        if self.body.is_some() && !has_answer {
            return refuse("body", "only the modes status and error have a body");
        }
        if self.mode == Mode::Error && self.body.as_ref().is_some_and(|body| !body["error"].is_string()) {
            return refuse("body", "the body of mode error is an object with a string `error`");
        }
        if self.delay.is_some() != matches!(self.mode, Mode::Delay | Mode::LateAnswer) {
            return refuse("delay", "the modes delay and late_answer need a delay, the others take none");
        }
        if self.user.is_some() && !matches!(self.endpoint, Where::One(Endpoint::Token)) {
            return refuse("user", "only the endpoint token knows whom a request is about");
        }
        if self.delay.is_some_and(|delay| delay.0 > Duration::from_secs(600)) {
            return refuse("delay", "a delay is 10m at most");
        }
        if self.times == Some(0) {
            return refuse("times", "a fault strikes at least once");
        }
        Ok(())
    }

    fn strikes(&self, endpoint: Endpoint, stage: Stage, about: Option<&str>) -> bool {
        let here = match self.endpoint {
            Where::One(one) => one == endpoint,
            Where::All(Star::Star) => true,
        };
        let them = self.user.as_deref().is_none_or(|user| about == Some(user));
        here && them && self.mode.stage() == stage && self.mode.suits(endpoint)
    }
}

/// The faults that wait, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), OutOfRange> {
        fault.check()?;
        if self.0.len() >= MOST {
            return Err(OutOfRange { field: "endpoint", message: "1000 faults are waiting already" });
        }
        self.0.push(fault);
        Ok(())
    }

    /// The first fault that strikes here, at a request about that subject; it then has one time less.
    pub(crate) fn take(&mut self, endpoint: Endpoint, stage: Stage, about: Option<&str>) -> Option<Fault> {
        let at = self.0.iter().position(|fault| fault.strikes(endpoint, stage, about))?;
        match &mut self.0[at].times {
            Some(1) => Some(self.0.remove(at)),
            Some(times) => {
                *times -= 1;
                Some(self.0[at].clone())
            }
            None => Some(self.0[at].clone()),
        }
    }

    pub(crate) fn waiting(&self) -> &[Fault] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// A user is gone, and with them what was to strike them.
    pub(crate) fn forget(&mut self, user: &str) {
        self.0.retain(|fault| fault.user.as_deref() != Some(user));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(spec: Value) -> Fault {
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn a_fault_strikes_as_often_as_asked() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"endpoint": "token", "mode": "status", "times": 2}))).unwrap();
        assert!(faults.take(Endpoint::Jwks, Stage::Exchange, None).is_none());
        assert!(faults.take(Endpoint::Token, Stage::Token, None).is_none());
        assert!(faults.take(Endpoint::Token, Stage::Exchange, None).is_some());
        assert!(faults.take(Endpoint::Token, Stage::Exchange, None).is_some());
        assert!(faults.take(Endpoint::Token, Stage::Exchange, None).is_none());
    }

    #[test]
    fn a_fault_everywhere_strikes_only_where_it_means_something() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"endpoint": "*", "mode": "wrong_nonce"}))).unwrap();
        assert!(faults.take(Endpoint::Userinfo, Stage::Token, None).is_none());
        assert!(faults.take(Endpoint::Token, Stage::Token, None).is_some());
    }

    #[test]
    fn a_fault_of_one_user_leaves_the_others_alone() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"endpoint": "token", "mode": "reset", "user": "alice"}))).unwrap();
        for others in [None, Some("bob")] {
            assert!(faults.take(Endpoint::Token, Stage::Exchange, others).is_none());
        }
        assert!(faults.take(Endpoint::Token, Stage::Exchange, Some("alice")).is_some());
        faults.forget("alice");
        assert!(faults.take(Endpoint::Token, Stage::Exchange, Some("alice")).is_none(), "she is gone");
    }

    #[test]
    fn nonsense_is_refused_by_the_name_of_the_field() {
        for (spec, field) in [
            (json!({"endpoint": "jwks", "mode": "wrong_nonce"}), "mode"),
            (json!({"endpoint": "token", "mode": "missing_response_iss"}), "mode"),
            (json!({"endpoint": "token", "mode": "hang", "status": 500}), "status"),
            (json!({"endpoint": "token", "mode": "status", "status": 99}), "status"),
            (json!({"endpoint": "token", "mode": "html", "body": "x"}), "body"),
            (json!({"endpoint": "token", "mode": "error", "body": "x"}), "body"),
            (json!({"endpoint": "token", "mode": "delay"}), "delay"),
            (json!({"endpoint": "token", "mode": "late_answer"}), "delay"),
            (json!({"endpoint": "jwks", "mode": "reset", "user": "alice"}), "user"),
            (json!({"endpoint": "token", "mode": "reset", "times": 0}), "times"),
        ] {
            assert_eq!(Faults::default().add(fault(spec.clone())).unwrap_err().field, field, "{spec}");
        }
    }
}
