//! Where errors meet the wire: one match from every error to status, words and log level.
//!
//! The browser gets a plain sentence and a reference; the log gets the reference, a stable reason code and the details.

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::form::FormError;
use super::navigation::is_navigation;
use super::page::{Message, Page};
use super::site::SiteError;
use crate::journeys::sign_in::SignInError;
use crate::oidc::token::TokenError;
use crate::provider::ProviderError;
use crate::random;
use crate::saml::AssertionError;
use crate::store::StoreError;
use crate::telemetry::sampling;

/// Everything that can go wrong at the edge.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The request is for no site of ours.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The store does not know.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sign-out could not be written down yet.
    #[error("a sign-out waits for the session store: {0}")]
    SignOutUnfinished(StoreError),
    /// A sign-in came to nothing.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The IdP that was named is not one of this environment's.
    #[error("the environment {environment} has no identity provider of the name that was asked for")]
    UnknownProvider {
        /// The environment.
        environment: String,
    },
    /// A request that changes something came from another site.
    #[error("a request to change something did not come from this site's own page")]
    CrossSite,
    /// The body of a response by POST is not a form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A parameter is not one.
    #[error("the query is malformed: {0}")]
    Query(&'static str),
    /// A policy check was needed and brought no answer in time (row O4).
    #[error("the policy check of the session brought no answer: {0}")]
    Unproved(&'static str),
    /// The browser comes back from every sign-in to sign in (AUT-24).
    #[error(
        "a browser signed in three times within half a minute and is here again: look whether the front proxy passes cookies on to the authz endpoint, and at the clocks"
    )]
    SignInLoop,
    /// There is no such page.
    #[error("there is no such page")]
    NotFound,
    /// The address, the headers or the body of a request are larger than anything that could be meant.
    #[error("the request is too large ({0})")]
    TooLarge(StatusCode),
    /// A sign-in was begun or ended too often: by this address, or by all.
    #[error("too many sign-ins")]
    TooMany {
        /// When the next one may come.
        retry_after_secs: u32,
    },
}

struct Answer {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    sentence: &'static str,
    retry_after_secs: Option<u32>,
}

impl EdgeError {
    fn answer(&self) -> Answer {
        let answer =
            |status, code, title, sentence| Answer { status, code, title, sentence, retry_after_secs: None };
        let later = |code, title, sentence, secs| Answer {
            retry_after_secs: Some(secs),
            ..answer(StatusCode::SERVICE_UNAVAILABLE, code, title, sentence)
        };
        match self {
            Self::Site(SiteError::UnknownHost { .. }) => answer(
                StatusCode::MISDIRECTED_REQUEST,
                "unknown_host",
                "Unknown address",
                "This address is not one that is served here.",
            ),
            Self::Site(SiteError::PlainHttp { .. }) => answer(
                StatusCode::BAD_REQUEST,
                "plain_http",
                "Not secure",
                "This address is served over HTTPS only.",
            ),
            Self::Site(SiteError::Ambiguous(_)) => answer(
                StatusCode::BAD_REQUEST,
                "ambiguous_header",
                "Request not understood",
                "The request contradicts itself.",
            ),
            Self::Store(_) | Self::SignIn(SignInError::Store(_)) => later(
                "store_unavailable",
                "One moment, please",
                "Sessions cannot be looked up just now. You are still signed in; please try again shortly.",
                2,
            ),
            Self::SignOutUnfinished(_) => later(
                "sign_out_unfinished",
                "Nearly signed out",
                "This browser is signed out. Your session cannot be ended everywhere just now; that is done as soon as possible.",
                2,
            ),
            Self::Unproved(code) => later(
                code,
                "One moment, please",
                "Your organisation's sign-in service does not answer just now. Your session is kept; please try again shortly.",
                5,
            ),
            Self::UnknownProvider { .. } => answer(
                StatusCode::NOT_FOUND,
                "unknown_provider",
                "Unknown sign-in service",
                "There is no sign-in service of this name here.",
            ),
            Self::CrossSite => answer(
                StatusCode::FORBIDDEN,
                "cross_site",
                "Not from here",
                "This was asked for by another site. Please use the button on this site's own page.",
            ),
            Self::Form(error) => answer(
                match error {
                    FormError::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    FormError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                    FormError::TooSlow => StatusCode::REQUEST_TIMEOUT,
                    FormError::Broken => StatusCode::BAD_REQUEST,
                },
                "malformed_form",
                "Request not understood",
                "What was sent is not a form that this page takes.",
            ),
            Self::Query(_) => answer(
                StatusCode::BAD_REQUEST,
                "malformed_query",
                "Request not understood",
                "The address has a parameter that makes no sense.",
            ),
            Self::TooLarge(status) => answer(
                *status,
                "too_large",
                "Too much",
                "The request is larger than anything that is expected here.",
            ),
            Self::TooMany { retry_after_secs } => Answer {
                retry_after_secs: Some(*retry_after_secs),
                ..answer(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_sign_ins",
                    "One moment, please",
                    "There are too many sign-ins from your network just now. Please try again shortly.",
                )
            },
            Self::SignInLoop => answer(
                StatusCode::BAD_REQUEST,
                "sign_in_loop",
                "Signed in, and sent here again",
                "You were signed in, but this site did not notice, several times in a row. Please allow cookies for this site; if you do, tell your administrator the reference below.",
            ),
            Self::NotFound => {
                answer(StatusCode::NOT_FOUND, "not_found", "No such page", "There is no such page here.")
            }
            Self::SignIn(error) => sign_in_answer(error),
        }
    }

    /// The stable reason code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.answer().code
    }

    /// The answer of an authz endpoint: no page, no redirect, no cookie.
    #[must_use]
    pub fn into_authz(self) -> HttpResponse {
        let answer = self.answer();
        self.log(&answer, &reference());
        let mut response = HttpResponse::build(answer.status);
        response.insert_header(("cache-control", "no-store"));
        response.insert_header((WWW_AUTHENTICATE, format!("Hourgate reason=\"{}\"", answer.code)));
        if let Some(secs) = answer.retry_after_secs {
            response.insert_header((RETRY_AFTER, secs));
        }
        response.finish()
    }

    fn log(&self, answer: &Answer, reference: &str) {
        let (status, reason) = (answer.status.as_u16(), answer.code);
        let Some(suppressed) = sampling::admit(reason) else { return };
        if answer.status.is_server_error() {
            tracing::warn!(status, reason, reference, suppressed, error = %self, "request_failed");
        } else {
            tracing::info!(status, reason, reference, suppressed, error = %self, "request_refused");
        }
    }
}

fn sign_in_answer(error: &SignInError) -> Answer {
    let (status, title, sentence) = match error {
        SignInError::OtherBrowser => (
            StatusCode::BAD_REQUEST,
            "Sign-in not completed",
            "This sign-in was begun in another browser, or this browser keeps no cookies. Please allow cookies for this site and begin again.",
        ),
        SignInError::Refused { .. }
        | SignInError::Provider(ProviderError::Assertion(AssertionError::SoapFault)) => (
            StatusCode::FORBIDDEN,
            "Sign-in refused",
            "Your organisation's sign-in service did not let you in.",
        ),
        SignInError::RevokedMeanwhile => (
            StatusCode::FORBIDDEN,
            "Sign-in refused",
            "An administrator ended your sessions while you were signing in. Please begin again.",
        ),
        SignInError::EndedMeanwhile(_) => (
            StatusCode::FORBIDDEN,
            "Sign-in refused",
            "Your session was ended while it was being renewed. Please begin again.",
        ),
        SignInError::SignedOutMeanwhile => (
            StatusCode::FORBIDDEN,
            "Sign-in refused",
            "You were signed out at your organisation's sign-in service while you were signing in. Please begin again.",
        ),
        SignInError::Provider(
            ProviderError::Document { .. }
            | ProviderError::Userinfo(_)
            | ProviderError::Away
            | ProviderError::Token(
                TokenError::Unavailable(_) | TokenError::NotSent(_) | TokenError::TryLater { .. },
            ),
        )
        | SignInError::IdpFailed { .. } => {
            return Answer {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: error.code(),
                title: "Sign-in not possible just now",
                sentence: "Your organisation's sign-in service does not answer. Please try again shortly.",
                retry_after_secs: Some(5),
            };
        }
        SignInError::Provider(ProviderError::TestIdp { .. }) => (
            StatusCode::BAD_GATEWAY,
            "Sign-in not possible",
            "The sign-in service of this site is one for tests, which proves nothing about anybody. Please tell your administrator.",
        ),
        SignInError::Provider(
            ProviderError::Token(TokenError::OurFault(_)) | ProviderError::Misconfigured(_),
        ) => (
            StatusCode::BAD_GATEWAY,
            "Sign-in not possible",
            "This site and your organisation's sign-in service do not agree. Please tell your administrator.",
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "Sign-in not completed",
            "The answer of the sign-in service cannot be accepted. Please begin again.",
        ),
    };
    Answer { status, code: error.code(), title, sentence, retry_after_secs: None }
}

impl ResponseError for EdgeError {
    fn status_code(&self) -> StatusCode {
        self.answer().status
    }

    fn error_response(&self) -> HttpResponse {
        let answer = self.answer();
        let reference = reference();
        self.log(&answer, &reference);
        let message = Message {
            title: answer.title,
            sentence: answer.sentence,
            code: answer.code,
            reference: Some(reference),
            // A reload would only present the same answer of the IdP again.
            action: matches!(self, Self::SignIn(_) | Self::SignInLoop)
                .then(|| ("Begin again", "/".to_owned())),
            retry_after_secs: answer.retry_after_secs,
        };
        Page::message(answer.status, message).into_response()
    }
}

/// What a person can read out to whoever looks into the log.
fn reference() -> String {
    random::bytes::<4>().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// There is no such page.
///
/// # Errors
///
/// [`EdgeError::NotFound`] for people, who get a page.
pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, EdgeError> {
    if is_navigation(request.headers()) {
        Err(EdgeError::NotFound)
    } else {
        Ok(HttpResponse::NotFound().insert_header(("cache-control", "no-store")).finish())
    }
}
