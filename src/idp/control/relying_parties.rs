//! Relying parties of WS-Federation, and what their tokens look like.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::wsfed::relying_parties::RelyingParty;
use super::super::wsfed::token_policy::PolicyChange;
use super::clients::check_one;
use super::{Answer, ControlError, Target, done, read};
use crate::issuer::xml_encryption::{Cipher, Recipient};

/// How many relying parties a tenant holds.
const MOST: usize = 1000;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/relying-parties/{realm}", web::get().to(show))
        .route("/relying-parties/{realm}", web::put().to(set))
        .route("/relying-parties/{realm}", web::delete().to(delete))
        .route("/wsfed-tokens", web::get().to(show_tokens))
        .route("/wsfed-tokens", web::put().to(set_tokens));
}

type Path = web::Path<(String, String)>;

fn unknown(realm: &str) -> ControlError {
    ControlError::new(StatusCode::NOT_FOUND, format!("there is no relying party {realm:?}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartyBody {
    reply_urls: Vec<String>,
    cleanup_url: Option<String>,
    encryption: Option<EncryptionBody>,
    #[serde(default)]
    tokens: PolicyChange,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncryptionBody {
    certificate: String,
    #[serde(default)]
    cipher: Cipher,
}

async fn set(req: HttpRequest, tenant: Target, path: Path, body: Bytes) -> Answer {
    let PartyBody { reply_urls, cleanup_url, encryption, tokens } = read(&req, &body)?;
    reply_urls.iter().enumerate().try_for_each(|(at, url)| check_one(&format!("reply_urls[{at}]"), url))?;
    cleanup_url.as_ref().map_or(Ok(()), |url| check_one("cleanup_url", url))?;
    let encryption = encryption.map(|EncryptionBody { certificate, cipher }| {
        let recipient = Recipient::from_pem(&certificate);
        let refused =
            |error: &dyn std::error::Error| ControlError::field("encryption.certificate", error.to_string());
        recipient.map(|recipient| (recipient, cipher)).map_err(|error| refused(&error))
    });
    let encryption = encryption.transpose()?;
    tokens.check().map_err(|error| ControlError::field(format!("tokens.{}", error.field), error.message))?;
    let (mut state, _) = tenant.0.lock();
    let parties = &mut state.relying_parties.registered;
    if parties.len() >= MOST && !parties.contains_key(&path.1) {
        return Err(ControlError::new(StatusCode::BAD_REQUEST, "there are 1000 relying parties already"));
    }
    parties.insert(path.1.clone(), RelyingParty { reply_urls, cleanup_url, encryption, tokens });
    Ok(done())
}

async fn show(tenant: Target, path: Path) -> Answer {
    let (state, _) = tenant.0.lock();
    let party = state.relying_parties.registered.get(&path.1).ok_or_else(|| unknown(&path.1))?;
    let encryption = party.encryption.as_ref();
    let encryption = encryption.map_or(
        Value::Null,
        |(recipient, cipher)| json!({ "certificate": recipient.to_pem(), "cipher": cipher }),
    );
    Ok(HttpResponse::Ok().json(json!({
        "realm": path.1,
        "reply_urls": party.reply_urls,
        "cleanup_url": party.cleanup_url,
        "encryption": encryption,
        "tokens": party.tokens,
    })))
}

async fn delete(tenant: Target, path: Path) -> Answer {
    let (mut state, _) = tenant.0.lock();
    state.relying_parties.registered.remove(&path.1).ok_or_else(|| unknown(&path.1))?;
    Ok(done())
}

async fn show_tokens(tenant: Target) -> HttpResponse {
    HttpResponse::Ok().json(&tenant.0.lock().0.relying_parties.tokens)
}

async fn set_tokens(req: HttpRequest, tenant: Target, body: Bytes) -> Answer {
    let change: PolicyChange = read(&req, &body)?;
    change.check()?;
    let (mut state, _) = tenant.0.lock();
    let tokens = change.apply(&state.relying_parties.tokens);
    state.relying_parties.tokens = tokens;
    Ok(HttpResponse::Ok().json(&state.relying_parties.tokens))
}
