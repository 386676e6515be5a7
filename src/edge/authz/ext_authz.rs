//! Envoy `ext_authz` over HTTP, Istio, Gateway API: exactly 200 is a pass. The original request is this one: its method, its
//! `Host`, and its path behind the prefix.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Original, answer, forward_auth};
use crate::edge::Edge;
use crate::edge::error::EdgeError;
use crate::edge::headers::one;
use crate::edge::site::SiteError;

/// `/_hourgate/authz/ext-authz/{path}`
pub async fn ext_authz(request: HttpRequest, edge: Data<Edge>, path: Path<String>) -> HttpResponse {
    // The decoded path only tells that there is one; the address is cut out of the request as it came.
    let original = original(&edge, &request, path.into_inner().is_empty());
    answer(&edge, &request, "ext-authz", original, forward_auth::dialect).await
}

fn original(edge: &Edge, request: &HttpRequest, is_front_page: bool) -> Result<Original, EdgeError> {
    let ambiguous = |error| EdgeError::Site(SiteError::from(error));
    let host = one(request, "host").map_err(ambiguous)?.unwrap_or_default();
    let proto = edge.forwarded(request, "x-forwarded-proto").map_err(ambiguous)?;
    let whole = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let target = match whole.split_once("/authz/ext-authz") {
        Some((_, rest)) if !is_front_page => rest,
        _ => "/",
    };
    Ok(Original {
        site: edge.site_at(host, proto)?,
        method: request.method().clone(),
        target: target.to_owned(),
    })
}
