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
}

async fn set(req: HttpRequest, tenant: Target, path: Path, body: Bytes) -> Answer {
    let body: ClientBody = read(&req, &body)?;
    let proof = proof(&body)?;
    check("redirect_uris", &body.redirect_uris)?;
    check("post_logout_redirect_uris", &body.post_logout_redirect_uris)?;
    let (mut state, _) = tenant.0.lock();
    if state.clients.registered.len() >= MOST && !state.clients.registered.contains_key(&path.1) {
        return Err(ControlError::new(StatusCode::BAD_REQUEST, "there are 1000 clients already"));
    }
    let ClientBody { redirect_uris, post_logout_redirect_uris, .. } = body;
    state
        .clients
        .registered
        .insert(path.1.clone(), Client { proof, redirect_uris, post_logout_redirect_uris });
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

/// An absolute `http` or `https` URL without a fragment (RFC 6749 section 3.1.2).
fn check(field: &str, uris: &[String]) -> Result<(), ControlError> {
    for (at, uri) in uris.iter().enumerate() {
        let good = Url::parse(uri).is_ok_and(|url| {
            ["http", "https"].contains(&url.scheme()) && url.fragment().is_none() && url.has_host()
        });
        if !good || !uri.bytes().all(|b| b.is_ascii_graphic()) {
            let message = "a redirect URI is an absolute http or https URL without a fragment";
            return Err(ControlError::field(format!("{field}[{at}]"), message));
        }
    }
    Ok(())
}

async fn show(tenant: Target, path: Path) -> Answer {
    let (state, _) = tenant.0.lock();
    let client = state.clients.registered.get(&path.1).ok_or_else(|| unknown(&path.1))?;
    let mut shown = json!({
        "client_id": path.1,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
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
