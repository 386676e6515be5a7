//! `/_hourgate/signout`: GET asks, a POST from the same origin acts.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

use super::error::EdgeError;
use super::page::{Message, Page, SignOut, see_other};
use super::{Edge, cookie, paths, same_origin};
use crate::journeys::check::{Usage, check};
use crate::journeys::cookies::NonceCookie;
use crate::journeys::credentials_mark::CredentialsMark;
use crate::journeys::sign_out::{finish_later, sign_out};
use crate::journeys::sign_out_state::SignOutState;
use crate::policy::facts::Standing;
use crate::time::Timestamp;

/// `GET /_hourgate/signout`
pub async fn ask(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    let presented = cookie::presented(&request, &site, &edge.services.keys);
    let checked =
        check(&edge.services, &site.environment, &presented, Usage::Peek, edge.services.now()).await?;
    let Standing::Live(session) = checked.facts.standing else {
        return Ok(see_other(&paths::signed_out(&site.origin), []));
    };
    let page = SignOut {
        label: session.identity.label().to_owned(),
        action: paths::sign_out(&site.origin),
        stay: format!("{}/", site.origin),
    };
    Ok(Page::new(StatusCode::OK, &page).into_response())
}

/// `POST /_hourgate/signout`
pub async fn act(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    same_origin::required(&request, &site)?;
    let presented = cookie::presented(&request, &site, &edge.services.keys);
    let (now, after) = (edge.services.now(), paths::signed_out(&site.origin));
    let browser = presented.nonce.as_ref().map(NonceCookie::browser);
    let cookies = |authenticated_at: Option<Timestamp>| {
        let mark = browser.map(|browser| CredentialsMark { browser, signed_out: true, authenticated_at });
        let mark = mark.map(|mark| cookie::credentials(&site, &mark, &edge.services.keys, now));
        std::iter::once(cookie::no_session(&site)).chain(mark).collect::<Vec<_>>()
    };
    let Some(id) = presented.session.id() else {
        return Ok(leave(&request, &after, cookies(None)));
    };
    let scope = site.environment.sign_out_scope;
    match sign_out(&edge.services, id, scope, &site.origin, &after, now).await {
        Ok(signed_out) => {
            let next = signed_out.idp.map_or(after, String::from);
            Ok(leave(&request, &next, cookies(signed_out.authenticated_at)))
        }
        // The person wanted to be signed out of this browser: that much is done whatever the store says (LOG-01).
        Err(error) => {
            finish_later(&edge.services, id.clone(), scope, site.origin.clone());
            let mut response = EdgeError::SignOutUnfinished(error).error_response();
            for cookie in cookies(None) {
                // A Set-Cookie of our own making is always a valid header.
                let _ = response.add_cookie(&cookie);
            }
            Ok(response)
        }
    }
}

/// A form is redirected; the page script is told where to go, for an app's own policy may forbid forms to lead elsewhere.
fn leave(request: &HttpRequest, next: &str, cookies: Vec<Cookie<'static>>) -> HttpResponse {
    let wants_json = request.headers().get(ACCEPT).is_some_and(|accept| accept == "application/json");
    if !wants_json {
        return see_other(next, cookies);
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    for cookie in cookies {
        response.cookie(cookie);
    }
    response.json(json!({ "location": next }))
}

/// `GET /_hourgate/signed-out`: the session has ended before anybody comes here. What the `state` decides is only whether
/// to say that the IdP was there too; a wrong one, or none, is no error (LOG-03).
pub async fn done(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    let nonce = cookie::presented(&request, &site, &edge.services.keys).nonce;
    let came_by_idp = state(request.query_string()).is_some_and(|state| {
        let good = SignOutState::is_good(
            &state,
            nonce.as_ref(),
            &site.origin,
            &edge.services.keys,
            edge.services.now(),
        );
        if !good {
            tracing::info!(environment = %site.environment.id, "sign_out_state_refused");
        }
        good
    });
    let message = Message {
        title: "You are signed out",
        sentence: if came_by_idp {
            "Your session has ended, here and at your organisation's sign-in service. You can close this window."
        } else {
            "Your session has ended. You can close this window."
        },
        code: "signed_out",
        reference: None,
        action: Some(("Sign in again", format!("{}/", site.origin))),
        retry_after_secs: None,
    };
    Ok(Page::message(StatusCode::OK, message).into_response())
}

/// The one `state` of a query; given twice, none.
fn state(query: &str) -> Option<String> {
    let mut states = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
    let only = states.next()?.1.into_owned();
    states.next().is_none().then_some(only)
}
