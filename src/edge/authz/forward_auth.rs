//! Traefik, Caddy and HAProxy: the answer is passed on to the browser whole. The original request stands in
//! `X-Forwarded-{Method,Proto,Host,Uri}`.

use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{Answer, Original, allow, answer, checking, forbidden, problem};
use crate::edge::Edge;
use crate::edge::error::EdgeError;
use crate::edge::navigation::is_navigation;
use crate::edge::site::SiteError;

/// `/_hourgate/authz/forward-auth`
pub async fn forward_auth(request: HttpRequest, edge: Data<Edge>) -> HttpResponse {
    let original = original(&edge, &request);
    answer(&edge, &request, "forward-auth", original, dialect).await
}

pub(super) fn original(edge: &Edge, request: &HttpRequest) -> Result<Original, EdgeError> {
    let forwarded =
        |name| edge.forwarded(request, name).map_err(|error| EdgeError::Site(SiteError::from(error)));
    let method = forwarded("x-forwarded-method")?.map_or(Ok(request.method().clone()), str::parse);
    let method = method.map_err(|_| EdgeError::Query("X-Forwarded-Method is not a method"))?;
    let target = forwarded("x-forwarded-uri")?.unwrap_or("/").to_owned();
    Ok(Original { site: edge.site(request)?, method, target })
}

/// Redirects what navigates, tells scripts; `?on_fail=401` or `?on_fail=302` decides for all.
pub(super) fn dialect(request: &HttpRequest, method: &Method, answer: Answer) -> HttpResponse {
    let redirects = || on_fail(request).unwrap_or_else(|| is_navigation(request.headers()));
    match answer {
        Answer::Allow(permit) => allow(&permit),
        Answer::GoTo { location, .. } if redirects() => redirect(method, &location),
        // The start page says why, with the status.
        Answer::Forbidden { page, .. } if redirects() => redirect(method, &page),
        Answer::Forbidden { page, reason } => forbidden(&page, reason),
        Answer::GoTo { login_url, reason, .. } => problem(&login_url, reason),
        Answer::Checking { reason, .. } => checking(reason),
    }
}

fn on_fail(request: &HttpRequest) -> Option<bool> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "on_fail")
        .and_then(|(_, value)| match value.as_ref() {
            "302" => Some(true),
            "401" => Some(false),
            _ => None,
        })
}

/// 302 keeps a GET a GET; 303 makes one of everything else.
fn redirect(method: &Method, location: &str) -> HttpResponse {
    let keeps = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    let status = if keeps { StatusCode::FOUND } else { StatusCode::SEE_OTHER };
    HttpResponse::build(status).insert_header(("location", location)).finish()
}
