//! The tokens of the tests of Microsoft's IdentityModel, and metadata of real AD FS servers: see `microsoft/NOTICE`.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hourgate::saml::{
    AssertionError, DocumentError, Expected, SignatureError, TrustedKeys, VerifiedAssertion, Version,
};
use hourgate::time::Timestamp;
use hourgate::wsfed::metadata::{self, MetadataError};
use hourgate::wsfed::response;

/// When most of the tokens of SAML 2.0 were issued, and the one of SAML 1.1.
const MARCH: &str = "2017-03-20T15:52:31.957Z";
const AUGUST: &str = "2017-08-25T21:17:29.561Z";

fn file(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/saml/microsoft");
    std::fs::read_to_string(format!("{folder}/{name}.xml")).unwrap()
}

/// The certificates that Microsoft's tests trust: those of Azure AD then, and the one of the tests' own key.
fn keys() -> TrustedKeys {
    let jwks: serde_json::Value = serde_json::from_str(&file("AADJWKS")).unwrap();
    let listed =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["x5c"][0].as_str().unwrap().to_owned());
    let own = file("SamlToken_Valid");
    let own = own.split_once("<X509Certificate>").unwrap().1.split_once('<').unwrap().0.to_owned();
    TrustedKeys::from_certificates(listed.chain([own]).map(|text| BASE64_STANDARD.decode(text).unwrap()))
        .unwrap()
}

fn instant(text: &str) -> Timestamp {
    hourgate::saml::instant::parse(text).unwrap()
}

fn verify(name: &str, issuer: &str, audience: &str, now: &str) -> Result<VerifiedAssertion, AssertionError> {
    let wresult = format!(
        r#"<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:RequestedSecurityToken>{}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>"#,
        file(name)
    );
    let expected = Expected {
        issuer,
        audience,
        keys: &keys(),
        decryption: None,
        accepts_sha1: false,
        accepts_cbc: false,
        requires_bearer: true,
        longest_life: Duration::from_secs(24 * 3600),
        skew: Duration::from_secs(60),
    };
    response::verify(&wresult, &expected, instant(now))
}

fn entra(name: &str) -> Result<VerifiedAssertion, AssertionError> {
    let issuer = "https://sts.windows.net/add29489-7269-41f4-8841-b63c95564420/";
    verify(name, issuer, "spn:fe78e0b4-6fe7-47e6-812c-fb75cee266a4", MARCH)
}

fn identity_model(name: &str) -> Result<VerifiedAssertion, AssertionError> {
    verify(name, "http://Default.Issuer.com", "http://Default.Audience.com", AUGUST)
}

/// Everything of that version in the folder, and what is said of it.
fn verdicts(
    prefix: &str,
    verify: fn(&str) -> Result<VerifiedAssertion, AssertionError>,
) -> BTreeMap<String, &'static str> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/saml/microsoft");
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| Some(name.strip_prefix(prefix)?.strip_suffix(".xml")?.to_owned()))
        .map(|name| {
            let verdict = verify(&format!("{prefix}{name}")).map_or_else(AssertionError::code, |_| "ok");
            (name, verdict)
        })
        .collect()
}

fn expect(verdicts: &BTreeMap<String, &'static str>, expected: &[(&str, &'static str)]) {
    let expected: BTreeMap<_, _> = expected.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect();
    assert_eq!(*verdicts, expected);
}

#[test]
fn what_azure_ad_signed_is_read() {
    let said = entra("Saml2Token_Valid").unwrap();
    assert_eq!(said.version(), Version::V2_0);
    assert_eq!(said.name_id(), Some("RrX3SPSxDw6z4KHaKB2V_mnv0G-LbRZdYvo1RQa1L7s"));
    let claim = |name: &str| said.claim(&format!("http://schemas.microsoft.com/identity/claims/{name}"));
    assert_eq!(claim("tenantid"), Some("add29489-7269-41f4-8841-b63c95564420"));
    assert_eq!(claim("objectidentifier"), Some("d1ad9ce7-b322-4221-ab74-1e1011e1bbcb"));
    assert_eq!(said.claims().len(), 7);
    assert_eq!(said.issued_at(), instant(MARCH));
    assert_eq!(said.expires_at(), instant("2017-03-20T16:47:31.957Z"));
    assert_eq!(said.authenticated_at(), Some(instant("2017-03-20T15:52:31.551Z")));
    assert_eq!(said.authentication_method(), Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password"));
}

#[test]
fn wsf_06_of_saml_2_0_what_azure_ad_signed_is_taken_and_nothing_made_of_it() {
    let digest = "digest_value";
    expect(
        &verdicts("Saml2Token_", entra),
        &[
            ("Valid", "ok"),
            ("Valid_Spaces_Added", "ok"),
            ("Valid_WithNoKeyInfo", "ok"),
            ("Valid_WithRsaKeyValue", "ok"),
            // Signed by the tests' own key, with the digest of something else: Microsoft only reads and writes it.
            ("Valid2", digest),
            ("AttributeTampered", "reference"), // the attribute is the id
            ("AttributeTampered_NoKeyMatch", "reference"),
            ("DigestTampered", "signature_value"),
            ("SignatureTampered", "signature_value"),
            ("InclusiveNamespaces_WithPrefix", "signature_value"),
            ("InclusiveNamespaces_WithoutPrefix", "transforms"), // of the wrong namespace
            ("IdMissing", "id"),
            ("IssueInstantFormatError", digest),
            ("IssueInstantMissing", digest),
            ("IssuerMissing", digest),
            ("MissingVersion", digest),
            ("VersionNotV20", digest),
            ("NoAttributes", digest),
            ("NoSubjectNoStatements", digest),
            ("Actor_Claim", "unsigned"),
            ("NoAudienceRestrictions_NoSignature", "unsigned"),
            ("NoConditions_NoSignature", "unsigned"),
            ("SignatureMissing", "unsigned"),
        ],
    );
}

#[test]
fn wsf_06_of_saml_1_1_nothing_is_taken_because_its_signatures_refer_to_nothing() {
    // Their one form: a Reference without URI, whose own Id is that of the assertion. No IdP writes that.
    let digest = "digest_value";
    expect(
        &verdicts("SamlToken_", identity_model),
        &[
            ("Valid", "duplicate_id"),
            ("Valid_Spaces_Added", "duplicate_id"),
            ("Valid_WithNoKeyInfo", "duplicate_id"),
            ("Valid_WithRsaKeyValue", "duplicate_id"),
            ("DigestTampered", "duplicate_id"),
            ("SignatureTampered", "duplicate_id"),
            ("AttributeTampered", "reference"),
            ("IdFormatError", "reference"),
            ("IdMissing", "id"),
            // These carry the signature of the SAML 2.0 token.
            ("AudienceMissing", digest),
            ("IssueInstantFormatError", digest),
            ("IssueInstantMissing", digest),
            ("IssuerMissing", digest),
            ("MajorVersionNotV1", digest),
            ("MinorVersionNotV1", digest),
            ("MissingMajorVersion", digest),
            ("MissingMinorVersion", digest),
            ("NoAttributes", digest),
            ("NoStatements", digest),
            ("NoSubject", digest),
            ("NoAudienceRestrictions_NoSignature", "unsigned"),
            ("NoConditions_NoSignature", "unsigned"),
            ("SignatureMissing", "unsigned"),
        ],
    );
}

#[test]
fn wsf_07_without_its_key_the_token_is_of_an_unknown_one() {
    let (issuer, audience) = ("http://Default.Issuer.com", "http://Default.Audience.com");
    let tampered = verify("Saml2Token_SignatureTampered", issuer, audience, MARCH).unwrap_err();
    assert!(tampered.is_unknown_key());
}

#[test]
fn wsf_11_the_token_of_2017_has_expired() {
    let issuer = "https://sts.windows.net/add29489-7269-41f4-8841-b63c95564420/";
    let at = |now| verify("Saml2Token_Valid", issuer, "spn:fe78e0b4-6fe7-47e6-812c-fb75cee266a4", now).err();
    assert_eq!(at("2017-03-20T15:52:31Z"), None);
    assert_eq!(at("2017-03-20T16:48:31.956Z"), None);
    assert_eq!(at("2017-03-20T16:48:31.957Z"), Some(AssertionError::Expired));
    assert_eq!(at("2026-11-22T12:00:00Z"), Some(AssertionError::Expired));
    assert_eq!(at("2017-03-20T15:51:31.956Z"), Some(AssertionError::NotYetValid), "issued in the future");
}

#[test]
fn wsf_16_the_metadata_of_ad_fs_2_3_and_4_is_read_and_its_signature_verified() {
    for (version, host) in [(2, "fs.msidlab7.com"), (3, "fs.msidlab2.com"), (4, "fs.msidlab11.com")] {
        let document = file(&format!("adfs-v{version}-metadata"));
        let issuer = format!("http://{host}/adfs/services/trust");
        let read = |document: &str, signed_by: Option<&TrustedKeys>| {
            metadata::parse(document.as_bytes(), &issuer, signed_by)
        };
        let known = read(&document, None).unwrap();
        assert_eq!(known.sign_in_url.as_str(), format!("https://{host}/adfs/ls/"));
        assert_eq!((known.entity_id.as_str(), known.is_test_idp), (issuer.as_str(), false));
        assert_eq!(
            read(&document, Some(&known.keys)),
            Ok(known.clone()),
            "it signs metadata with the key of its tokens"
        );

        assert_eq!(read(&document, Some(&keys())), Err(SignatureError::SignatureValue.into()));
        let tampered = document.replace("/adfs/ls/", "/adfs/evil/");
        assert_eq!(read(&tampered, None), Err(SignatureError::DigestValue.into()));
        assert_eq!(metadata::parse(document.as_bytes(), "http://other", None), Err(MetadataError::EntityId));
    }
}

#[test]
fn wsf_16_metadata_that_is_no_token_service_s_is_refused() {
    // Shibboleth speaks SAML 2.0 only.
    let shibboleth =
        metadata::parse(file("idp-metadata").as_bytes(), "https://idp.msidlab13.com/idp/shibboleth", None);
    assert_eq!(shibboleth, Err(MetadataError::Role));
    // Microsoft's own relying party, with comments on it.
    let read = |document: &str| metadata::parse(document.as_bytes(), "urn:federation:MicrosoftOnline", None);
    let document = file("windows-ad-metadata");
    assert_eq!(read(&document), Err(DocumentError::MarkupDeclaration.into()));
    let mut parts = document.split("<!--");
    let first = parts.next().unwrap().to_owned();
    let plain = parts.fold(first, |text, part| text + part.split_once("-->").unwrap().1);
    assert_eq!(read(&plain), Err(MetadataError::Role));
}
