//! How a session ended: the content of its tombstone.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Why a session ended. Only these end one; a "don't know" never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The user signed out (row A1).
    SignedOut,
    /// An admin ended it (row A5).
    Revoked,
    /// The IdP said, to the gateway itself, that its session is over (row A4, Back-Channel Logout 1.0).
    BackchannelLogout,
    /// The IdP said so by way of the browser (row A4, Front-Channel Logout 1.0).
    FrontchannelLogout,
    /// The IdP refused to renew it: the account is disabled, deleted or blocked, or its refresh token revoked (row H2).
    IdpRefused,
    /// The IdP renewed it for somebody else (row H7).
    UserMismatch,
    /// It reached the `max_length` of its environment (row C9).
    MaxLength,
    /// It reached `lifetime`, which applies where the IdP's policy cannot be checked in the background (row H5).
    Lifetime,
    /// Nobody used it for `inactivity_timeout` (row C10).
    Inactive,
    /// Nobody used it for 90 days (row H1).
    Forgotten,
    /// A newer sign-in of the same browser took its place.
    Replaced,
}

impl EndReason {
    /// The stable reason code: in logs, metrics, headers and APIs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::BackchannelLogout => "backchannel_logout",
            Self::FrontchannelLogout => "frontchannel_logout",
            Self::IdpRefused => "idp_refused",
            Self::UserMismatch => "user_mismatch",
            Self::MaxLength => "max_length",
            Self::Lifetime => "lifetime",
            Self::Inactive => "inactive",
            Self::Forgotten => "forgotten",
            Self::Replaced => "replaced",
        }
    }

    /// A plain sentence for the person whose session it was.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "You signed out.",
            Self::Revoked => "An administrator ended your session.",
            Self::BackchannelLogout | Self::FrontchannelLogout => {
                "You were signed out at your organisation's sign-in service."
            }
            Self::IdpRefused => "Your organisation's sign-in service no longer accepts this session.",
            Self::UserMismatch => "Your organisation's sign-in service answered for somebody else.",
            Self::MaxLength => "Your session reached its longest length.",
            Self::Lifetime => "Your session reached the end of its life.",
            Self::Inactive => "You were away from your device for too long.",
            Self::Forgotten => "You were away for a long time.",
            Self::Replaced => "You signed in anew.",
        }
    }

    /// Is the refresh token revoked at the IdP too? Where somebody proved to want the end, and nobody goes on with that
    /// grant. Not by a front-channel logout, which anybody can send who knows a `sid`.
    #[must_use]
    pub const fn revokes_tokens(self) -> bool {
        matches!(self, Self::SignedOut | Self::Revoked | Self::BackchannelLogout)
    }

    /// Did a person, an admin or the IdP want this end? The others come with time, or with a sign-in.
    #[must_use]
    pub const fn is_somebodys_will(self) -> bool {
        match self {
            Self::SignedOut
            | Self::Revoked
            | Self::BackchannelLogout
            | Self::FrontchannelLogout
            | Self::IdpRefused
            | Self::UserMismatch => true,
            Self::MaxLength | Self::Lifetime | Self::Inactive | Self::Forgotten | Self::Replaced => false,
        }
    }

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SignedOut,
        Self::Revoked,
        Self::BackchannelLogout,
        Self::FrontchannelLogout,
        Self::IdpRefused,
        Self::UserMismatch,
        Self::MaxLength,
        Self::Lifetime,
        Self::Inactive,
        Self::Forgotten,
        Self::Replaced,
    ];
}

/// What is kept of an ended session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Why.
    pub reason: EndReason,
    /// When.
    pub at: Timestamp,
    /// A remark of the admin who ended it, or the IdP's error code. Never shown to the browser.
    pub remark: Option<String>,
}
