//! Metadata, good and bad. That of real servers is in `tests/saml`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::saml::samples::{ISSUER, PLACE, Signer};
use crate::saml::trusted_keys::MOST_KEYS;

const ROLE: &str = "fed:SecurityTokenServiceType";

fn key(signer: &Signer, kind: &str) -> String {
    descriptor(&signer.certificate, kind)
}

fn descriptor(certificate: &[u8], kind: &str) -> String {
    let certificate = BASE64_STANDARD.encode(certificate);
    format!(
        "<KeyDescriptor{kind}><KeyInfo xmlns=\"{DSIG}\"><X509Data><X509Certificate>\n{certificate}\n</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    )
}

/// Metadata as AD FS writes it: first itself as an application, with an encryption key, then as a token service.
fn document(keys: &str, signature: &str) -> String {
    let other = key(&Signer::p384(), " use=\"encryption\"");
    let role = |kind: &str, keys: &str, address: &str| {
        format!(
            "<RoleDescriptor xsi:type=\"{kind}\" xmlns:xsi=\"{SCHEMA_INSTANCE}\" xmlns:fed=\"{FEDERATION}\">{keys}<fed:PassiveRequestorEndpoint><EndpointReference xmlns=\"{ADDRESSING}\"><Address> {address} </Address></EndpointReference></fed:PassiveRequestorEndpoint></RoleDescriptor>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><EntityDescriptor ID=\"_m\" entityID=\"{ISSUER}\" xmlns=\"{METADATA}\">{signature}{}{}</EntityDescriptor>",
        role("fed:ApplicationServiceType", &other, "https://idp.example.com/application"),
        role(ROLE, &format!("{keys}{other}"), "https://idp.example.com/adfs/ls/"),
    )
}

fn read(document: &str) -> Result<FederationMetadata, MetadataError> {
    parse(document.as_bytes(), ISSUER, None)
}

#[test]
fn wsf_16_old_and_new_key_are_both_taken_and_those_for_encryption_are_not() {
    let (old, new, third) = (Signer::p256(), Signer::p256(), Signer::p256());
    let keys =
        format!("{}{}{}", key(&old, " use=\"signing\""), key(&new, " use=\"signing\""), key(&third, ""));
    let metadata = read(&document(&keys, "")).unwrap();
    let all = [&old, &new, &third].map(|signer| signer.certificate.clone());
    assert_eq!(metadata.keys, TrustedKeys::from_certificates(all).unwrap());
    assert_eq!(metadata.entity_id, ISSUER);
    assert_eq!(metadata.sign_in_url.as_str(), "https://idp.example.com/adfs/ls/");
    assert_eq!(metadata.sign_out_url, metadata.sign_in_url);
    assert!(!metadata.is_test_idp);
}

#[test]
fn wsf_16_a_signature_that_is_there_must_be_of_one_of_the_documents_own_keys() {
    let (own, other) = (Signer::p256(), Signer::p256());
    let unsigned = document(&key(&own, " use=\"signing\""), PLACE);
    let code = |signed: &str, signed_by: Option<&TrustedKeys>| {
        parse(signed.as_bytes(), ISSUER, signed_by).map(|_| ())
    };
    let refused = |error: SignatureError| Err(MetadataError::Signature(error));
    assert_eq!(code(&own.sign(&unsigned), None), Ok(()));
    assert_eq!(code(&other.sign(&unsigned), None), refused(SignatureError::SignatureValue));
    let tampered = own.sign(&unsigned).replace("/adfs/ls/", "/evil/");
    assert_eq!(code(&tampered, None), refused(SignatureError::DigestValue));

    let (pinned, foreign) = (own.keys(), other.keys());
    assert_eq!(code(&own.sign(&unsigned), Some(&pinned)), Ok(()));
    assert_eq!(code(&own.sign(&unsigned), Some(&foreign)), refused(SignatureError::SignatureValue));
    assert_eq!(code(&other.sign(&unsigned), Some(&foreign)), Ok(()));
    assert_eq!(code(&unsigned.replace(PLACE, ""), Some(&pinned)), refused(SignatureError::Unsigned));
    let nested = own.sign(&unsigned).replace("<KeyDescriptor", "<x><Signature/></x><KeyDescriptor");
    assert_eq!(code(&nested, None), refused(SignatureError::SignatureCount));
}

#[test]
fn wsf_16_metadata_of_others_and_of_other_kinds_is_refused() {
    let signer = Signer::p256();
    let good = document(&key(&signer, ""), "").replace(PLACE, "");
    let code = |document: &str| read(document).unwrap_err();
    assert_eq!(parse(good.as_bytes(), "https://other.example.com", None), Err(MetadataError::EntityId));
    assert_eq!(code(&good.replace("entityID", "entityId")), MetadataError::EntityId);
    assert_eq!(code(&good.replace("EntityDescriptor", "EntitiesDescriptor")), MetadataError::Root);
    assert_eq!(code(&good.replace(METADATA, "urn:x")), MetadataError::Root);
    assert_eq!(code(&good.replace("Passive", "Active")), MetadataError::Endpoint);
    assert_eq!(code(&good.replace("https://", "javascript:")), MetadataError::EntityId);
    assert_eq!(
        code(&good.replace("https://idp.example.com/adfs/ls/", "javascript:alert(1)")),
        MetadataError::Endpoint
    );
    assert_eq!(code(&good.replace("https://idp.example.com/adfs/ls/", "/adfs/ls/")), MetadataError::Endpoint);
    assert_eq!(code(&document("", "")), MetadataError::Certificate(CertificateError::None));
    assert_eq!(
        code(&good.replace("<X509Certificate>\n", "<X509Certificate>!")),
        MetadataError::KeyDescriptor
    );
    assert_eq!(
        code(&good.replace("<X509Certificate>\nM", "<X509Certificate>\nA")),
        MetadataError::Certificate(CertificateError::Malformed)
    );
    let many: String = (0..=MOST_KEYS).map(|_| key(&Signer::p256(), "")).collect();
    assert_eq!(code(&document(&many, "")), MetadataError::Certificate(CertificateError::TooMany));
}

#[test]
fn a_role_is_known_by_its_type_and_a_type_by_its_namespace() {
    let signer = Signer::p256();
    let good = document(&key(&signer, ""), "");
    let renamed = good.replace("fed:", "f:").replace("xmlns:fed", "xmlns:f");
    assert!(read(&renamed).is_ok(), "any prefix will do");
    assert_eq!(read(&good.replace(ROLE, "xsi:SecurityTokenServiceType")), Err(MetadataError::Role));
    assert_eq!(read(&good.replace(ROLE, "SecurityTokenServiceType")), Err(MetadataError::Role));
    assert_eq!(read(&good.replace(ROLE, "none:SecurityTokenServiceType")), Err(MetadataError::Role));
    assert_eq!(read(&good.replace(ROLE, "fed:ApplicationServiceType")), Err(MetadataError::Role));
    assert_eq!(read(&good.replace("xsi:type", "type")), Err(MetadataError::Role));
}

#[test]
fn wsf_09_no_metadata_is_spelled_out_beyond_its_bound() {
    let keys = key(&Signer::p256(), "");
    let declared = format!(" xmlns:p=\"urn:{}\" entityID", "x".repeat(500));
    let siblings = |count: usize| {
        let inner = format!("<Extensions>{}</Extensions>", "<p:b/>".repeat(count));
        read(&document(&keys, &inner).replacen(" entityID", &declared, 1))
    };
    assert!(siblings(1000).is_ok());
    assert_eq!(siblings(9000), Err(DocumentError::TooLarge.into()));
}

#[test]
fn wsf_09_types_are_named_with_few_prefixes() {
    let good = document(&key(&Signer::p256(), ""), "");
    let with = |count: usize| {
        let role =
            |n: usize| format!("<RoleDescriptor xsi:type=\"p{n}:x\" xmlns:xsi=\"{SCHEMA_INSTANCE}\"/>");
        let roles: String = (0..count).map(role).collect();
        read(&good.replace("</EntityDescriptor>", &format!("{}{roles}</EntityDescriptor>", role(0)))).err()
    };
    // That of the token service is one of them.
    assert_eq!(with(signature::MOST_PREFIXES - 1), None);
    assert_eq!(with(signature::MOST_PREFIXES), Some(MetadataError::Prefixes));
}

#[test]
fn ops_13_the_test_idp_says_what_it_is() {
    let good = document(&key(&Signer::p256(), ""), "");
    let marked = |value: &str, namespace: &str| {
        let mark = format!(" ID=\"_m\" xmlns:t=\"{namespace}\" t:TestIdentityProvider=\"{value}\"");
        read(&good.replace(" ID=\"_m\"", &mark)).unwrap().is_test_idp
    };
    assert!(marked("true", TEST_IDP));
    assert!(!marked("false", TEST_IDP));
    assert!(!marked("true", "urn:x"));
}

#[test]
fn wsf_16_a_signing_key_that_cannot_be_used_does_not_take_the_others_with_it() {
    let certified = |algorithm| {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        rcgen::CertificateParams::default().self_signed(&key).unwrap().der().to_vec()
    };
    let (good, ed25519) = (Signer::p256(), descriptor(&certified(&rcgen::PKCS_ED25519), " use=\"signing\""));
    let usable: String = (0..MOST_KEYS - 1).map(|_| key(&Signer::p256(), "")).collect();
    let read = |keys: &str| read(&document(keys, "")).map(|metadata| (metadata.keys, metadata.skipped));
    let pinned = good.keys();
    assert_eq!(read(&key(&good, "")), Ok((pinned.clone(), 0)));
    assert_eq!(read(&format!("{ed25519}{}{ed25519}", key(&good, ""))), Ok((pinned, 2)));
    assert_eq!(read(&ed25519), Err(MetadataError::Certificate(CertificateError::Key)));
    let (_, skipped) = read(&format!("{ed25519}{usable}{}", key(&good, ""))).unwrap();
    assert_eq!(skipped, 1, "those that are skipped are not counted among the most");
}

#[test]
fn wsf_16_metadata_goes_through_the_gate() {
    let code = |document: &[u8]| match parse(document, ISSUER, None).unwrap_err() {
        MetadataError::Document(error) => error.code(),
        other => panic!("{other}"),
    };
    assert_eq!(code(b"<!DOCTYPE a><a/>"), "markup_declaration");
    assert_eq!(code(b"<a><!-- --></a>"), "markup_declaration");
    assert_eq!(code(b""), "not_well_formed");
    assert_eq!(code(&vec![b' '; LARGEST + 1]), "too_large");
}
