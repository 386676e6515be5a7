//! Why sign-ins come to nothing.

use crate::journeys::transaction::{Ask, Transaction};
use crate::oidc::authorization::ResponseError;
use crate::oidc::id_token::IdTokenError;
use crate::oidc::token::TokenError;
use crate::provider::ProviderError;
use crate::session::end::EndReason;
use crate::store::StoreError;
use crate::wsfed::sign_in::FormError;

/// Why a sign-in did not succeed. `return_to` is where the person wanted to go, to be judged again.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SignInError {
    #[error("the identity provider's response is malformed: {0}")]
    Response(#[from] ResponseError),
    #[error("the identity provider's answer is malformed: {0}")]
    Form(#[from] FormError),
    #[error("the state is not one that this gateway made for this address")]
    ForeignState,
    #[error("the sign-in was begun in another browser, or this browser keeps no cookies")]
    OtherBrowser,
    #[error("the sign-in took longer than ten minutes")]
    Expired { return_to: String },
    #[error("the sign-in was completed before")]
    Spent { return_to: String },
    #[error("the identity provider's token was used before: somebody shows it a second time")]
    Replayed,
    #[error("the credentials are those from before the sign-out, although new ones were asked for")]
    CredentialsTooOld,
    #[error("the identity provider cannot answer without asking the person ({error})")]
    NeedsThePerson { return_to: String, error: String },
    #[error("the identity provider refused the sign-in ({error})")]
    Refused { error: String },
    #[error("the identity provider could not complete the sign-in ({error})")]
    IdpFailed { error: String },
    #[error("the user was revoked while the sign-in was under way")]
    RevokedMeanwhile,
    #[error("the identity provider signed the user out while the sign-in was under way")]
    SignedOutMeanwhile,
    #[error("the session that this sign-in was to go on from was ended while it was under way ({})", .0.code())]
    EndedMeanwhile(EndReason),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Response(ResponseError::WrongIssuer) => "wrong_issuer",
            Self::Response(_) => "malformed_response",
            Self::Form(error) => error.code(),
            Self::Replayed => "replayed",
            Self::CredentialsTooOld => "id_token_auth_time",
            Self::ForeignState => "foreign_state",
            Self::OtherBrowser => "other_browser",
            Self::Expired { .. } => "sign_in_expired",
            Self::Spent { .. } => "sign_in_spent",
            Self::NeedsThePerson { .. } => "interaction_required",
            Self::Refused { .. } => "idp_denied",
            Self::IdpFailed { .. } => "idp_error",
            Self::RevokedMeanwhile => "revoked",
            Self::SignedOutMeanwhile => "backchannel_logout",
            Self::EndedMeanwhile(reason) => reason.code(),
            Self::Provider(ProviderError::Token(TokenError::InvalidGrant)) => "code_refused",
            Self::Provider(
                ProviderError::Token(TokenError::OurFault(_)) | ProviderError::Misconfigured(_),
            ) => "misconfigured",
            Self::Provider(ProviderError::TestIdp { .. }) => "test_idp",
            Self::Provider(ProviderError::IdToken(error)) => error.code(),
            Self::Provider(ProviderError::Assertion(error)) => error.code(),
            Self::Provider(ProviderError::Challenge(error)) => error.code(),
            Self::Provider(ProviderError::OtherUser(_)) => "userinfo_sub",
            Self::Provider(ProviderError::NoIdToken) => "id_token_missing",
            Self::Provider(_) => "idp_unavailable",
            Self::Store(_) => "store_unavailable",
        }
    }
}

impl SignInError {
    /// Does the IdP, or the ID token, say that the code is not the one of this sign-in? The PKCE verifier and the nonce are
    /// this browser's, so a code of somebody else's ends here (AUT-03).
    pub(super) const fn is_about_the_code(&self) -> bool {
        matches!(
            self,
            Self::Provider(
                ProviderError::Token(TokenError::InvalidGrant)
                    | ProviderError::IdToken(IdTokenError::Nonce | IdTokenError::CodeHash)
            )
        )
    }
}

/// What the IdP says instead of giving a code.
pub(super) fn of_idp(transaction: &Transaction, error: &str) -> SignInError {
    let (return_to, code) = (transaction.return_to.clone(), error.to_owned());
    match error {
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required"
            if transaction.ask == Ask::Silent =>
        {
            SignInError::NeedsThePerson { return_to, error: code }
        }
        "server_error" | "temporarily_unavailable" => SignInError::IdpFailed { error: code },
        // Only registered codes are repeated: the text comes from whoever made the URL.
        "access_denied"
        | "unauthorized_client"
        | "invalid_request"
        | "invalid_scope"
        | "unsupported_response_type"
        | "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => SignInError::Refused { error: code },
        _ => SignInError::Refused { error: "unregistered error code".into() },
    }
}
