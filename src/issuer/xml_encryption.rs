//! Encrypting a token for one relying party (XML Encryption 1.1): AES-256 under a fresh key, that key under the RSA key of
//! the relying party's certificate.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::assertion::TokenType;
use super::xml_signature::{DS, key_info};
use crate::random;

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";

/// What the token is encrypted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cipher {
    /// AES-256 in CBC mode, AD FS's habit: nothing tells a changed text from the one that was sent.
    #[default]
    #[serde(rename = "aes256-cbc")]
    Cbc,
    /// AES-256 in GCM mode.
    #[serde(rename = "aes256-gcm")]
    Gcm,
}

/// What the cipher's key is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTransport {
    /// RSA-OAEP with SHA-1 throughout, as AD FS does.
    Oaep,
    /// RSA with PKCS #1 v1.5 padding, broken since 1998.
    Pkcs1,
}

/// A token could not be encrypted; nothing about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// What was registered is no certificate.
    #[error("this is not one PEM certificate with an RSA key of 2048 to 8192 bit")]
    Certificate,
    /// The cryptographic library refuses.
    #[error("the token could not be encrypted")]
    Failed,
}

/// Whom a token is encrypted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    certificate: Vec<u8>,
    /// `SubjectPublicKeyInfo` (DER); empty for nobody.
    key: Vec<u8>,
}

impl Recipient {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// When the text is not exactly one PEM certificate of an RSA key.
    pub fn from_pem(pem: &str) -> Result<Self, EncryptionError> {
        let wrong = EncryptionError::Certificate;
        let (rest, pem) = x509_parser::pem::parse_x509_pem(pem.trim().as_bytes()).map_err(|_| wrong)?;
        if !rest.is_empty() || pem.label != "CERTIFICATE" {
            return Err(wrong);
        }
        let (rest, certificate) = X509Certificate::from_der(&pem.contents).map_err(|_| wrong)?;
        let key = certificate.public_key().raw.to_vec();
        let parsed = PublicEncryptingKey::from_der(&key).map_err(|_| wrong)?;
        if !rest.is_empty() || !(2048..=8192).contains(&parsed.key_size_bits()) {
            return Err(wrong);
        }
        Ok(Self { key, certificate: pem.contents })
    }

    /// The certificate as it was read.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let lines = BASE64_STANDARD.encode(&self.certificate);
        let lines: Vec<_> = lines.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// Someone whose private key nobody has.
    #[must_use]
    pub const fn nobody() -> Self {
        Self { certificate: Vec::new(), key: Vec::new() }
    }

    fn wrap(&self, secret: &[u8], transport: KeyTransport) -> Result<Vec<u8>, EncryptionError> {
        if self.key.is_empty() {
            return Ok(random::bytes::<256>().to_vec());
        }
        let failed = |_| EncryptionError::Failed;
        let key = PublicEncryptingKey::from_der(&self.key).map_err(|_| EncryptionError::Certificate)?;
        match transport {
            KeyTransport::Oaep => {
                let key = OaepPublicEncryptingKey::new(key).map_err(failed)?;
                let mut out = vec![0; key.ciphertext_size()];
                Ok(key.encrypt(&OAEP_SHA1_MGF1SHA1, secret, &mut out, None).map_err(failed)?.to_vec())
            }
            KeyTransport::Pkcs1 => {
                let key = Pkcs1PublicEncryptingKey::new(key).map_err(failed)?;
                let mut out = vec![0; key.ciphertext_size()];
                Ok(key.encrypt(secret, &mut out).map_err(failed)?.to_vec())
            }
        }
    }
}

/// Encrypts an element: `xenc:EncryptedData` for SAML 1.1, `saml:EncryptedAssertion` around it for 2.0.
///
/// # Errors
///
/// When the cryptographic library refuses.
pub fn encrypt(
    xml: &str,
    kind: TokenType,
    recipient: &Recipient,
    cipher: Cipher,
    transport: KeyTransport,
) -> Result<String, EncryptionError> {
    let secret = random::bytes::<32>();
    let (algorithm, sealed) = match cipher {
        Cipher::Cbc => ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", cbc(&secret, xml)),
        Cipher::Gcm => ("http://www.w3.org/2009/xmlenc11#aes256-gcm", gcm(&secret, xml)),
    };
    let wrapped = recipient.wrap(&secret, transport)?;
    let method = match transport {
        KeyTransport::Oaep => format!(
            "<xenc:EncryptionMethod Algorithm=\"{XENC}rsa-oaep-mgf1p\"><ds:DigestMethod Algorithm=\"{DS}sha1\"/>\
             </xenc:EncryptionMethod>"
        ),
        KeyTransport::Pkcs1 => format!("<xenc:EncryptionMethod Algorithm=\"{XENC}rsa-1_5\"/>"),
    };
    let data = format!(
        "<xenc:EncryptedData xmlns:xenc=\"{XENC}\" Type=\"{XENC}Element\">\
         <xenc:EncryptionMethod Algorithm=\"{algorithm}\"/><ds:KeyInfo xmlns:ds=\"{DS}\"><xenc:EncryptedKey>\
         {method}{}{}</xenc:EncryptedKey></ds:KeyInfo>{}</xenc:EncryptedData>",
        key_info(&recipient.certificate),
        cipher_data(&wrapped),
        cipher_data(&sealed.ok_or(EncryptionError::Failed)?),
    );
    Ok(match kind {
        TokenType::Saml11 => data,
        TokenType::Saml20 => {
            format!("<saml:EncryptedAssertion xmlns:saml=\"{}\">{data}</saml:EncryptedAssertion>", kind.uri())
        }
    })
}

fn cipher_data(bytes: &[u8]) -> String {
    let value = BASE64_STANDARD.encode(bytes);
    format!("<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>")
}

/// Initialization vector, then text and padding (XML Encryption section 5.2.3).
fn cbc(secret: &[u8], xml: &str) -> Option<Vec<u8>> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, secret).ok()?).ok()?;
    let mut text = xml.as_bytes().to_vec();
    let DecryptionContext::Iv128(iv) = key.encrypt(&mut text).ok()? else { return None };
    let iv: &[u8; 16] = iv.as_ref();
    Some([iv.as_slice(), &text].concat())
}

/// Initialization vector, text, tag (XML Encryption section 5.2.4).
fn gcm(secret: &[u8], xml: &str) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret).ok()?);
    let iv = random::bytes::<12>();
    let mut text = xml.as_bytes().to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::empty(), &mut text).ok()?;
    Some([iv.as_slice(), &text].concat())
}
