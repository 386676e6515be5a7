//! Key rotation and the clock.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::super::span::Span;
use super::super::tenant::ClockMove;
use super::{Answer, ControlError, Target, read};
use crate::issuer::keys::{Algorithm, SigningKey};
use crate::time::Timestamp;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/clock", web::get().to(show_clock))
        .route("/clock", web::post().to(move_clock))
        .route("/keys/announce", web::post().to(announce))
        .route("/keys/rotate", web::post().to(rotate));
}

fn shown(now: Timestamp) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "now": now.to_string() }))
}

async fn show_clock(tenant: Target) -> HttpResponse {
    shown(tenant.0.lock().1)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    set: Option<String>,
    advance: Option<Span>,
    real: Option<bool>,
}

async fn move_clock(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let to = match read(&req, &body)? {
        ClockBody { set: Some(at), advance: None, real: None } => {
            let at: jiff::Timestamp =
                at.parse().map_err(|error: jiff::Error| ControlError::field("set", error.to_string()))?;
            ClockMove::Set(Timestamp::from_millis(at.as_millisecond()))
        }
        ClockBody { set: None, advance: Some(span), real: None } => ClockMove::Advance(span.0),
        ClockBody { set: None, advance: None, real: Some(true) } => ClockMove::Real,
        _ => {
            let message = "exactly one of set, advance and \"real\":true moves the clock";
            return Err(ControlError::new(StatusCode::BAD_REQUEST, message));
        }
    };
    Ok(shown(tenant.0.move_clock(to)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateBody {
    #[serde(default = "yes")]
    overlap: bool,
    alg: Option<Algorithm>,
}

const fn yes() -> bool {
    true
}

async fn rotate(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let RotateBody { overlap, alg } = read(&req, &body)?;
    let announced = tenant.0.lock().0.keys.take_announced().filter(|_| alg.is_none());
    let key = match announced {
        Some(key) => key,
        None => made(alg.unwrap_or_default()).await?,
    };
    let kid = key.kid().to_owned();
    tenant.0.lock().0.keys.rotate(key, overlap);
    Ok(HttpResponse::Ok().json(json!({ "kid": kid })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnnounceBody {
    #[serde(default)]
    alg: Algorithm,
}

async fn announce(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let AnnounceBody { alg } = read(&req, &body)?;
    let key = made(alg).await?;
    let kid = key.kid().to_owned();
    tenant.0.lock().0.keys.announce(key);
    Ok(HttpResponse::Ok().json(json!({ "kid": kid })))
}

/// Off the thread that answers: some keys take a while.
async fn made(algorithm: Algorithm) -> Result<SigningKey, ControlError> {
    let failed = |error: &dyn std::error::Error| {
        ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    let key = web::block(move || SigningKey::generate(algorithm)).await.map_err(|error| failed(&error))?;
    key.map_err(|error| failed(&error))
}
