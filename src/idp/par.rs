//! Pushed authorization request endpoint (RFC 9126).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use url::form_urlencoded;

use super::gate::Here;
use super::tenant::Tenant;
use super::token::{client_of, refuse};
use crate::issuer::authorization_request::{AuthorizationRequest, Refusal};
use crate::issuer::error::{ErrorCode, OAuthError};
use crate::issuer::params::Params;
use crate::issuer::pushed_requests::LIFETIME;

/// What proves the client is no part of the request.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// `POST /{tenant}/par`.
pub(super) async fn push(req: HttpRequest, tenant: Here, body: Bytes) -> HttpResponse {
    if !tenant.lock().0.pushed_policy.offered {
        return HttpResponse::NotFound().json(json!({ "error": "not_found" }));
    }
    match keep(&req, &tenant, &body) {
        Ok(name) => HttpResponse::Created()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({ "request_uri": name, "expires_in": LIFETIME.as_secs() })),
        Err(error) => refuse(&error),
    }
}

fn keep(req: &HttpRequest, tenant: &Tenant, body: &[u8]) -> Result<String, OAuthError> {
    let params = Params::parse(body);
    let client_id = client_of(req, tenant, &params)?;
    if params.get("client_id") != Some(&client_id) {
        return Err(OAuthError::invalid_request(
            "client_id is missing, or not the client that authenticated",
        ));
    }
    let (mut state, now) = tenant.lock();
    let may_redirect = |client: &str, uri: &str| state.clients.may_redirect(client, uri);
    AuthorizationRequest::parse(&params, may_redirect).map_err(|refusal| match refusal {
        Refusal::Here(why) => OAuthError::invalid_request(why),
        Refusal::ToClient(_, error) => error,
    })?;
    let kept = form_urlencoded::parse(body).filter(|(name, _)| !CREDENTIALS.contains(&name.as_ref()));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    let full = OAuthError::new(ErrorCode::TemporarilyUnavailable, "too many requests are waiting");
    state.pushed.push(&client_id, query, now).ok_or(full)
}
