//! The federation metadata document of a tenant.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use super::super::defects::WRONG_ISSUER;
use super::super::endpoint::Endpoint;
use super::super::fault_mode::{Mode, Stage};
use super::super::gate::Here;
use super::super::pages;
use super::super::tenant::Tenant;
use super::defects::{self, DOCTYPE, SamlDefect};
use super::endpoint;
use super::token_policy::CLAIMS;
use crate::issuer::assertion::Assertion;
use crate::issuer::federation_metadata::FederationMetadata;
use crate::issuer::keys::{KeyError, SigningKey};

/// Where it is, below the tenant.
pub(in super::super) const PATH: &str = "/FederationMetadata/2007-06/FederationMetadata.xml";
/// How long a document is that is too long: ten times what any real one is, and more.
const OVERSIZE: usize = 8 << 20;

/// `GET /{tenant}/FederationMetadata/2007-06/FederationMetadata.xml`.
pub(in super::super) async fn document(tenant: Here) -> HttpResponse {
    match written(&tenant) {
        Ok(document) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-cache"))
            .content_type("application/samlmetadata+xml")
            .body(document),
        Err(error) => pages::out_of_order(&error.to_string()).into_response(),
    }
}

fn written(tenant: &Tenant) -> Result<String, KeyError> {
    let (mut state, now) = tenant.lock();
    let fault = state.faults.take(Endpoint::FederationMetadata, Stage::Token, None).map(|fault| fault.mode);
    let passive_endpoint = endpoint(&tenant.issuer);
    let certified = |key: &SigningKey| key.certificate(&passive_endpoint, now).map(<[u8]>::to_vec);
    let keys = state.keys.published().map(certified).collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let claims = CLAIMS.map(|(uri, name, _)| (uri, name));
    let id = Assertion::new_id();
    let metadata = FederationMetadata {
        id: &id,
        entity_id: if fault == Some(Mode::WrongEntity) { WRONG_ISSUER } else { &passive_endpoint },
        passive_endpoint: &passive_endpoint,
        display_name: "Test identity provider",
        encryption_certificate: state.encryption_key.certificate(&passive_endpoint, now)?,
        signing_certificates: &keys,
        claims: &claims,
    };
    let defect = fault.and_then(SamlDefect::of);
    let key = state.keys.current();
    let certificate = key.certificate(&passive_endpoint, now)?;
    let signature = defects::signature(key, certificate, &id, &metadata.canonical(), defect)?;
    let document = metadata.to_xml(&signature);
    Ok(match (fault, defect) {
        (_, Some(SamlDefect::Doctype)) => format!("{DOCTYPE}{document}"),
        // No signature covers a comment.
        (Some(Mode::Oversize), _) => format!("{document}<!--{}-->", " ".repeat(OVERSIZE)),
        _ => document,
    })
}
