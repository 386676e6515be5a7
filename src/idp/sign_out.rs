//! End-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::courier::Courier;
use super::endpoint::Endpoint;
use super::fault_mode::{Mode, Stage};
use super::gate::Here;
use super::logout::{self, Notice};
use super::pages::{self, Page};
use super::sign_in::{COOKIE, session_cookie};
use super::sso::SsoSession;
use super::tenant::{State, Tenant};
use crate::issuer::jws::{self, Object};
use crate::issuer::params::Params;
use crate::time::Timestamp;

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
    match end(&req, &tenant, &body) {
        Ok(over) => finish(&tenant, &courier, over).await,
        Err(page) => page.into_response(),
    }
}

/// Tells everyone, and lets the browser go.
pub(super) async fn finish(tenant: &Tenant, courier: &Courier, over: Over) -> HttpResponse {
    logout::deliver(tenant, courier, over.notices).await;
    let mut forgotten = session_cookie(tenant, String::new());
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
pub(super) struct Over {
    notices: Vec<Notice>,
    frames: Vec<Url>,
    /// Where the browser goes now.
    target: Option<String>,
}

impl Over {
    pub(super) fn of(
        state: &State,
        issuer: &str,
        ended: &[SsoSession],
        target: Option<String>,
        now: Timestamp,
    ) -> Self {
        let notices = ended.iter().flat_map(|session| logout::notices(state, issuer, session, now));
        let frames = ended.iter().flat_map(|session| logout::frames(state, issuer, session));
        Self { notices: notices.collect(), frames: frames.collect(), target }
    }
}

/// Ends the session of the browser.
pub(super) fn own_session(req: &HttpRequest, state: &mut State) -> Option<SsoSession> {
    req.cookie(COOKIE).and_then(|cookie| state.sso.end(cookie.value()))
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
    let target = return_address(&mut state, &params, hint.as_ref()).map_err(pages::bad_request)?;
    let named = hint.as_ref().and_then(|claims| text(claims, "sid")).and_then(|sid| state.sso.end_sid(sid));
    let own = own_session(req, &mut state);
    let ended: Vec<_> = named.into_iter().chain(own).collect();
    Ok(Over::of(&state, &tenant.issuer, &ended, target, now))
}

/// Where the browser goes afterwards: only with a hint, only where the hint's client may send it.
fn return_address(
    state: &mut State,
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
    let returned =
        match state.faults.take(Endpoint::EndSession, Stage::Redirect, None).map(|fault| fault.mode) {
            Some(Mode::WrongState) => Some("another"),
            Some(Mode::MissingState) => None,
            _ => params.get("state"),
        };
    query.extend_pairs(returned.map(|value| ("state", value)));
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
