#![cfg(test)]
//! Documents to sign, and keys to sign them with, for the tests of this room and of `wsfed`. The judge of the canonical form
//! that is used here, too, are tokens and metadata that others signed: `tests/saml/`.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{self, digest};
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
};
use roxmltree::Node;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};

use super::canonical::canonical;
use super::gate;
use super::xml::DSIG;
use super::{Expected, TrustedKeys};
use crate::random;
use crate::time::Timestamp;

pub(crate) const ISSUER: &str = "https://idp.example.com/adfs/services/trust";
pub(crate) const REALM: &str = "urn:example:app";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Where the signature goes.
pub(crate) const PLACE: &str = "{signature}";

/// SAML 1.1, as AD FS writes it, issued at noon for an hour.
pub(crate) const V1_1: &str = concat!(
    r#"<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="_a1" Issuer="https://idp.example.com/adfs/services/trust" IssueInstant="2026-11-22T12:00:00.000Z" xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">"#,
    r#"<saml:Conditions NotBefore="2026-11-22T12:00:00.000Z" NotOnOrAfter="2026-11-22T13:00:00.000Z"><saml:AudienceRestrictionCondition><saml:Audience>urn:example:app</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>"#,
    r#"<saml:AttributeStatement><saml:Subject><saml:NameIdentifier>ann</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>"#,
    r#"<saml:Attribute AttributeName="upn" AttributeNamespace="http://schemas.xmlsoap.org/ws/2005/05/identity/claims"><saml:AttributeValue>ann@example.com</saml:AttributeValue></saml:Attribute>"#,
    r#"<saml:Attribute AttributeName="groups" AttributeNamespace="http://schemas.microsoft.com/ws/2008/06/identity/claims"><saml:AttributeValue>Ops</saml:AttributeValue><saml:AttributeValue>Dev</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"#,
    r#"<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" AuthenticationInstant="2026-11-22T11:59:30.000Z"><saml:Subject><saml:NameIdentifier>ann</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject></saml:AuthenticationStatement>"#,
    "{signature}</saml:Assertion>",
);

/// SAML 2.0, as Entra ID writes it, issued at noon for an hour.
pub(crate) const V2_0: &str = concat!(
    r#"<Assertion ID="_a2" IssueInstant="2026-11-22T12:00:00.000Z" Version="2.0" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>https://idp.example.com/adfs/services/trust</Issuer>{signature}"#,
    r#"<Subject><NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ann</NameID><SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="2026-11-22T12:05:00.000Z"></SubjectConfirmationData></SubjectConfirmation></Subject>"#,
    r#"<Conditions NotBefore="2026-11-22T12:00:00.000Z" NotOnOrAfter="2026-11-22T13:00:00.000Z"><AudienceRestriction><Audience>urn:example:app</Audience></AudienceRestriction></Conditions>"#,
    r#"<AttributeStatement><Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"><AttributeValue>ann@example.com</AttributeValue></Attribute>"#,
    r#"<Attribute Name="http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"><AttributeValue>Ops</AttributeValue><AttributeValue>Dev</AttributeValue></Attribute></AttributeStatement>"#,
    r#"<AuthnStatement AuthnInstant="2026-11-22T11:59:30.000Z" SessionIndex="_s" SessionNotOnOrAfter="2026-11-22T20:00:00.000Z"><AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>"#,
);

/// A minute after noon.
pub(crate) fn now() -> Timestamp {
    at("2026-11-22T12:01:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    super::instant::parse(text).unwrap()
}

/// What the samples agree with, strictly.
pub(crate) fn expected(keys: &TrustedKeys) -> Expected<'_> {
    Expected {
        issuer: ISSUER,
        audience: REALM,
        keys,
        decryption: None,
        accepts_sha1: false,
        accepts_cbc: false,
        requires_bearer: true,
        longest_life: Duration::from_secs(24 * 3600),
        skew: Duration::from_secs(60),
    }
}

/// The response that a token comes in.
pub(crate) fn wresult(token: &str) -> String {
    format!(
        r#"<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:RequestedSecurityToken>{token}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>"#
    )
}

/// A key that signs, and its certificate.
pub(crate) struct Signer {
    pkcs8: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
    method: &'static str,
}

impl Signer {
    pub(crate) fn p256() -> Self {
        Self::ecdsa(&rcgen::PKCS_ECDSA_P256_SHA256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
    }

    pub(crate) fn p384() -> Self {
        Self::ecdsa(&rcgen::PKCS_ECDSA_P384_SHA384, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384")
    }

    fn ecdsa(algorithm: &'static rcgen::SignatureAlgorithm, method: &'static str) -> Self {
        Self::of(rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_der(), method)
    }

    /// RSA of 2048 bits; the same one every time, because it takes so long to make.
    pub(crate) fn rsa() -> Self {
        static KEY: OnceLock<Vec<u8>> = OnceLock::new();
        Self::of(KEY.get_or_init(|| rsa_pkcs8(2048)).clone(), RSA_SHA256)
    }

    fn of(pkcs8: Vec<u8>, method: &'static str) -> Self {
        let pair = rcgen::KeyPair::try_from(pkcs8.as_slice()).unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap();
        let certificate = parameters.self_signed(&pair).unwrap().der().to_vec();
        Self { pkcs8, certificate, method }
    }

    pub(crate) fn keys(&self) -> TrustedKeys {
        TrustedKeys::from_certificates([&self.certificate]).unwrap()
    }

    /// Puts a signature over the document where its place is.
    pub(crate) fn sign(&self, document: &str) -> String {
        self.sign_edited(document, self.method, |signed_info| signed_info)
    }

    /// The same, with another method, and a `SignedInfo` that was changed before it was signed.
    pub(crate) fn sign_edited(
        &self,
        document: &str,
        method: &str,
        edit: impl FnOnce(String) -> String,
    ) -> String {
        let unsigned = document.replace(PLACE, "");
        let unsigned = gate::parse(&unsigned).unwrap();
        let root = unsigned.root_element();
        let id = root.attribute("ID").or(root.attribute("AssertionID")).unwrap_or_default();
        let hash = BASE64_STANDARD.encode(digest(&digest::SHA256, form(root).as_bytes()));
        let signed_info = edit(format!(
            r##"<SignedInfo><CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><SignatureMethod Algorithm="{method}"/><Reference URI="#{id}"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="{EXCLUSIVE}"/></Transforms><DigestMethod Algorithm="{SHA256}"/><DigestValue>{hash}</DigestValue></Reference></SignedInfo>"##
        ));
        let signature = format!(
            r#"<Signature xmlns="{DSIG}">{signed_info}<SignatureValue>{{value}}</SignatureValue></Signature>"#
        );
        let signed = document.replace(PLACE, &signature);
        let tree = gate::parse(&signed).unwrap();
        let signed_info = tree.descendants().find(|node| node.has_tag_name((DSIG, "SignedInfo"))).unwrap();
        let value = self.signature(method, form(signed_info).as_bytes());
        signed.replace("{value}", &BASE64_STANDARD.encode(value))
    }

    fn signature(&self, method: &str, message: &[u8]) -> Vec<u8> {
        let (_, name) = method.rsplit_once('#').unwrap();
        let encoding: &dyn ring::signature::RsaEncoding = match name {
            "ecdsa-sha256" | "ecdsa-sha384" => {
                let algorithm = match self.method.ends_with("256") {
                    true => &ECDSA_P256_SHA256_FIXED_SIGNING,
                    false => &ECDSA_P384_SHA384_FIXED_SIGNING,
                };
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8, &random::source()).unwrap();
                return pair.sign(&random::source(), message).unwrap().as_ref().to_vec();
            }
            "rsa-sha1" => {
                let hash = digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
                // RFC 8017 section 9.2, the DigestInfo of SHA-1.
                let prefix = [
                    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
                ];
                let info = [&prefix, hash.as_ref()].concat();
                let key = rsa::RsaPrivateKey::from_pkcs8_der(&self.pkcs8).unwrap();
                return key.sign(Pkcs1v15Sign::new_unprefixed(), &info).unwrap();
            }
            "rsa-sha384" => &RSA_PKCS1_SHA384,
            "rsa-sha512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(encoding, &random::source(), message, &mut signature).unwrap();
        signature
    }
}

fn form(element: Node<'_, '_>) -> String {
    canonical(element, None, &[], usize::MAX).unwrap()
}

pub(crate) fn rsa_pkcs8(bits: usize) -> Vec<u8> {
    let key = rsa::RsaPrivateKey::new(&mut random::Source, bits).unwrap();
    key.to_pkcs8_der().unwrap().as_bytes().to_vec()
}
