//! Why a token is refused.

use super::{DecryptionError, DocumentError, SignatureError};

/// Why a token is refused. The codes are stable; nothing of the token is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum AssertionError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Decryption(#[from] DecryptionError),
    #[error("the response is a SOAP fault: the IdP refused; its log says why")]
    SoapFault,
    #[error("the response is an assertion without RequestSecurityTokenResponse")]
    BareAssertion,
    #[error("the response is no RequestSecurityTokenResponse of WS-Trust February 2005 or 1.3")]
    Root,
    #[error("the response has not exactly one RequestSecurityTokenResponse")]
    RstrCount,
    #[error("the response has not exactly one RequestedSecurityToken with exactly one token")]
    TokenCount,
    #[error("the token is no SAML assertion; have the IdP issue SAML 1.1 or 2.0 to this realm")]
    TokenType,
    #[error("a token stands outside RequestedSecurityToken")]
    TokenOutsideRst,
    #[error("there is not exactly one assertion")]
    AssertionCount,
    #[error("the assertion is neither SAML 1.1 nor 2.0, or does not say so")]
    Version,
    #[error("the assertion is of another issuer, or of none")]
    Issuer,
    #[error("the assertion does not say when it was issued")]
    IssueInstant,
    #[error("the assertion has not exactly one Conditions")]
    Conditions,
    #[error("the assertion has a condition that is not known, so nobody can say that it holds")]
    UnknownCondition,
    #[error("the assertion is for another audience, or for none; compare the realm at the IdP")]
    Audience,
    #[error("the assertion does not say from when to when it is valid")]
    Times,
    #[error("the assertion is not valid yet, or was issued in the future; compare the clocks")]
    NotYetValid,
    #[error("the assertion, or the session that it speaks of, has expired")]
    Expired,
    #[error("the assertion is valid for longer than a token may be; shorten the token lifetime at the IdP")]
    Lifetime,
    #[error("the assertion has not exactly one subject, or not one that can be read")]
    Subject,
    #[error("the assertion is not for whoever bears it, or does not say so")]
    Bearer,
    #[error("the assertion has several authentication statements, or one that cannot be read")]
    AuthnStatement,
    #[error("the assertion has an attribute without name, with a value that is not text, or encrypted")]
    Attribute,
}

impl AssertionError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Document(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::Decryption(error) => error.code(),
            Self::SoapFault => "soap_fault",
            Self::BareAssertion => "bare_assertion",
            Self::Root => "root",
            Self::RstrCount => "rstr_count",
            Self::TokenCount => "token_count",
            Self::TokenType => "token_type",
            Self::TokenOutsideRst => "token_outside_rst",
            Self::AssertionCount => "assertion_count",
            Self::Version => "version",
            Self::Issuer => "issuer",
            Self::IssueInstant => "issue_instant",
            Self::Conditions => "conditions",
            Self::UnknownCondition => "unknown_condition",
            Self::Audience => "audience",
            Self::Times => "times",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::Lifetime => "lifetime",
            Self::Subject => "subject",
            Self::Bearer => "bearer",
            Self::AuthnStatement => "authn_statement",
            Self::Attribute => "attribute",
        }
    }

    /// Does the signature fit none of the pinned keys? Then the IdP may have new ones.
    #[must_use]
    pub const fn is_unknown_key(self) -> bool {
        matches!(self, Self::Signature(SignatureError::SignatureValue))
    }
}
