//! Userinfo endpoint (OIDC Core section 5.3).

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::defects::{TokenDefect, WRONG_SUBJECT};
use super::endpoint::Endpoint;
use super::fault_mode::{Mode, Stage};
use super::gate::Here;
use crate::issuer::error::{ErrorCode, OAuthError};
use crate::issuer::jws;

/// `GET` or `POST /{tenant}/userinfo`, with the access token as a bearer token.
pub(super) async fn userinfo(req: HttpRequest, tenant: Here) -> HttpResponse {
    let (mut state, now) = tenant.lock();
    let header = req.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let granted = bearer.and_then(|(_, token)| state.grants.access(token.trim(), now));
    let Some((subject, client_id, user)) = granted.and_then(|granted| {
        let user = state.users.active(&granted.subject)?.clone();
        Some((granted.subject.clone(), granted.client_id.clone(), user))
    }) else {
        let error = OAuthError::new(ErrorCode::InvalidToken, "the access token is missing, over or revoked");
        return HttpResponse::Unauthorized()
            .insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
            .json(error.to_json());
    };
    let mut claims = user.claims;
    claims.insert("sub".into(), json!(subject));
    match state.faults.take(Endpoint::Userinfo, Stage::Token, None).map(|fault| fault.mode) {
        Some(Mode::Token(TokenDefect::WrongSub)) => drop(claims.insert("sub".into(), json!(WRONG_SUBJECT))),
        Some(Mode::Token(TokenDefect::MissingSub)) => drop(claims.remove("sub")),
        _ => {}
    }
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if !state.tokens_policy.signed_userinfo {
        return answer.json(claims);
    }
    claims.insert("iss".into(), json!(tenant.issuer));
    claims.insert("aud".into(), json!(client_id));
    match jws::sign(state.keys.current(), &claims) {
        Ok(signed) => answer.content_type("application/jwt").body(signed),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
