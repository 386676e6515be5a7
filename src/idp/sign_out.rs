//! End-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use url::form_urlencoded;

use super::gate::Here;
use super::pages;
use super::sign_in::{COOKIE, session_cookie};
use super::tenant::State;
use crate::issuer::jws::{self, Object};
use crate::issuer::params::Params;

/// `GET` or `POST /{tenant}/end_session`.
///
/// With a valid `id_token_hint` (an expired one is valid too) the session of its `sid` and the browser's own end at
/// once; without, the person is asked, because any page could have sent them here. Ends no refresh token.
pub(super) async fn end_session(req: HttpRequest, tenant: Here, body: Bytes) -> HttpResponse {
    let params = if req.method() == Method::POST {
        Params::parse(&body)
    } else {
        Params::parse(req.query_string().as_bytes())
    };
    let (mut state, _) = tenant.lock();
    let hint = match params.get("id_token_hint").map(|token| jws::verify(&state.keys, token)) {
        Some(None) => {
            return pages::bad_request("id_token_hint is not an ID token of this issuer").into_response();
        }
        Some(Some(claims)) => Some(claims),
        None => None,
    };
    let confirmed = req.method() == Method::POST && params.get("confirm").is_some();
    if hint.is_none() && !confirmed {
        return pages::confirm_sign_out().into_response();
    }
    let target = match return_address(&state, &params, hint.as_ref()) {
        Ok(target) => target,
        Err(reason) => return pages::bad_request(reason).into_response(),
    };
    if let Some(sid) = hint.as_ref().and_then(|claims| text(claims, "sid")) {
        state.sso.end_sid(sid);
    }
    if let Some(cookie) = req.cookie(COOKIE).as_ref().map(Cookie::value) {
        state.sso.end(cookie);
    }
    let mut forgotten = session_cookie(&tenant, String::new());
    forgotten.make_removal();
    match target {
        Some(location) => {
            HttpResponse::SeeOther().insert_header((LOCATION, location)).cookie(forgotten).finish()
        }
        None => {
            let mut response = pages::signed_out().into_response();
            if response.add_cookie(&forgotten).is_err() {
                return HttpResponse::InternalServerError().finish();
            }
            response
        }
    }
}

/// Where the browser goes afterwards: only with a hint, only where the hint's client may send it.
fn return_address(
    state: &State,
    params: &Params,
    hint: Option<&Object>,
) -> Result<Option<String>, &'static str> {
    let (Some(uri), Some(hint)) = (params.get("post_logout_redirect_uri"), hint) else { return Ok(None) };
    let client_id = text(hint, "aud").ok_or("id_token_hint names no client")?;
    if params.get("client_id").is_some_and(|named| named != client_id) {
        return Err("client_id is not the one of id_token_hint");
    }
    if !state.clients.may_return_from_sign_out(client_id, uri) {
        return Err("post_logout_redirect_uri is not allowed for this client");
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(params.get("state").map(|value| ("state", value)));
    let query = query.finish();
    let joint = if query.is_empty() {
        ""
    } else if uri.contains('?') {
        "&"
    } else {
        "?"
    };
    Ok(Some(format!("{uri}{joint}{query}")))
}

fn text<'a>(claims: &'a Object, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}
