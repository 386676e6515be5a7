//! The management listener: health and metrics. It has an address of its own, so that no path or header of the public one
//! can pass for a health check (PXY-07).

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, ServiceConfig};
use tokio::time::timeout;

use super::Edge;

const READY_WITHIN: Duration = Duration::from_millis(500);

/// The routes of the management listener.
pub fn management(edge: Data<Edge>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(edge)
            .route("/livez", web::get().to(livez))
            .route("/healthz", web::get().to(livez))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
            .default_service(web::to(HttpResponse::NotFound));
    }
}

/// The process answers. It depends on nothing else: a restart mends no store and no IdP.
async fn livez() -> &'static str {
    "ok\n"
}

/// The store answers. IdPs do not count: sessions are served while they are away. But one that is a test IdP is a mistake
/// that nobody should learn of from users (OPS-13).
async fn readyz(edge: Data<Edge>) -> HttpResponse {
    let refused = edge.services.providers.iter().find_map(|(id, provider)| Some((id, provider.refusal()?)));
    if let Some((id, why)) = refused {
        return HttpResponse::ServiceUnavailable().body(format!("not ready: provider {id}: {why}\n"));
    }
    match timeout(READY_WITHIN, edge.services.sessions.store().ping()).await {
        Ok(Ok(())) => HttpResponse::Ok().body("ready\n"),
        Ok(Err(error)) => HttpResponse::ServiceUnavailable().body(format!("not ready: {error}\n")),
        Err(_) => HttpResponse::ServiceUnavailable().body("not ready: the session store does not answer\n"),
    }
}

async fn metrics(edge: Data<Edge>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        .body(edge.services.metrics.render())
}
