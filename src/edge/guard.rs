//! What every request passes before a handler sees it, and every answer on its way out.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use futures_util::FutureExt;

use super::Edge;
use super::connection::Progress;
use super::error::EdgeError;
use super::limits::{LARGEST_BODY, LARGEST_HEAD, LARGEST_TOKEN_FORM, LONGEST_TARGET};
use super::paths;
use crate::telemetry::{ReasonLabels, sampling};

/// Refuses what is too large, answers 500 for a handler that panics, counts refusals by reason.
///
/// # Errors
///
/// The answers to what is too large, and to panics.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let edge = request.app_data::<Data<Edge>>().cloned();
    let progress = request.conn_data::<Rc<Progress>>().cloned();
    if let Some(progress) = &progress {
        progress.begin(expected_body(&request));
    }
    let answer = match too_large(&request) {
        Some(error) => Err(error.into()),
        // A handler shares nothing with others that a panic could leave half done: what they share has locks of its own.
        None => {
            AssertUnwindSafe(async move { next.call(request).await }).catch_unwind().await.unwrap_or_else(
                |_| Err(InternalError::from_response("a handler panicked", panicked(edge.as_ref())).into()),
            )
        }
    };
    if let Some(progress) = &progress {
        progress.end();
    }
    let refusal = match &answer {
        Ok(response) => response.response().error(),
        Err(error) => Some(error),
    };
    if let (Some(edge), Some(error)) = (&edge, refusal.and_then(Error::as_error::<EdgeError>)) {
        edge.services.metrics.refusals.get_or_create(&ReasonLabels { reason: error.code() }).inc();
    }
    answer
}

fn too_large(request: &ServiceRequest) -> Option<EdgeError> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > LONGEST_TARGET {
        return Some(EdgeError::TooLarge(StatusCode::URI_TOO_LONG));
    }
    let headers = request.headers();
    if headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > LARGEST_HEAD {
        return Some(EdgeError::TooLarge(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    let largest = if paths::takes_tokens(request.path()) { LARGEST_TOKEN_FORM } else { LARGEST_BODY };
    (body_length(headers) > largest).then_some(EdgeError::TooLarge(StatusCode::PAYLOAD_TOO_LARGE))
}

/// What a handler reads that takes more than others do.
fn expected_body(request: &ServiceRequest) -> usize {
    let length = body_length(request.headers());
    let is_expected = paths::takes_tokens(request.path()) && length <= LARGEST_TOKEN_FORM;
    if is_expected { usize::try_from(length).unwrap_or(0) } else { 0 }
}

/// As announced; one that is not is cut off with the request's time.
fn body_length(headers: &HeaderMap) -> u64 {
    let text = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn panicked(edge: Option<&Data<Edge>>) -> HttpResponse {
    if let Some(edge) = edge {
        edge.services.metrics.panics.inc();
    }
    if let Some(suppressed) = sampling::admit("panic") {
        tracing::error!(reason = "panic", suppressed, "handler_panicked");
    }
    HttpResponse::InternalServerError().insert_header(("cache-control", "no-store")).finish()
}
