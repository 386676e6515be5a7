//! Ending single sign-on sessions, and logout tokens of every kind.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::super::courier::Courier;
use super::super::logout::{self, Notice};
use super::super::logout_token::{self, Variant};
use super::super::tenant::Tenant;
use super::clients::check_one;
use super::{Answer, ControlError, Target, read};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/sessions", web::get().to(sessions))
        .route("/users/{sub}/sign-out", web::post().to(sign_out))
        .route("/logout-token", web::post().to(send))
        .route("/deliveries", web::get().to(deliveries));
}

async fn sessions(tenant: Target) -> HttpResponse {
    let (state, now) = tenant.0.lock();
    HttpResponse::Ok().json(state.sso.all(now).map(logout::shown).collect::<Vec<_>>())
}

async fn deliveries(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(tenant.0.lock().0.deliveries.all())
}

/// As an admin of the IdP does it: the browser takes no part.
async fn sign_out(tenant: Target, path: web::Path<(String, String)>, courier: Data<Courier>) -> Answer {
    let notices = end_all(&tenant.0, &path.1)?;
    Ok(HttpResponse::Ok().json(logout::deliver(&tenant.0, &courier, notices).await))
}

fn end_all(tenant: &Tenant, subject: &str) -> Result<Vec<Notice>, ControlError> {
    let (mut state, now) = tenant.lock();
    if !state.users.0.contains_key(subject) {
        return Err(ControlError::new(StatusCode::NOT_FOUND, format!("there is no user {subject:?}")));
    }
    let ended = state.sso.end_subject(subject);
    Ok(ended.iter().flat_map(|session| logout::notices(&state, &tenant.issuer, session, now)).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    client_id: String,
    sub: Option<String>,
    sid: Option<String>,
    #[serde(default)]
    variant: Variant,
    /// Instead of the client's own.
    uri: Option<String>,
    #[serde(default = "yes")]
    send: bool,
}

const fn yes() -> bool {
    true
}

/// Ends nothing here: only the token is made, and sent.
async fn send(req: HttpRequest, tenant: Target, body: Bytes, courier: Data<Courier>) -> Answer {
    let body: TokenBody = read(&req, &body)?;
    body.uri.as_ref().map_or(Ok(()), |uri| check_one("uri", uri))?;
    let (notice, send) = prepare(&tenant.0, body)?;
    let token = notice.token.clone();
    let status = if send {
        let delivered = logout::deliver(&tenant.0, &courier, vec![notice]).await;
        delivered.first().and_then(|delivery| delivery.status())
    } else {
        None
    };
    Ok(HttpResponse::Ok().json(json!({ "logout_token": token, "status": status })))
}

fn prepare(tenant: &Tenant, body: TokenBody) -> Result<(Notice, bool), ControlError> {
    let (state, now) = tenant.lock();
    let TokenBody { client_id, sub, sid, variant, uri, send } = body;
    let registered =
        || state.clients.registered.get(&client_id).and_then(|client| client.backchannel_logout_uri.clone());
    let uri = match uri.or_else(registered) {
        Some(uri) => uri,
        None if send => {
            return Err(ControlError::field("uri", "the client has no backchannel_logout_uri; name one"));
        }
        None => String::new(),
    };
    let named = (sub.as_deref(), sid.as_deref());
    let token = logout_token::sign(state.keys.current(), &tenant.issuer, &client_id, named, variant, now);
    let failed = |error| ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}"));
    let token = token.map_err(failed)?;
    Ok((Notice { client_id, subject: sub, sid, uri, token, at: now }, send))
}
