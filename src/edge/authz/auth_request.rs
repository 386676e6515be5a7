//! nginx `auth_request`: 2xx, 401 or 403, nothing else; of a 401 the browser gets `WWW-Authenticate`, and `Location` where
//! the configuration passes it on. The sub-request is always a GET; the real one stands in `X-Original-URL`.

use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{Answer, Original, allow, answer, forbidden, forward_auth, unauthorized};
use crate::edge::Edge;
use crate::edge::error::EdgeError;

/// `/_hourgate/authz/auth-request`
pub async fn auth_request(request: HttpRequest, edge: Data<Edge>) -> HttpResponse {
    let original = original(&edge, &request);
    answer(&edge, &request, "auth-request", original, dialect).await
}

fn original(edge: &Edge, request: &HttpRequest) -> Result<Original, EdgeError> {
    let Some(url) = edge.forwarded(request, "x-original-url").map_err(site_error)? else {
        return forward_auth::original(edge, request);
    };
    // nginx puts the `Host` of a stranger between scheme and path. It counts as it stands: a parser would find another
    // host in `one@two`, `one?two` or `one\two`, and with it another environment than the one that nginx guards.
    let (proto, rest) =
        url.split_once("://").ok_or(EdgeError::Query("X-Original-URL is not an http or https URL"))?;
    let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let site = edge.site_at(authority, Some(proto))?;
    let method = edge.forwarded(request, "x-original-method").map_err(site_error)?;
    let method = method.map_or(Ok(Method::GET), str::parse);
    let method = method.map_err(|_| EdgeError::Query("X-Original-Method is not a method"))?;
    Ok(Original { target: target.to_owned(), site, method })
}

fn site_error(error: crate::edge::headers::AmbiguousHeader) -> EdgeError {
    EdgeError::Site(error.into())
}

fn dialect(_: &HttpRequest, _: &Method, answer: Answer) -> HttpResponse {
    match answer {
        Answer::Allow(permit) => allow(&permit),
        Answer::GoTo { location, login_url, reason } => unauthorized(&login_url, Some(&location), reason),
        Answer::Forbidden { page, reason } => forbidden(&page, reason),
        // nginx makes a 500 of any other status; the reason says that it is worth asking again.
        Answer::Checking { login_url, reason } => unauthorized(&login_url, None, reason),
    }
}
