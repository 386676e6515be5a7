//! Enveloped XML signatures (XML Signature 1.1): one reference to one element, exclusive canonicalization, the certificate
//! inside.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::keys::{Algorithm, KeyError, SigningKey};
use super::xml::attribute;

/// The namespace.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// A keyed hash as a signature method: nothing that an issuer signs with.
pub const HMAC_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const DIGEST_SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const DIGEST_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What is hashed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-1, of before 2011. An ECDSA key signs with SHA-256 all the same.
    Sha1,
}

/// A signature.
#[derive(Clone, Debug)]
pub struct Signature {
    /// `ds:SignedInfo`, canonical.
    pub signed_info: String,
    /// The signature of it.
    pub value: Vec<u8>,
    /// The certificate in `ds:KeyInfo` (DER).
    pub certificate: Vec<u8>,
}

impl Signature {
    /// Signs the element with that ID, given in canonical form and without a signature.
    ///
    /// # Errors
    ///
    /// When the key cannot sign.
    pub fn of(
        (key, certificate): (&SigningKey, &[u8]),
        id: &str,
        canonical: &str,
        hash: Hash,
    ) -> Result<Self, KeyError> {
        let method = match (key.algorithm(), hash) {
            (Algorithm::Es256, _) => ECDSA_SHA256,
            (Algorithm::Rs256, Hash::Sha256) => RSA_SHA256,
            (Algorithm::Rs256, Hash::Sha1) => RSA_SHA1,
        };
        let signed_info = signed_info(method, id, canonical, hash);
        let value = match key.sign_sha1(signed_info.as_bytes()).filter(|_| hash == Hash::Sha1) {
            Some(value) => value,
            None => key.sign(signed_info.as_bytes())?,
        };
        Ok(Self { signed_info, value, certificate: certificate.to_vec() })
    }

    /// The element `ds:Signature`.
    #[must_use]
    pub fn to_xml(&self) -> String {
        format!(
            "<ds:Signature xmlns:ds=\"{DS}\">{}<ds:SignatureValue>{}</ds:SignatureValue>{}</ds:Signature>",
            self.signed_info,
            BASE64_STANDARD.encode(&self.value),
            key_info(&self.certificate),
        )
    }
}

/// What is signed: the method and the hash of the element with that ID.
#[must_use]
pub fn signed_info(method: &str, id: &str, canonical: &str, hash: Hash) -> String {
    let (hash, name) = match hash {
        Hash::Sha256 => (digest(&SHA256, canonical.as_bytes()), DIGEST_SHA256),
        Hash::Sha1 => (digest(&SHA1_FOR_LEGACY_USE_ONLY, canonical.as_bytes()), DIGEST_SHA1),
    };
    format!(
        "<ds:SignedInfo xmlns:ds=\"{DS}\">\
         <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{method}\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{}\"><ds:Transforms><ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{name}\"></ds:DigestMethod>\
         <ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        attribute(id),
        BASE64_STANDARD.encode(hash),
    )
}

/// `ds:KeyInfo` with a certificate, canonical but for its namespace declaration.
pub(super) fn key_info(certificate: &[u8]) -> String {
    format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
        BASE64_STANDARD.encode(certificate)
    )
}
