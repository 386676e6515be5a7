//! Faults on demand, and outages.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::defects::TokenDefect;
use super::endpoint::Endpoint;
use super::settings::OutOfRange;
use super::span::Span;
use crate::time::Timestamp;

/// How many faults can wait at a time.
const MOST: usize = 1000;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "an endpoint (discovery, jwks, authorize, login, token, userinfo, end_session, revoke) or *"
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

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Answers with `status` (500) and `body`.
    Status,
    /// Answers properly, after `delay`.
    Delay,
    /// Never answers and keeps the connection.
    Hang,
    /// Answers 200 with a body that is not JSON, and says it is.
    Garbage,
    /// Answers 200 with a web page, as captive portals do.
    Html,
    /// Closes the connection without an answer, before anything was done.
    Reset,
    /// Does everything, and then closes the connection without an answer.
    LostResponse,
    /// An OAuth error, from `body` (`{"error":"server_error"}`): JSON with `status` (400), at authorize a redirect.
    Error,
    WrongNonce,
    WrongIss,
    WrongAud,
    BadSig,
    WrongSub,
    Expired,
    AlgNone,
    NoKid,
    MissingIat,
    MissingSub,
    WrongAtHash,
    WrongAzp,
    ExtraAud,
    /// The authorization response names another issuer (RFC 9207).
    WrongResponseIss,
    /// The authorization response names no issuer.
    MissingResponseIss,
}

impl Mode {
    /// The part of an endpoint's work that the fault interferes with.
    const fn stage(self) -> Stage {
        match self {
            Self::Status
            | Self::Delay
            | Self::Hang
            | Self::Garbage
            | Self::Html
            | Self::Reset
            | Self::LostResponse => Stage::Exchange,
            Self::Error => Stage::Error,
            Self::WrongResponseIss | Self::MissingResponseIss => Stage::Redirect,
            _ => Stage::Token,
        }
    }

    /// Whether there is anything at this endpoint for the fault to interfere with.
    const fn suits(self, endpoint: Endpoint) -> bool {
        match (self.stage(), endpoint) {
            (Stage::Exchange | Stage::Error, _) | (Stage::Token, Endpoint::Token) => true,
            (Stage::Redirect, Endpoint::Authorize) => true,
            (Stage::Token, Endpoint::Userinfo) => matches!(self, Self::WrongSub | Self::MissingSub),
            (Stage::Token, Endpoint::Discovery) => matches!(self, Self::WrongIss),
            _ => false,
        }
    }

    /// The defect of an ID token.
    pub(crate) const fn token_defect(self) -> Option<TokenDefect> {
        Some(match self {
            Self::WrongNonce => TokenDefect::WrongNonce,
            Self::WrongIss => TokenDefect::WrongIss,
            Self::WrongAud => TokenDefect::WrongAud,
            Self::BadSig => TokenDefect::BadSig,
            Self::WrongSub => TokenDefect::WrongSub,
            Self::Expired => TokenDefect::Expired,
            Self::AlgNone => TokenDefect::AlgNone,
            Self::NoKid => TokenDefect::NoKid,
            Self::MissingIat => TokenDefect::MissingIat,
            Self::MissingSub => TokenDefect::MissingSub,
            Self::WrongAtHash => TokenDefect::WrongAtHash,
            Self::WrongAzp => TokenDefect::WrongAzp,
            Self::ExtraAud => TokenDefect::ExtraAud,
            _ => return None,
        })
    }
}

/// See [`Mode::stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The HTTP exchange as a whole.
    Exchange,
    /// The answer, as an error of the protocol.
    Error,
    /// The redirect back to the client.
    Redirect,
    /// What tokens, userinfo and metadata say.
    Token,
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
        if self.delay.is_some() != (self.mode == Mode::Delay) {
            return refuse("delay", "mode delay needs a delay, the others take none");
        }
        if self.delay.is_some_and(|delay| delay.0 > Duration::from_secs(600)) {
            return refuse("delay", "a delay is 10m at most");
        }
        if self.times == Some(0) {
            return refuse("times", "a fault strikes at least once");
        }
        Ok(())
    }

    fn strikes(&self, endpoint: Endpoint, stage: Stage) -> bool {
        let here = match self.endpoint {
            Where::One(one) => one == endpoint,
            Where::All(Star::Star) => true,
        };
        here && self.mode.stage() == stage && self.mode.suits(endpoint)
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

    /// The first fault that strikes here; it then has one time less.
    pub(crate) fn take(&mut self, endpoint: Endpoint, stage: Stage) -> Option<Fault> {
        let at = self.0.iter().position(|fault| fault.strikes(endpoint, stage))?;
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
}

/// How an outage looks from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutageMode {
    /// 503 with `Retry-After`.
    #[default]
    Unavailable,
    /// The connection is closed without an answer.
    Close,
}

/// A time in which no endpoint works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) mode: OutageMode,
    /// By the tenant's clock; without, until it is deleted.
    pub(crate) until: Option<Timestamp>,
}

impl Outage {
    pub(crate) fn is_on(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
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
        assert!(faults.take(Endpoint::Jwks, Stage::Exchange).is_none());
        assert!(faults.take(Endpoint::Token, Stage::Token).is_none());
        assert!(faults.take(Endpoint::Token, Stage::Exchange).is_some());
        assert!(faults.take(Endpoint::Token, Stage::Exchange).is_some());
        assert!(faults.take(Endpoint::Token, Stage::Exchange).is_none());
    }

    #[test]
    fn a_fault_everywhere_strikes_only_where_it_means_something() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"endpoint": "*", "mode": "wrong_nonce"}))).unwrap();
        assert!(faults.take(Endpoint::Userinfo, Stage::Token).is_none());
        assert!(faults.take(Endpoint::Token, Stage::Token).is_some());
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
            (json!({"endpoint": "token", "mode": "reset", "times": 0}), "times"),
        ] {
            assert_eq!(Faults::default().add(fault(spec.clone())).unwrap_err().field, field, "{spec}");
        }
    }
}
