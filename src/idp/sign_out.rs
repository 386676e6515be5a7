//! End-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::courier::Courier;
use super::gate::Here;
use super::logout::{self, Notice};
use super::pages::{self, Page};
use super::sign_in::{COOKIE, session_cookie};
use super::tenant::{State, Tenant};
use crate::issuer::jws::{self, Object};
use crate::issuer::params::Params;

/// `GET` or `POST /{tenant}/end_session`.
///
/// With a valid `id_token_hint` (an expired one is valid too) the session of its `sid` and the browser's own end at
/// once; without, the person is asked, because any page could have sent them here. Ends no refresh token. The clients of
/// the sessions have been told by the back channel when the browser goes on; where one wants to be told by way of the
/// browser, it gets a page with their iframes first.
pub(super) async fn end_session(
    req: HttpRequest,
    tenant: Here,
    body: Bytes,
    courier: Data<Courier>,
) -> HttpResponse {
    let over = match end(&req, &tenant, &body) {
        Ok(over) => over,
        Err(page) => return page.into_response(),
    };
    logout::deliver(&tenant, &courier, over.notices).await;
    let mut forgotten = session_cookie(&tenant, String::new());
    forgotten.make_removal();
    let page = match over.target {
        Some(location) if over.frames.is_empty() => {
            return HttpResponse::SeeOther().insert_header((LOCATION, location)).cookie(forgotten).finish();
        }
        None if over.frames.is_empty() => pages::signed_out(),
        target => pages::signing_out(over.frames, target.as_deref()),
    };
    let mut response = page.into_response();
    if response.add_cookie(&forgotten).is_err() {
        return HttpResponse::InternalServerError().finish();
    }
    response
}

/// Sessions that are over.
struct Over {
    notices: Vec<Notice>,
    frames: Vec<Url>,
    /// Where the browser goes now.
    target: Option<String>,
}

fn end(req: &HttpRequest, tenant: &Tenant, body: &Bytes) -> Result<Over, Page> {
    let params = if req.method() == Method::POST {
        Params::parse(body)
    } else {
        Params::parse(req.query_string().as_bytes())
    };
    let (mut state, now) = tenant.lock();
    let hint = match params.get("id_token_hint").map(|token| jws::verify(&state.keys, token)) {
        Some(None) => return Err(pages::bad_request("id_token_hint is not an ID token of this issuer")),
        Some(Some(claims)) => Some(claims),
        None => None,
    };
    let confirmed = req.method() == Method::POST && params.get("confirm").is_some();
    if hint.is_none() && !confirmed {
        return Err(pages::confirm_sign_out());
    }
    let target = return_address(&state, &params, hint.as_ref()).map_err(pages::bad_request)?;
    let named = hint.as_ref().and_then(|claims| text(claims, "sid")).and_then(|sid| state.sso.end_sid(sid));
    let own = req.cookie(COOKIE).and_then(|cookie| state.sso.end(cookie.value()));
    let ended: Vec<_> = named.into_iter().chain(own).collect();
    let notices = ended.iter().flat_map(|session| logout::notices(&state, &tenant.issuer, session, now));
    let frames = ended.iter().flat_map(|session| logout::frames(&state, &tenant.issuer, session));
    Ok(Over { notices: notices.collect(), frames: frames.collect(), target })
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
