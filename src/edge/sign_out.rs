//! `/_hourgate/signout`: GET asks, a POST from the same origin acts.

use actix_web::http::StatusCode;
use actix_web::http::header::ORIGIN;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::error::EdgeError;
use super::page::{Message, Page, SignOut, see_other};
use super::site::Site;
use super::{Edge, cookie, paths};
use crate::journeys::check::{Usage, check};
use crate::journeys::sign_out::sign_out;
use crate::policy::facts::Standing;

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
    if !is_same_origin(&request, &site) {
        return Err(EdgeError::CrossSite);
    }
    let presented = cookie::presented(&request, &site, &edge.services.keys);
    let after = paths::signed_out(&site.origin);
    let Some(id) = presented.session.id() else {
        return Ok(see_other(&after, [cookie::no_session(&site)]));
    };
    match sign_out(&edge.services, id, &after, edge.services.now()).await {
        Ok(signed_out) => {
            let next = signed_out.idp.map_or(after, String::from);
            Ok(see_other(&next, [cookie::no_session(&site)]))
        }
        // The person wanted to be signed out of this browser: that much is done whatever the store says (LOG-01).
        Err(error) => {
            let mut response = EdgeError::from(error).error_response();
            // A Set-Cookie of our own making is always a valid header.
            let _ = response.add_cookie(&cookie::no_session(&site));
            Ok(response)
        }
    }
}

/// `GET /_hourgate/signed-out`
pub async fn done(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    let message = Message {
        title: "You are signed out",
        sentence: "Your session has ended. You can close this window.",
        code: "signed_out",
        reference: None,
        action: Some(("Sign in again", format!("{}/", site.origin))),
        retry_after_secs: None,
    };
    Ok(Page::message(StatusCode::OK, message).into_response())
}

/// Browsers say where a form comes from. One that does not is not believed (LOG-02).
fn is_same_origin(request: &HttpRequest, site: &Site) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => header(ORIGIN.as_str()) == Some(&site.origin.to_string()),
    }
}
