//! What can become of a policy check.

use crate::session::CheckFailure;
use crate::session::end::EndReason;
use crate::time::Timestamp;

/// What became of a policy check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The IdP confirmed the session.
    Confirmed,
    /// The session has ended.
    Ended(EndReason),
    /// The IdP wants to see the person.
    InteractionRequired,
    /// The IdP gave no usable answer.
    Unreachable,
    /// The IdP refuses the gateway.
    OurFault,
    /// The refresh token is gone without a "no"; the browser must renew the proof.
    TokenSpent,
    /// Nothing to ask: the session is dormant, or its browser must renew it.
    NotAsked,
    /// Another node has the session, or took it over.
    Elsewhere,
}

impl From<CheckFailure> for CheckOutcome {
    fn from(why: CheckFailure) -> Self {
        match why {
            CheckFailure::InteractionRequired => Self::InteractionRequired,
            CheckFailure::Unreachable => Self::Unreachable,
            CheckFailure::OurFault => Self::OurFault,
            CheckFailure::TokenSpent => Self::TokenSpent,
        }
    }
}

impl CheckOutcome {
    /// The stable code, for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Ended(reason) => reason.code(),
            Self::InteractionRequired => "interaction_required",
            Self::Unreachable => "unreachable",
            Self::OurFault => "our_fault",
            Self::TokenSpent => "token_spent",
            Self::NotAsked => "not_asked",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// On whose behalf a session is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// It fell due.
    Due,
    /// Somebody stands before it and waits.
    Visit {
        /// The proof that would not do for them.
        proved_at: Timestamp,
    },
}
