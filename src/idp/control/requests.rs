//! The journal, and what must be in nobody else's.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

use super::super::endpoint::Endpoint;
use super::{Answer, ControlError, Target, done};
use crate::issuer::params::Params;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/requests", web::get().to(show))
        .route("/requests", web::delete().to(clear))
        .route("/secrets", web::post().to(keep_secrets))
        .route("/secrets", web::get().to(show_secrets));
}

async fn show(req: HttpRequest, tenant: Target) -> Answer {
    let params = Params::parse(req.query_string().as_bytes());
    let endpoint = match params.get("endpoint") {
        None => None,
        Some(name) => {
            let name: StrDeserializer<'_, ValueError> = name.into_deserializer();
            let found = Endpoint::deserialize(name);
            Some(found.map_err(|error| ControlError::field("endpoint", error.to_string()))?)
        }
    };
    let after = params.get("after").map_or(Ok(0), str::parse);
    let after = after.map_err(|_| ControlError::field("after", "a request's number is expected"))?;
    Ok(HttpResponse::Ok().json(tenant.0.lock().0.journal.entries(endpoint, after)))
}

async fn clear(tenant: Target) -> HttpResponse {
    tenant.0.lock().0.journal.clear();
    done()
}

async fn keep_secrets(tenant: Target) -> HttpResponse {
    tenant.0.lock().0.secrets.begin();
    done()
}

async fn show_secrets(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(tenant.0.lock().0.secrets.kept())
}
