//! Whether authorization requests may, or must, be pushed.

use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::super::settings::PushedPolicy;
use super::{Answer, ControlError, Target, read};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/pushed-requests", web::get().to(show)).route("/pushed-requests", web::put().to(set));
}

async fn show(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(&tenant.0.lock().0.pushed_policy)
}

async fn set(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let policy: PushedPolicy = read(&req, &body)?;
    if policy.required && !policy.offered {
        return Err(ControlError::field("required", "what is not offered cannot be required"));
    }
    tenant.0.lock().0.pushed_policy = policy;
    Ok(HttpResponse::Ok().json(policy))
}
