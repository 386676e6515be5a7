//! A sign-in response: `r` and what the IdP posts; or `s` and an assertion without signature, which a key of the issuer then
//! signs, so that hostile statements get as far as they can.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hourgate::saml::canonical::canonical;
use hourgate::saml::gate::{LARGEST_TOKEN, admit};
use hourgate::saml::{DecryptionKeys, Expected, TrustedKeys, VerifiedAssertion, Version};
use hourgate::time::Timestamp;
use hourgate::wsfed::response;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use roxmltree::{Document, Node};

/// Who signs.
pub const ISSUER: &str = "http://fs.example.test/adfs/services/trust";
const AUDIENCE: &str = "https://app.example.test/";
/// 2026-11-22T12:00:00Z, when all that is good is valid, for an hour.
const NOW: i64 = 1_795_348_800;
const SKEW: i64 = 60;
const LONGEST_LIFE: i64 = 24 * 3600;
const SAML: [&str; 2] = ["urn:oasis:names:tc:SAML:1.0:assertion", "urn:oasis:names:tc:SAML:2.0:assertion"];
const STATEMENTS: [&str; 3] =
    ["AttributeStatement", "AuthenticationStatement", "AuthorizationDecisionStatement"];
const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";

/// What is posted signs in alice, or nobody: she is who the issuer's key has signed for. Of what is signed here, only what
/// stands in the assertion is believed, and only within the conditions that it names.
pub fn run(data: &[u8]) -> bool {
    let Some((kind, document)) = data.split_first() else { return false };
    let Ok(document) = std::str::from_utf8(document) else { return false };
    match kind {
        b'r' => {
            let Some(assertion) = verified(document) else { return false };
            assert_is_alice(&assertion);
            true
        }
        b's' => {
            let Some(signed) = signed(document) else { return false };
            let Some(assertion) = verified(&signed) else { return false };
            assert_says_so(&assertion, document);
            true
        }
        _ => false,
    }
}

fn verified(wresult: &str) -> Option<VerifiedAssertion> {
    static KEYS: OnceLock<(TrustedKeys, DecryptionKeys)> = OnceLock::new();
    let (keys, decryption) = KEYS.get_or_init(|| {
        let certificates: [&[u8]; 2] =
            [include_bytes!("saml_keys/first.der"), include_bytes!("saml_keys/p256.der")];
        let own = include_str!("saml_keys/gateway.pem").to_owned().into();
        (TrustedKeys::from_certificates(certificates).unwrap(), DecryptionKeys::from_pem(&[own]).unwrap())
    });
    let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    let expected = Expected {
        issuer: ISSUER,
        audience: AUDIENCE,
        keys,
        decryption: Some(decryption),
        accepts_sha1: false,
        accepts_cbc: true,
        requires_bearer: true,
        longest_life: seconds(LONGEST_LIFE),
        skew: seconds(SKEW),
    };
    response::verify(wresult, &expected, Timestamp::from_secs(NOW)).ok()
}

fn assert_is_alice(assertion: &VerifiedAssertion) {
    assert_eq!(assertion.name_id(), Some("alice@example.test"), "{:?}", assertion.claims());
    assert_eq!(assertion.claim(EMAIL), Some("alice@example.test"));
    assert_eq!(assertion.claims().len(), 3, "{:?}", assertion.claims());
    let rest = (assertion.claims(), assertion.authentication_method(), assertion.session_index());
    assert!(!format!("{rest:?}").contains("admin"));
    assert_eq!(assertion.id(), "_5f3a1c9e-0d4b-4c53-9d7e-2f6a8b1c0e77");
    assert_eq!(assertion.issued_at(), Timestamp::from_secs(NOW - 10));
    assert_eq!(assertion.expires_at(), Timestamp::from_secs(NOW - 10 + 3600));
}

/// Reads the assertion with the parser alone.
fn assert_says_so(assertion: &VerifiedAssertion, document: &str) {
    let told = format!("{:?}\n{document}", assertion.claims());
    // XML 1.0 section 2.11; the declaration is no part of the document.
    let text = document.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let parsed = Document::parse(&text).expect("what is no XML was read");
    let root = parsed.root_element();
    let is = |node: &Node<'_, '_>, name: &str| {
        node.tag_name().name() == name && node.tag_name().namespace() == root.tag_name().namespace()
    };
    let whole = |node: Node<'_, '_>| node.children().filter_map(|child| child.text()).collect::<String>();

    assert_eq!(assertion.issuer(), ISSUER);
    assert!(SAML.contains(&root.tag_name().namespace().unwrap_or_default()), "{told}");
    let mut conditions = root.children().filter(|node| is(node, "Conditions"));
    let (one, more) = (conditions.next().expect("no conditions"), conditions.next());
    assert!(more.is_none(), "{told}");
    let restrictions: Vec<_> =
        one.children().filter(|node| node.tag_name().name().starts_with("AudienceRestriction")).collect();
    let names_us = |restriction: &Node<'_, '_>| {
        restriction.children().any(|node| is(&node, "Audience") && whole(node) == AUDIENCE)
    };
    assert!(!restrictions.is_empty() && restrictions.iter().all(names_us), "{told}");

    let (issued, ends) = (assertion.issued_at().as_millis(), assertion.expires_at().as_millis());
    assert!(issued <= (NOW + SKEW) * 1000 && ends > (NOW - SKEW) * 1000, "{told}");
    assert!(ends <= (NOW + SKEW + LONGEST_LIFE) * 1000, "{told}");

    let is_version_2 = assertion.version() == Version::V2_0;
    let is_statement = |node: &Node<'_, '_>| STATEMENTS.iter().any(|name| is(node, name));
    let within: Vec<_> =
        if is_version_2 { vec![root] } else { root.children().filter(is_statement).collect() };
    let names: Vec<_> = within
        .into_iter()
        .flat_map(|parent| parent.children().filter(|node| is(node, "Subject")))
        .flat_map(|subject| {
            subject.children().filter(|node| is(node, "NameID") || is(node, "NameIdentifier"))
        })
        .map(whole)
        .collect();
    if let Some(name) = assertion.name_id() {
        assert!(!names.is_empty() && names.iter().all(|other| other == name), "{names:?}: {told}");
    }
    for (uri, values) in assertion.claims() {
        let mut said = Vec::new();
        for attribute in root.descendants().filter(|node| is(node, "Attribute")) {
            let part = |name| attribute.attribute(name).unwrap_or_default();
            let name = match assertion.version() {
                Version::V1_1 => format!("{}/{}", part("AttributeNamespace"), part("AttributeName")),
                Version::V2_0 => part("Name").to_owned(),
            };
            if name == *uri {
                said.extend(attribute.children().filter(Node::is_element).map(whole));
            }
        }
        assert!(values.iter().all(|value| said.contains(value)), "{uri}: {told}");
    }
}

/// The response of an issuer that signs whatever it is given, where that is an element with an ID.
fn signed(assertion: &str) -> Option<String> {
    let gated = admit(assertion.as_bytes(), LARGEST_TOKEN).ok()?;
    let document = gated.parse().ok()?;
    let root = document.root_element();
    let id = root.attribute("ID").or_else(|| root.attribute("AssertionID"))?;
    if id.contains(['&', '<', '"', '\t', '\n', '\r']) {
        return None;
    }
    let hash =
        BASE64_STANDARD.encode(digest(&SHA256, canonical(root, None, &[], usize::MAX).unwrap().as_bytes()));
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    // Written as the canonical form has it.
    let info = format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:CanonicalizationMethod Algorithm=\"{exclusive}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{exclusive}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{hash}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    );
    let signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}\
         <ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
        BASE64_STANDARD.encode(ecdsa(info.as_bytes()))
    );
    let text = &document.input_text()[root.range()];
    let end = text.rfind("</")?;
    Some(format!(
        "<t:RequestSecurityTokenResponse xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\">\
         <t:RequestedSecurityToken>{}{signature}{}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>",
        &text[..end],
        &text[end..]
    ))
}

fn ecdsa(message: &[u8]) -> Vec<u8> {
    static PAIR: OnceLock<EcdsaKeyPair> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
    let random = SystemRandom::new();
    let pair = PAIR.get_or_init(|| {
        let pem = include_str!("saml_keys/p256.pem");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64_STANDARD.decode(body).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).unwrap()
    });
    pair.sign(&random, message).unwrap().as_ref().to_vec()
}
