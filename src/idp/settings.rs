//! What the control API sets: lifetimes, what a refresh does, and the policy check interval.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::span::Span;
use crate::issuer::grant_rules::{Lifetimes, Rotation};

/// How long everything lives.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LifetimeSettings {
    pub(crate) id_token: Span,
    pub(crate) access_token: Span,
    pub(crate) refresh_token: Span,
    pub(crate) code: Span,
    /// Of the single sign-on session in the browser.
    pub(crate) sso_session: Span,
    /// Token answers say `refresh_expires_in`: since `refresh_token` was set.
    pub(crate) refresh_announced: bool,
}

impl LifetimeSettings {
    pub(crate) const fn grants(&self) -> Lifetimes {
        Lifetimes {
            code: self.code.0,
            access_token: self.access_token.0,
            refresh_token: self.refresh_token.0,
        }
    }
}

impl Default for LifetimeSettings {
    fn default() -> Self {
        let minutes = |n: u64| Span(Duration::from_secs(n * 60));
        Self {
            id_token: minutes(60),
            access_token: minutes(60),
            refresh_token: minutes(90 * 24 * 60),
            code: minutes(1),
            sso_session: minutes(24 * 60),
            refresh_announced: false,
        }
    }
}

/// The body of `PUT lifetimes`; what is not named stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LifetimeChange {
    id_token: Option<Span>,
    access_token: Option<Span>,
    refresh_token: Option<Span>,
    code: Option<Span>,
    sso_session: Option<Span>,
}

/// A field's value is of the right type and out of range.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct OutOfRange {
    pub(crate) field: &'static str,
    pub(crate) message: &'static str,
}

impl LifetimeChange {
    pub(crate) fn apply(self, to: &mut LifetimeSettings) -> Result<(), OutOfRange> {
        if self.code.is_some_and(|code| code.0 > Lifetimes::LONGEST_CODE) {
            return Err(OutOfRange { field: "code", message: "a code lives 60s at most" });
        }
        to.refresh_announced |= self.refresh_token.is_some();
        to.id_token = self.id_token.unwrap_or(to.id_token);
        to.access_token = self.access_token.unwrap_or(to.access_token);
        to.refresh_token = self.refresh_token.unwrap_or(to.refresh_token);
        to.code = self.code.unwrap_or(to.code);
        to.sso_session = self.sso_session.unwrap_or(to.sso_session);
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RotationName {
    None,
    Rotate,
}

/// What the token endpoint hands out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TokensPolicy {
    pub(crate) rotation: RotationName,
    pub(crate) grace: Span,
    pub(crate) reuse_detection: bool,
    pub(crate) issue_refresh_token: bool,
    pub(crate) id_token_on_refresh: bool,
    pub(crate) nonce_on_refresh: bool,
}

impl Default for TokensPolicy {
    fn default() -> Self {
        Self {
            rotation: RotationName::None,
            grace: Span(Duration::ZERO),
            reuse_detection: true,
            issue_refresh_token: true,
            id_token_on_refresh: true,
            nonce_on_refresh: false,
        }
    }
}

impl TokensPolicy {
    pub(crate) fn rotation(&self) -> Rotation {
        match self.rotation {
            RotationName::None => Rotation::None,
            RotationName::Rotate => {
                Rotation::Rotate { grace: self.grace.0, reuse_detection: self.reuse_detection }
            }
        }
    }
}

/// The body of `PUT tokens-policy`; what is not named stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokensPolicyChange {
    rotation: Option<RotationName>,
    grace: Option<Span>,
    reuse_detection: Option<bool>,
    issue_refresh_token: Option<bool>,
    id_token_on_refresh: Option<bool>,
    nonce_on_refresh: Option<bool>,
}

impl TokensPolicyChange {
    pub(crate) fn apply(self, to: &mut TokensPolicy) -> Result<(), OutOfRange> {
        if self.grace.is_some_and(|grace| grace.0 > Rotation::LONGEST_GRACE) {
            return Err(OutOfRange { field: "grace", message: "the grace is 30s at most" });
        }
        to.rotation = self.rotation.unwrap_or(to.rotation);
        to.grace = self.grace.unwrap_or(to.grace);
        to.reuse_detection = self.reuse_detection.unwrap_or(to.reuse_detection);
        to.issue_refresh_token = self.issue_refresh_token.unwrap_or(to.issue_refresh_token);
        to.id_token_on_refresh = self.id_token_on_refresh.unwrap_or(to.id_token_on_refresh);
        to.nonce_on_refresh = self.nonce_on_refresh.unwrap_or(to.nonce_on_refresh);
        Ok(())
    }
}

/// Whether authorization requests may, or must, be pushed (RFC 9126).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushedPolicy {
    pub(crate) offered: bool,
    #[serde(default)]
    pub(crate) required: bool,
}

/// A claim that tells relying parties how often to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyCheckInterval {
    /// Its name, such as `xms_pci`.
    pub(crate) claim: String,
    pub(crate) seconds: u32,
}
