//! The kinds of faults, and where each makes sense.

use serde::{Deserialize, Serialize};

use super::defects::TokenDefect;
use super::endpoint::Endpoint;
use super::wsfed::defects::SamlDefect;

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
    /// The token answer has no `token_type`, and numbers as text.
    OddAnswer,
    /// The token answer has no access token.
    NoAccessToken,
    /// The authorization response names another issuer (RFC 9207).
    WrongResponseIss,
    /// The authorization response names no issuer.
    MissingResponseIss,
    /// The authorization response, or the way back from a sign-out, repeats another `state` than the client sent.
    WrongState,
    /// It repeats no `state`.
    MissingState,
    /// `prompt=login` and `max_age` are overlooked: single sign-on counts whatever was asked.
    IgnoresPrompt,
    /// The key set holds, beside the keys that count, some that make no sense.
    OddKeys,
    /// `wctx` comes back as something else than the relying party sent.
    WrongWctx,
    /// `wctx` does not come back.
    MissingWctx,
    /// An address is posted instead of the token, for the relying party to fetch it there.
    Wresultptr,
    /// `wfresh` is overlooked: single sign-on counts, however old it is.
    OldAuthn,
    /// `wauth` is overlooked: a password it is.
    IgnoresWauth,
    /// The metadata are somebody else's.
    WrongEntity,
    /// The metadata are longer than anybody should read.
    Oversize,
    /// The ID token has a defect; at userinfo and discovery, what they say.
    #[serde(untagged)]
    Token(TokenDefect),
    /// The SAML token has a defect, or the metadata.
    #[serde(untagged)]
    Saml(SamlDefect),
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
            Self::WrongResponseIss
            | Self::MissingResponseIss
            | Self::WrongState
            | Self::MissingState
            | Self::WrongWctx
            | Self::MissingWctx
            | Self::Wresultptr => Stage::Redirect,
            Self::IgnoresPrompt | Self::OldAuthn | Self::IgnoresWauth => Stage::Question,
            Self::OddAnswer | Self::NoAccessToken => Stage::Answer,
            Self::OddKeys | Self::Token(_) | Self::Saml(_) | Self::WrongEntity | Self::Oversize => {
                Stage::Token
            }
        }
    }

    /// Whether there is anything at this endpoint for the fault to interfere with.
    pub(super) const fn suits(self, endpoint: Endpoint) -> bool {
        match (self, endpoint) {
            (Self::Token(_), Endpoint::Token) => true,
            (Self::Token(defect), Endpoint::Userinfo) => {
                matches!(defect, TokenDefect::WrongSub | TokenDefect::MissingSub)
            }
            (Self::Token(defect), Endpoint::Discovery) => matches!(defect, TokenDefect::WrongIss),
            (Self::OddKeys, Endpoint::Jwks) => true,
            (Self::Token(_) | Self::Saml(_), Endpoint::Wsfed) => SamlDefect::of(self).is_some(),
            (
                Self::WrongWctx | Self::MissingWctx | Self::Wresultptr | Self::OldAuthn | Self::IgnoresWauth,
                _,
            ) => matches!(endpoint, Endpoint::Wsfed),
            (
                Self::Token(TokenDefect::BadSig)
                | Self::Saml(SamlDefect::Unsigned | SamlDefect::Doctype)
                | Self::WrongEntity
                | Self::Oversize,
                Endpoint::FederationMetadata,
            ) => true,
            (Self::OddKeys | Self::Token(_) | Self::Saml(_) | Self::WrongEntity | Self::Oversize, _) => false,
            (Self::OddAnswer | Self::NoAccessToken, _) => matches!(endpoint, Endpoint::Token),
            (Self::WrongState | Self::MissingState, Endpoint::EndSession) => true,
            _ => {
                !matches!(self.stage(), Stage::Redirect | Stage::Question)
                    || matches!(endpoint, Endpoint::Authorize)
            }
        }
    }
}

/// See [`Mode::stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The HTTP exchange as a whole.
    Exchange,
    /// The answer, as an error of the protocol.
    Error,
    /// What the client asks about the person.
    Question,
    /// The redirect back to the client.
    Redirect,
    /// The members around the tokens.
    Answer,
    /// What tokens, userinfo, metadata and key set say.
    Token,
}
