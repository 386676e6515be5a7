//! `/_hourgate/jwks.json`: the public keys that the gateway proves itself to IdPs with, for the IdPs to fetch (RFC 7517).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::Edge;
use super::error::EdgeError;
use crate::provider::settings::ClientAuthentication;

/// `GET /_hourgate/jwks.json`: of all IdPs of the environment; empty where none is proved to by a key.
pub async fn jwks(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    let mut keys: Vec<&Value> = Vec::new();
    for provider in site.environment.providers.iter().filter_map(|id| edge.services.providers.get(id)) {
        let authentication = provider.oidc().map(|provider| &provider.settings().client_authentication);
        if let Some(ClientAuthentication::PrivateKeyJwt(client)) = authentication {
            for key in client.published() {
                // One file may serve several IdPs.
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
    }
    let response = HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .insert_header(("x-content-type-options", "nosniff"))
        .json(json!({ "keys": keys }));
    Ok(response)
}
