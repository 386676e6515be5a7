//! The stable codes that say why a decision fell as it did.

use crate::session::end::EndReason;
use crate::session::judged::Denial;

/// Why a decision fell as it did. The code is stable; the sentence is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Allowed: the proof counts.
    Proved,
    /// Allowed although the proof is over: the IdP is away, and the person is kept signed in.
    Degraded,
    /// No session is presented.
    NoSession,
    /// The session has ended, or reached an end just now.
    Ended(EndReason),
    /// The session is presented without its nonce cookie.
    BrowserUnknown,
    /// The session is presented with another browser's nonce cookie.
    BrowserMismatch,
    /// The environment's access rules are not met.
    Denied(Denial),
    /// The IdP wants to see the person.
    InteractionRequired,
    /// The proof no longer counts; the gateway fetches a new one first.
    ProofOver,
    /// The session was unused for long; the gateway fetches a new proof first.
    Dormant,
    /// The proof no longer counts, or the session was unused for long; the browser must bring a new one first.
    RenewalDue,
}

impl Reason {
    /// The code, as it stands in headers, logs, metrics and APIs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Degraded => "degraded",
            Self::NoSession => "no_session",
            Self::Ended(end) => end.code(),
            Self::BrowserUnknown => "browser_unknown",
            Self::BrowserMismatch => "browser_mismatch",
            Self::Denied(denial) => denial.code(),
            Self::InteractionRequired => "interaction_required",
            Self::ProofOver => "checking",
            Self::Dormant => "dormant",
            Self::RenewalDue => "renewal_due",
        }
    }

    /// A plain sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Proved => "Your session is valid.",
            Self::Degraded => {
                "Your organisation's sign-in service is away; you are kept signed in for a limited time."
            }
            Self::NoSession => "You are not signed in.",
            Self::Ended(end) => end.sentence(),
            Self::BrowserUnknown | Self::BrowserMismatch => "This session belongs to another browser.",
            Self::Denied(denial) => denial.sentence(),
            Self::InteractionRequired => "Your organisation's sign-in service wants to see you again.",
            Self::ProofOver | Self::Dormant => "Your session is being checked with your organisation.",
            Self::RenewalDue => "Your sign-in has to be renewed with your organisation.",
        }
    }
}
