//! `POST /_hourgate/backchannel-logout/{idp}` (Back-Channel Logout 1.0 section 2.5).
//!
//! The IdP calls it from server to server, by whatever name it reaches the gateway: the host counts for nothing here, the
//! signature does. A 200 says that the end is written down; whatever else went wrong with a good token is a 503, so that
//! the IdP sends it again (section 2.8).

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::json;

use super::{Edge, form};
use crate::journeys::idp_logout::{BackChannelError, back_channel};
use crate::oidc::logout_token::LONGEST;
use crate::provider::LogoutError;
use crate::telemetry::sampling;

/// The longest body: a token and what a form adds to it.
const LARGEST_BODY: usize = 2 * LONGEST;
const RETRY_AFTER_SECS: u32 = 5;

/// `POST /_hourgate/backchannel-logout/{idp}`
pub async fn backchannel_logout(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
    body: Payload,
) -> HttpResponse {
    let Some(provider) = edge.services.providers.get(idp.as_str()).and_then(|provider| provider.oidc())
    else {
        return refused(
            StatusCode::NOT_FOUND,
            "unknown_provider",
            "there is no identity provider of this name",
        );
    };
    let token = form::read(&request, body, LARGEST_BODY).await.ok().and_then(|form| logout_token(&form));
    let Some(token) = token else {
        let message = "the body is a form with one logout_token, and not long";
        return refused(StatusCode::BAD_REQUEST, "malformed_request", message);
    };
    match back_channel(&edge.services, provider, &token, edge.services.now()).await {
        Ok(_) => answer(StatusCode::OK).finish(),
        Err(error @ BackChannelError::Logout(LogoutError::Token(_))) => {
            // Anybody can send one.
            if let Some(suppressed) = sampling::admit(error.code()) {
                tracing::info!(provider = %idp, reason = error.code(), suppressed, "logout_token_refused");
            }
            refused(StatusCode::BAD_REQUEST, error.code(), &error.to_string())
        }
        Err(error) => {
            tracing::warn!(provider = %idp, reason = error.code(), %error, "logout_token_not_carried_out");
            let body = json!({ "error": "temporarily_unavailable", "reason": error.code() });
            answer(StatusCode::SERVICE_UNAVAILABLE).insert_header((RETRY_AFTER, RETRY_AFTER_SECS)).json(body)
        }
    }
}

/// The one `logout_token`; other parameters are ignored, as section 2.5 asks.
fn logout_token(form: &str) -> Option<String> {
    let mut tokens = url::form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == "logout_token");
    let only = tokens.next()?.1.into_owned();
    tokens.next().is_none().then_some(only)
}

fn refused(status: StatusCode, reason: &str, message: &str) -> HttpResponse {
    answer(status).json(json!({ "error": "invalid_request", "reason": reason, "error_description": message }))
}

fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response
}
