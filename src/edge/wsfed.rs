//! `/_hourgate/wsfed/{idp}`: what a WS-Federation IdP says by way of the browser. It posts its tokens here, and puts the address
//! into an iframe or an image of its sign-out page.

use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::callback::Callback;
use super::error::EdgeError;
use super::frontchannel_logout::page;
use super::limits::LARGEST_TOKEN_FORM;
use super::{Edge, cookie, form};
use crate::journeys::idp_logout::clean_up;
use crate::journeys::sign_in::{Answer, SignInError, refused};
use crate::oidc::authorization::ResponseError;
use crate::wsfed::sign_out::is_clean_up;

/// `POST /_hourgate/wsfed/{idp}`: a sign-in response.
pub async fn signed_in(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
    body: Payload,
) -> Result<HttpResponse, EdgeError> {
    let callback = Callback::of_post(&request, &edge, &idp)?;
    expects_a_token(&edge, &callback)?;
    // Nobody waits: the browser, or whoever it is, is told to come again.
    let _place = edge.token_forms.try_acquire().map_err(|_| EdgeError::TooMany { retry_after_secs: 1 })?;
    let form = form::read(&request, body, LARGEST_TOKEN_FORM as usize).await?;
    callback.complete(&request, &edge, Answer::WsFederation { form: &form }).await
}

/// So much is read only for an IdP that sends it, and of a browser that has begun a sign-in.
fn expects_a_token(edge: &Edge, callback: &Callback) -> Result<(), EdgeError> {
    let Callback { site, provider, presented } = callback;
    if edge.services.providers.get(provider).is_none_or(|provider| provider.ws_federation().is_none()) {
        return Err(SignInError::from(ResponseError::WrongMode).into());
    }
    let binds = edge.services.settings_for_sign_in(&site.environment).nonce_cookie;
    if binds && presented.nonce.is_none() {
        let error = SignInError::OtherBrowser;
        refused(&edge.services, &site.environment, provider, &error);
        return Err(error.into());
    }
    Ok(())
}

/// `GET /_hourgate/wsfed/{idp}?wa=wsignoutcleanup1.0`: the IdP says that its session is over. `wreply` is not followed.
///
/// Nobody proves anything here, and anybody can make a browser ask for this: it ends the session that this very browser has from
/// this IdP, and its others of the same credentials, and no more. The session cookie does not come along from another site; the
/// cookie that does opens nothing.
pub async fn signed_out(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
) -> Result<HttpResponse, EdgeError> {
    let provider = edge.services.providers.get(idp.as_str()).ok_or(EdgeError::NotFound)?;
    if provider.ws_federation().is_none() {
        return Err(EdgeError::NotFound);
    }
    if !is_clean_up(request.query_string()) {
        // A token in an address would stand in logs and histories.
        return Ok(HttpResponse::build(StatusCode::METHOD_NOT_ALLOWED)
            .insert_header((ALLOW, "POST"))
            .body("A sign-in response is taken by POST only.\n"));
    }
    let mut response = page(provider);
    // On a host that is none of ours there are no cookies, and nothing to end.
    if let Ok(site) = edge.site(&request) {
        let presented = cookie::presented(&request, &site, &edge.services.keys);
        let mark = cookie::clean_up_mark(&request, &site, presented.nonce.as_ref(), &edge.services.keys);
        if let Some(mark) = mark {
            clean_up(&edge.services, provider, mark, edge.services.now()).await?;
            // A Set-Cookie of our own making is always a valid header.
            let _ = response.add_cookie(&cookie::no_clean_up(&site));
        }
    }
    Ok(response)
}
