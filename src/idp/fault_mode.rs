//! The kinds of faults, and where each makes sense.

use serde::{Deserialize, Serialize};

use super::defects::TokenDefect;
use super::endpoint::Endpoint;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Answers with `status` (500) and `body`.
    Status,
    /// Answers properly, after `delay`.
    Delay,
    /// Does everything, and then answers after `delay`.
    LateAnswer,
    /// Answers properly, once the control API lets one held request go.
    Hold,
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
    /// The token answer has no `token_type`, and numbers as text.
    OddAnswer,
    /// The token answer has no access token.
    NoAccessToken,
    /// The authorization response names another issuer (RFC 9207).
    WrongResponseIss,
    /// The authorization response names no issuer.
    MissingResponseIss,
}

impl Mode {
    /// The part of an endpoint's work that the fault interferes with.
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Status
            | Self::Delay
            | Self::LateAnswer
            | Self::Hold
            | Self::Hang
            | Self::Garbage
            | Self::Html
            | Self::Reset
            | Self::LostResponse => Stage::Exchange,
            Self::Error => Stage::Error,
            Self::WrongResponseIss | Self::MissingResponseIss => Stage::Redirect,
            Self::OddAnswer | Self::NoAccessToken => Stage::Answer,
            _ => Stage::Token,
        }
    }

    /// Whether there is anything at this endpoint for the fault to interfere with.
    pub(super) const fn suits(self, endpoint: Endpoint) -> bool {
        match (self.stage(), endpoint) {
            (Stage::Exchange | Stage::Error, _) | (Stage::Token, Endpoint::Token) => true,
            (Stage::Redirect, Endpoint::Authorize) | (Stage::Answer, Endpoint::Token) => true,
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
    /// The members around the tokens.
    Answer,
    /// What tokens, userinfo and metadata say.
    Token,
}
