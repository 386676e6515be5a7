//! The tenant as a WS-Federation 1.2 passive issuer. Its entity id and its endpoint are both `{issuer}/wsfed`.

use actix_web::http::Method;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::courier::Courier;
use super::gate::Here;
use super::pages;
use crate::issuer::params::Params;

pub(super) mod defects;
pub(super) mod metadata;
mod misplacement;
pub(super) mod relying_parties;
pub(super) mod sign_in;
mod sign_out;
mod token;
pub(super) mod token_policy;

/// The entity id, and where browsers go.
pub(super) fn endpoint(issuer: &str) -> String {
    format!("{issuer}/wsfed")
}

/// `GET` or `POST /{tenant}/wsfed`.
pub(super) async fn passive(
    req: HttpRequest,
    tenant: Here,
    body: Bytes,
    courier: Data<Courier>,
) -> HttpResponse {
    let query = if req.method() == Method::POST { &body } else { req.query_string().as_bytes() };
    let params = Params::parse(query);
    match params.get("wa") {
        Some("wsignin1.0") => sign_in::ask(&req, &tenant, query),
        Some("wsignout1.0") => sign_out::sign_out(&req, &tenant, &params, &courier).await,
        Some("wsignoutcleanup1.0") => sign_out::clean_up(&req, &tenant, &courier).await,
        _ => pages::bad_request("wa is wsignin1.0, wsignout1.0 or wsignoutcleanup1.0").into_response(),
    }
}
