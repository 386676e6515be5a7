//! Federation metadata: where an IdP is, and which keys it signs with.

use std::collections::BTreeSet;

use roxmltree::Node;
use url::Url;

use crate::saml::xml::{self, DSIG};
use crate::saml::{CertificateError, DocumentError, SignatureError, TrustedKeys, canonical, gate, signature};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const FEDERATION: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Where the bundled test IdP says what it is, so that nobody trusts it in earnest (OPS-13).
const TEST_IDP: &str = "urn:hourgate:test-idp";

/// The largest document, in bytes; those of AD FS have 70 KB.
pub const LARGEST: usize = 1024 * 1024;

/// The largest canonical form, in bytes.
const LARGEST_FORM: usize = 4 * LARGEST;

/// What an IdP says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationMetadata {
    /// Its name, the issuer of its tokens.
    pub entity_id: String,
    /// Where browsers are sent to sign in.
    pub sign_in_url: Url,
    /// Where browsers are sent to sign out: the same place.
    pub sign_out_url: Url,
    /// The keys that it signs tokens with.
    pub keys: TrustedKeys,
    /// How many more signing certificates it has, with keys that no token may be signed with.
    pub skipped: usize,
    /// Whether it says that it is the bundled test IdP.
    pub is_test_idp: bool,
}

/// Why metadata is refused; what was known before stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MetadataError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("its token-signing certificates cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    #[error("it is no EntityDescriptor of SAML metadata")]
    Root,
    #[error("it is of another entity than the configured issuer")]
    EntityId,
    #[error("it describes no security token service (RoleDescriptor of type fed:SecurityTokenServiceType)")]
    Role,
    #[error("its RoleDescriptors name their types with more than {} prefixes", signature::MOST_PREFIXES)]
    Prefixes,
    #[error("its PassiveRequestorEndpoint is missing, or is no http(s) address")]
    Endpoint,
    #[error("one of its KeyDescriptors cannot be read")]
    KeyDescriptor,
}

/// Reads federation metadata of `issuer`. A signature that is there must be of one of the keys that the document itself
/// names; with `signed_by` there must be one, of one of those.
///
/// # Errors
///
/// [`MetadataError`].
pub fn parse(
    document: &[u8],
    issuer: &str,
    signed_by: Option<&TrustedKeys>,
) -> Result<FederationMetadata, MetadataError> {
    let text = gate::admit(document, LARGEST)?;
    let document = text.parse()?;
    let entity = document.root_element();
    if !xml::is(entity, METADATA, "EntityDescriptor") {
        return Err(MetadataError::Root);
    }
    let signature = signature::enveloped(entity)?;
    // What is read is the canonical form here, too. Exclusive canonicalization loses the declarations of prefixes that
    // stand in values only, so those of `xsi:type` are kept.
    let canonical = canonical::canonical(entity, signature, &type_prefixes(entity)?, LARGEST_FORM)?;
    let metadata = read(gate::parse(&canonical)?.root_element(), issuer)?;
    if signature.is_some() || signed_by.is_some() {
        signature::verify(entity, "ID", signed_by.unwrap_or(&metadata.keys), false, LARGEST_FORM)?;
    }
    Ok(metadata)
}

fn read(entity: Node<'_, '_>, issuer: &str) -> Result<FederationMetadata, MetadataError> {
    if entity.attribute("entityID") != Some(issuer) {
        return Err(MetadataError::EntityId);
    }
    let services: Vec<_> =
        xml::named(entity, METADATA, "RoleDescriptor").filter(|role| is_token_service(*role)).collect();
    if services.is_empty() {
        return Err(MetadataError::Role);
    }
    let sign_in_url = services.iter().find_map(|role| endpoint(*role)).ok_or(MetadataError::Endpoint)?;
    let certificates: Result<Vec<_>, _> =
        services.iter().flat_map(|role| signing_certificates(*role)).map(xml::binary).collect();
    let certificates = certificates.map_err(|_| MetadataError::KeyDescriptor)?;
    // An IdP may have keys of a new kind beside the one that it signs with.
    let (keys, skipped) = TrustedKeys::usable(certificates)?;
    Ok(FederationMetadata {
        entity_id: issuer.to_owned(),
        sign_out_url: sign_in_url.clone(),
        sign_in_url,
        keys,
        skipped,
        is_test_idp: entity.attribute((TEST_IDP, "TestIdentityProvider")) == Some("true"),
    })
}

/// The prefixes that the types of roles are named with; `""` is the default namespace.
fn type_prefixes<'a, 'input: 'a>(entity: Node<'a, 'input>) -> Result<Vec<&'a str>, MetadataError> {
    let types = xml::elements(entity).filter_map(|role| role.attribute((SCHEMA_INSTANCE, "type")));
    let prefixes: BTreeSet<_> =
        types.map(|name| name.trim_ascii().split_once(':').map_or("", |(prefix, _)| prefix)).collect();
    if prefixes.len() > signature::MOST_PREFIXES {
        return Err(MetadataError::Prefixes);
    }
    Ok(prefixes.into_iter().collect())
}

/// AD FS describes itself twice, as an application and as a token service: only the type tells which is which, and a
/// type is a qualified name, whose prefix anybody may choose.
fn is_token_service(role: Node<'_, '_>) -> bool {
    let name = role.attribute((SCHEMA_INSTANCE, "type")).unwrap_or_default().trim_ascii();
    let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
    local == "SecurityTokenServiceType" && role.lookup_namespace_uri(prefix) == Some(FEDERATION)
}

fn endpoint(role: Node<'_, '_>) -> Option<Url> {
    let reference = xml::named(role, FEDERATION, "PassiveRequestorEndpoint")
        .find_map(|endpoint| xml::named(endpoint, ADDRESSING, "EndpointReference").next())?;
    let address = xml::text(xml::exactly_one(reference, ADDRESSING, "Address").ok()?).ok()?;
    Url::parse(address.trim_ascii()).ok().filter(|url| ["http", "https"].contains(&url.scheme()))
}

/// The certificates of keys for signing, and of keys for nothing in particular (saml-metadata-2.0 section 2.4.1.1).
fn signing_certificates<'a, 'input: 'a>(role: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    xml::named(role, METADATA, "KeyDescriptor")
        .filter(|key| matches!(key.attribute("use"), None | Some("signing")))
        .flat_map(|key| xml::named(key, DSIG, "KeyInfo"))
        .flat_map(|info| xml::named(info, DSIG, "X509Data"))
        .flat_map(|data| xml::named(data, DSIG, "X509Certificate"))
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
