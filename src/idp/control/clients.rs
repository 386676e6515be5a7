//! Registered clients. Secrets go in and never come out.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Answer, ControlError, Target, done, read};
use crate::issuer::client::{Client, Registered};
use crate::issuer::client_assertion::ClientKeys;

/// How many clients a tenant holds.
const MOST: usize = 1000;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/clients/{client_id}", web::get().to(show))
        .route("/clients/{client_id}", web::put().to(set))
        .route("/clients/{client_id}", web::delete().to(delete));
}

type Path = web::Path<(String, String)>;

fn unknown(client_id: &str) -> ControlError {
    ControlError::new(StatusCode::NOT_FOUND, format!("there is no client {client_id:?}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientBody {
    secret: Option<SecretString>,
    jwks: Option<Value>,
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    frontchannel_logout_uri: Option<String>,
    #[serde(default)]
    frontchannel_logout_session_required: bool,
}

async fn set(req: HttpRequest, tenant: Target, path: Path, body: Bytes) -> Answer {
    let body: ClientBody = read(&req, &body)?;
    let proof = proof(&body)?;
    check("redirect_uris", &body.redirect_uris)?;
    check("post_logout_redirect_uris", &body.post_logout_redirect_uris)?;
    body.backchannel_logout_uri.as_ref().map_or(Ok(()), |uri| check_one("backchannel_logout_uri", uri))?;
    body.frontchannel_logout_uri.as_ref().map_or(Ok(()), |uri| check_one("frontchannel_logout_uri", uri))?;
    let (mut state, _) = tenant.0.lock();
    if state.clients.registered.len() >= MOST && !state.clients.registered.contains_key(&path.1) {
        return Err(ControlError::new(StatusCode::BAD_REQUEST, "there are 1000 clients already"));
    }
    let client = Client {
        proof,
        redirect_uris: body.redirect_uris,
        post_logout_redirect_uris: body.post_logout_redirect_uris,
        backchannel_logout_uri: body.backchannel_logout_uri,
        frontchannel_logout_uri: body.frontchannel_logout_uri,
        frontchannel_logout_session_required: body.frontchannel_logout_session_required,
    };
    state.clients.registered.insert(path.1.clone(), client);
    Ok(done())
}

/// Exactly one of the two.
fn proof(body: &ClientBody) -> Result<Registered, ControlError> {
    match (&body.secret, &body.jwks) {
        (Some(secret), None) if secret.expose_secret().is_empty() => {
            Err(ControlError::field("secret", "a secret is not empty"))
        }
        (Some(secret), None) => Ok(Registered::Secret(secret.clone())),
        (None, Some(jwks)) => match ClientKeys::read(jwks) {
            Ok(keys) => Ok(Registered::Keys(keys)),
            Err(error) => Err(ControlError::field("jwks", error.to_string())),
        },
        _ => Err(ControlError::field("secret", "a client has either a secret or a jwks")),
    }
}

fn check(field: &str, uris: &[String]) -> Result<(), ControlError> {
    uris.iter().enumerate().try_for_each(|(at, uri)| check_one(&format!("{field}[{at}]"), uri))
}

/// An absolute `http` or `https` URL without a fragment (RFC 6749 section 3.1.2).
pub(super) fn check_one(field: &str, uri: &str) -> Result<(), ControlError> {
    let good = Url::parse(uri).is_ok_and(|url| {
        ["http", "https"].contains(&url.scheme()) && url.fragment().is_none() && url.has_host()
    });
    if good && uri.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ControlError::field(field, "this is an absolute http or https URL without a fragment"))
    }
}

async fn show(tenant: Target, path: Path) -> Answer {
    let (state, _) = tenant.0.lock();
    let client = state.clients.registered.get(&path.1).ok_or_else(|| unknown(&path.1))?;
    let mut shown = json!({
        "client_id": path.1,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required,
    });
    if let Registered::Keys(keys) = &client.proof {
        shown["jwks"] = keys.to_json();
    }
    Ok(HttpResponse::Ok().json(shown))
}

async fn delete(tenant: Target, path: Path) -> Answer {
    let (mut state, _) = tenant.0.lock();
    state.clients.registered.remove(&path.1).ok_or_else(|| unknown(&path.1))?;
    Ok(done())
}
