//! People, and who signs in without a page.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::users::User;
use super::{Answer, ControlError, Target, done, read};
use crate::issuer::id_token::PROTOCOL_CLAIMS;
use crate::issuer::jws::Object;

/// How many people a tenant holds.
const MOST: usize = 10_000;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/users", web::get().to(list))
        .route("/users/{sub}", web::get().to(show))
        .route("/users/{sub}", web::put().to(set))
        .route("/users/{sub}", web::delete().to(delete))
        .route("/users/{sub}/disable", web::post().to(disable))
        .route("/users/{sub}/enable", web::post().to(enable))
        .route("/users/{sub}/revoke", web::post().to(revoke))
        .route("/users/{sub}/reset-password", web::post().to(reset_password))
        .route("/auto-login", web::put().to(auto_login));
}

type Path = web::Path<(String, String)>;

fn unknown(subject: &str) -> ControlError {
    ControlError::new(StatusCode::NOT_FOUND, format!("there is no user {subject:?}"))
}

fn shown(subject: &str, user: &User) -> Value {
    json!({ "sub": subject, "claims": user.claims, "disabled": user.disabled })
}

async fn list(tenant: Target) -> HttpResponse {
    let (state, _) = tenant.0.lock();
    HttpResponse::Ok()
        .json(state.users.0.iter().map(|(subject, user)| shown(subject, user)).collect::<Vec<_>>())
}

async fn show(tenant: Target, path: Path) -> Answer {
    let (state, _) = tenant.0.lock();
    let user = state.users.0.get(&path.1).ok_or_else(|| unknown(&path.1))?;
    Ok(HttpResponse::Ok().json(shown(&path.1, user)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserBody {
    #[serde(default)]
    claims: Object,
    #[serde(default)]
    disabled: bool,
}

async fn set(req: HttpRequest, tenant: Target, path: Path, body: Bytes) -> Answer {
    let UserBody { claims, disabled } = read(&req, &body)?;
    if let Some(name) = claims.keys().find(|name| PROTOCOL_CLAIMS.contains(&name.as_str())) {
        return Err(ControlError::field(format!("claims.{name}"), "the protocol fills this claim in"));
    }
    let (mut state, _) = tenant.0.lock();
    if state.users.0.len() >= MOST && !state.users.0.contains_key(&path.1) {
        return Err(ControlError::new(StatusCode::BAD_REQUEST, "there are 10000 users already"));
    }
    state.users.0.insert(path.1.clone(), User { claims, disabled });
    Ok(done())
}

async fn delete(tenant: Target, path: Path) -> Answer {
    let (mut state, _) = tenant.0.lock();
    state.users.0.remove(&path.1).ok_or_else(|| unknown(&path.1))?;
    state.grants.revoke_subject(&path.1);
    state.faults.forget(&path.1);
    Ok(done())
}

async fn disable(tenant: Target, path: Path) -> Answer {
    set_disabled(&tenant, &path.1, true)
}

async fn enable(tenant: Target, path: Path) -> Answer {
    set_disabled(&tenant, &path.1, false)
}

fn set_disabled(tenant: &Target, subject: &str, disabled: bool) -> Answer {
    let (mut state, _) = tenant.0.lock();
    state.users.0.get_mut(subject).ok_or_else(|| unknown(subject))?.disabled = disabled;
    Ok(done())
}

async fn revoke(tenant: Target, path: Path) -> Answer {
    let (mut state, _) = tenant.0.lock();
    if !state.users.0.contains_key(&path.1) {
        return Err(unknown(&path.1));
    }
    let revoked = state.grants.revoke_subject(&path.1);
    Ok(HttpResponse::Ok().json(json!({ "revoked": revoked })))
}

async fn reset_password(tenant: Target, path: Path) -> Answer {
    let (mut state, _) = tenant.0.lock();
    if !state.users.0.contains_key(&path.1) {
        return Err(unknown(&path.1));
    }
    state.sso.end_subject(&path.1);
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AutoLogin {
    user: Option<String>,
}

async fn auto_login(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let AutoLogin { user } = read(&req, &body)?;
    let (mut state, _) = tenant.0.lock();
    if let Some(user) = user.as_ref().filter(|user| !state.users.0.contains_key(*user)) {
        return Err(ControlError::field("user", format!("there is no user {user:?}")));
    }
    state.auto_login = user;
    Ok(done())
}
