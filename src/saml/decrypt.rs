//! Decryption of tokens (XML Encryption 1.1): RSA-OAEP, and AES in GCM or, where told, CBC mode.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use roxmltree::Node;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

use super::assertion::is_token_name;
use super::gate;
use super::xml::{self, DSIG, Misshapen, XENC, XENC_1_1};
use super::{AssertionError, SignatureError};

/// Every key is tried for every token: the present one, the last one and the next one.
const MOST_KEYS: usize = 3;

/// Our own private keys, which IdPs encrypt tokens for; several while one takes over from another.
pub struct DecryptionKeys(Vec<OaepPrivateDecryptingKey>);

/// Why keys cannot decrypt; nothing about their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptionKeyError {
    /// Not such a key.
    #[error("it is not one RSA key of at least 2048 bits in PKCS #8 (PEM, \"BEGIN PRIVATE KEY\")")]
    Unusable,
    /// None, or too many.
    #[error("one to {MOST_KEYS} keys are needed")]
    Count,
}

/// Why a token is not decrypted. The codes are stable. Whatever goes wrong with keys and bytes is one error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DecryptionError {
    #[error(
        "the token is encrypted, and there is no key for it; configure one, or have the IdP leave it plain"
    )]
    Encrypted,
    #[error("the encrypted token is not built as expected")]
    EncryptionShape,
    #[error("the encrypted token's key is not wrapped with RSA-OAEP of one hash, SHA-1 or SHA-256")]
    KeyTransportAlgorithm,
    #[error("the token is encrypted neither with AES-GCM nor, where that is allowed, with AES-CBC")]
    DataAlgorithm,
    #[error("the token cannot be decrypted")]
    Decryption,
}

impl DecryptionError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::EncryptionShape => "encryption_shape",
            Self::KeyTransportAlgorithm => "key_transport_alg",
            Self::DataAlgorithm => "encryption_alg",
            Self::Decryption => "decryption",
        }
    }
}

impl DecryptionKeys {
    /// Reads RSA keys in PKCS #8, each a PEM text of its own.
    ///
    /// # Errors
    ///
    /// [`DecryptionKeyError`].
    pub fn from_pem(keys: &[SecretString]) -> Result<Self, DecryptionKeyError> {
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(DecryptionKeyError::Count);
        }
        keys.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

fn read(pem: &SecretString) -> Result<OaepPrivateDecryptingKey, DecryptionKeyError> {
    let refused = DecryptionKeyError::Unusable;
    let mut blocks = PrivatePkcs8KeyDer::pem_slice_iter(pem.expose_secret().as_bytes());
    let (Some(Ok(der)), None) = (blocks.next(), blocks.next()) else { return Err(refused) };
    let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| refused)?;
    OaepPrivateDecryptingKey::new(key).map_err(|_| refused)
}

impl fmt::Debug for DecryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKeys").field("count", &self.0.len()).finish()
    }
}

impl From<Misshapen> for DecryptionError {
    fn from(_: Misshapen) -> Self {
        Self::EncryptionShape
    }
}

/// Decrypts the token of a document, an `EncryptedData` or `EncryptedAssertion`, the only one there, and has what comes out
/// authenticated. Until it is, CBC tells nothing: what an attacker would ask is whether altered bytes yield this or that, be it
/// well-formed XML, another element or the wrong signature. So it never speaks of an unknown key either.
pub(super) fn decrypt<T>(
    token: Node<'_, '_>,
    keys: Option<&DecryptionKeys>,
    accepts_cbc: bool,
    authenticate: impl FnOnce(Node<'_, '_>) -> Result<T, AssertionError>,
) -> Result<T, AssertionError> {
    let keys = keys.ok_or(DecryptionError::Encrypted)?;
    let sealed = Sealed::read(token, accepts_cbc)?;
    let plain = keys.0.iter().find_map(|key| sealed.open(key)).ok_or(DecryptionError::Decryption)?;
    let authenticated = gate::admit(&plain, gate::LARGEST_TOKEN)
        .and_then(|text| Ok(authenticate(text.parse()?.root_element())))
        .unwrap_or_else(|error| Err(error.into()));
    match sealed.cipher {
        Cipher::Gcm(_) => authenticated,
        Cipher::Cbc(_) => authenticated.map_err(|_| DecryptionError::Decryption.into()),
    }
}

/// An encrypted token, taken apart.
struct Sealed {
    transport: &'static OaepAlgorithm,
    wrapped_key: Vec<u8>,
    cipher: Cipher,
    data: Vec<u8>,
}

/// AES with a key of so many bytes.
#[derive(Clone, Copy)]
enum Cipher {
    Gcm(usize),
    Cbc(usize),
}

impl Sealed {
    fn read(token: Node<'_, '_>, accepts_cbc: bool) -> Result<Self, AssertionError> {
        let data = if xml::is(token, XENC, "EncryptedData") {
            token
        } else {
            only_child(token, XENC, "EncryptedData").ok_or(DecryptionError::EncryptionShape)?
        };
        let names = || token.document().descendants().map(|node| node.tag_name().name());
        if names().any(|name| name == "Signature") {
            return Err(SignatureError::SignatureCount.into());
        }
        if names().filter(|name| is_token_name(name)).count() != 1 + usize::from(data != token) {
            return Err(AssertionError::AssertionCount);
        }
        // What would have us fetch or derive something.
        if names().any(|name| ["RetrievalMethod", "CipherReference", "AgreementMethod"].contains(&name)) {
            return Err(DecryptionError::EncryptionShape.into());
        }
        Ok(Self::read_data(data, accepts_cbc)?)
    }

    fn read_data(data: Node<'_, '_>, accepts_cbc: bool) -> Result<Self, DecryptionError> {
        use DecryptionError as E;

        if data.attribute("Type").is_some_and(|kind| kind != "http://www.w3.org/2001/04/xmlenc#Element") {
            return Err(E::EncryptionShape);
        }
        let key_info = xml::exactly_one(data, DSIG, "KeyInfo")?;
        let key = only_child(key_info, XENC, "EncryptedKey").ok_or(E::EncryptionShape)?;
        let transport =
            oaep(xml::exactly_one(key, XENC, "EncryptionMethod")?).ok_or(E::KeyTransportAlgorithm)?;
        let method = xml::exactly_one(data, XENC, "EncryptionMethod")?;
        let cipher = Cipher::of(method, accepts_cbc).ok_or(E::DataAlgorithm)?;
        Ok(Self { transport, wrapped_key: cipher_value(key)?, cipher, data: cipher_value(data)? })
    }

    /// The plain text, where the key is the right one and nothing was altered as far as the cipher can tell.
    fn open(&self, key: &OaepPrivateDecryptingKey) -> Option<Vec<u8>> {
        let mut buffer = vec![0; key.min_output_size()];
        let key = key.decrypt(self.transport, &self.wrapped_key, &mut buffer, None).ok()?;
        self.cipher.open(key, &self.data)
    }
}

impl Cipher {
    fn of(method: Node<'_, '_>, accepts_cbc: bool) -> Option<Self> {
        if xml::elements(method).next().is_some() {
            return None;
        }
        match method.attribute("Algorithm")? {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Some(Self::Gcm(16)),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Some(Self::Gcm(32)),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" if accepts_cbc => Some(Self::Cbc(16)),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" if accepts_cbc => Some(Self::Cbc(32)),
            _ => None,
        }
    }

    /// XML Encryption 1.1 section 5.2: what the cipher starts from stands before the text.
    fn open(self, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gcm(length) if key.len() == length => {
                let (nonce, sealed) = data.split_first_chunk::<NONCE_LEN>()?;
                let algorithm = if length == 16 { &AES_128_GCM } else { &AES_256_GCM };
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let mut text = sealed.to_vec();
                let length = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
                text.truncate(length);
                Some(text)
            }
            Self::Cbc(length) if key.len() == length => {
                let (vector, sealed) = data.split_first_chunk::<16>()?;
                let algorithm = if length == 16 { &AES_128 } else { &AES_256 };
                // Its padding is that of ISO 10126: only the last byte means anything.
                let key = PaddedBlockDecryptingKey::cbc_iso10126(UnboundCipherKey::new(algorithm, key).ok()?)
                    .ok()?;
                let context = DecryptionContext::Iv128(FixedLength::from(*vector));
                let mut text = sealed.to_vec();
                let length = key.decrypt(&mut text, context).ok()?.len();
                text.truncate(length);
                Some(text)
            }
            Self::Gcm(_) | Self::Cbc(_) => None,
        }
    }
}

/// The key transport (section 5.5), as far as hash and mask have the same hash function; there may be no label.
fn oaep(method: Node<'_, '_>) -> Option<&'static OaepAlgorithm> {
    const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
    const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
    const MASK_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
    const MASK_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";

    let child = |namespace, name, default| match xml::at_most_one(method, namespace, name).ok()? {
        Some(child) => child.attribute("Algorithm"),
        None => Some(default),
    };
    let is_known = |node| xml::is(node, DSIG, "DigestMethod") || xml::is(node, XENC_1_1, "MGF");
    if !xml::elements(method).all(is_known) {
        return None; // OAEPparams
    }
    let (hash, mask) = (child(DSIG, "DigestMethod", SHA1)?, child(XENC_1_1, "MGF", MASK_SHA1)?);
    match (method.attribute("Algorithm")?, hash, mask) {
        ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", SHA1, MASK_SHA1)
        | ("http://www.w3.org/2009/xmlenc11#rsa-oaep", SHA1, MASK_SHA1) => Some(&OAEP_SHA1_MGF1SHA1),
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", SHA256, MASK_SHA256) => Some(&OAEP_SHA256_MGF1SHA256),
        _ => None,
    }
}

fn cipher_value(parent: Node<'_, '_>) -> Result<Vec<u8>, Misshapen> {
    let data = xml::exactly_one(parent, XENC, "CipherData")?;
    xml::binary(only_child(data, XENC, "CipherValue").ok_or(Misshapen)?)
}

/// The child element of this name, where there is no other element.
fn only_child<'a, 'input: 'a>(
    parent: Node<'a, 'input>,
    namespace: &str,
    name: &str,
) -> Option<Node<'a, 'input>> {
    let mut children = xml::elements(parent);
    let child = children.next().filter(|child| xml::is(*child, namespace, name))?;
    children.next().is_none().then_some(child)
}

#[cfg(test)]
#[path = "decrypt_tests.rs"]
mod tests;
