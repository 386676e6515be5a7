//! What tokens say, how long they live, and what a refresh does to them.

use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::super::settings::{LifetimeChange, PolicyCheckInterval, TokensPolicyChange};
use super::{Answer, ControlError, Target, read};
use crate::issuer::id_token::PROTOCOL_CLAIMS;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/lifetimes", web::get().to(show_lifetimes))
        .route("/lifetimes", web::put().to(set_lifetimes))
        .route("/tokens-policy", web::get().to(show_policy))
        .route("/tokens-policy", web::put().to(set_policy))
        .route("/pci", web::get().to(show_interval))
        .route("/pci", web::put().to(set_interval));
}

async fn show_lifetimes(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(&tenant.0.lock().0.lifetimes)
}

async fn set_lifetimes(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let change: LifetimeChange = read(&req, &body)?;
    let (mut state, _) = tenant.0.lock();
    change.apply(&mut state.lifetimes)?;
    Ok(HttpResponse::Ok().json(&state.lifetimes))
}

async fn show_policy(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(&tenant.0.lock().0.tokens_policy)
}

async fn set_policy(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let change: TokensPolicyChange = read(&req, &body)?;
    let (mut state, _) = tenant.0.lock();
    change.apply(&mut state.tokens_policy)?;
    Ok(HttpResponse::Ok().json(&state.tokens_policy))
}

async fn show_interval(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(&tenant.0.lock().0.policy_check_interval)
}

async fn set_interval(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let interval: Option<PolicyCheckInterval> = read(&req, &body)?;
    if interval.as_ref().is_some_and(|interval| PROTOCOL_CLAIMS.contains(&interval.claim.as_str())) {
        return Err(ControlError::field("claim", "the protocol fills this claim in"));
    }
    let (mut state, _) = tenant.0.lock();
    state.policy_check_interval = interval;
    Ok(HttpResponse::Ok().json(&state.policy_check_interval))
}
