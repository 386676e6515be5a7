//! Discovery document and key set.

use actix_web::http::header::{CACHE_CONTROL, HOST};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::defects::WRONG_ISSUER;
use super::endpoint::Endpoint;
use super::fault_mode::Stage;
use super::gate::Here;
use super::tenants::Tenants;
use crate::issuer::discovery::{self, Pushed};

/// The metadata member that is true of a test IdP and of nothing else, for a gateway that wants no such issuer.
const TEST_IDP: &str = "hourgate_test_idp";

/// `GET /{tenant}/.well-known/openid-configuration`.
pub(super) async fn document(
    req: HttpRequest,
    tenant: Here,
    tenants: web::Data<Tenants>,
    name: web::Path<String>,
) -> HttpResponse {
    let host = req.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(addresses) = tenants.addresses(&name, host) else {
        return HttpResponse::BadRequest().json(json!({ "error": "the Host header is not a host" }));
    };
    let policy = tenant.lock().0.pushed_policy;
    let pushed = policy.offered.then_some(Pushed { required: policy.required });
    let mut document = discovery::document(&addresses, pushed);
    document[TEST_IDP] = true.into();
    // The only fault of this stage that suits discovery is a wrong issuer.
    if tenant.lock().0.faults.take(Endpoint::Discovery, Stage::Token, None).is_some() {
        document["issuer"] = WRONG_ISSUER.into();
    }
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).json(document)
}

/// `GET /{tenant}/jwks`.
pub(super) async fn keys(tenant: Here) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).json(tenant.lock().0.keys.jwks())
}
