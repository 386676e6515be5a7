//! Faults and outages.

use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::super::faults::Fault;
use super::super::outage::{Outage, OutageMode};
use super::super::span::Span;
use super::{Answer, Target, done, read};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/faults", web::get().to(show))
        .route("/faults", web::post().to(add))
        .route("/faults", web::delete().to(clear))
        .route("/release", web::post().to(release))
        .route("/outage", web::post().to(begin_outage))
        .route("/outage", web::delete().to(end_outage));
}

async fn show(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(tenant.0.lock().0.faults.waiting())
}

async fn add(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let fault: Fault = read(&req, &body)?;
    tenant.0.lock().0.faults.add(fault)?;
    Ok(done())
}

async fn clear(tenant: Target) -> HttpResponse {
    tenant.0.lock().0.faults.clear();
    done()
}

async fn release(tenant: Target) -> HttpResponse {
    tenant.0.held.add_permits(1);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageBody {
    #[serde(rename = "for")]
    span: Option<Span>,
    #[serde(default)]
    mode: OutageMode,
}

async fn begin_outage(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let OutageBody { span, mode } = read(&req, &body)?;
    let (mut state, now) = tenant.0.lock();
    state.outage = Some(Outage { mode, until: span.map(|span| now.plus(span.0)) });
    Ok(done())
}

async fn end_outage(tenant: Target) -> HttpResponse {
    tenant.0.lock().0.outage = None;
    done()
}
