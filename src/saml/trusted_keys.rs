//! The public keys of an issuer, pinned by their SubjectPublicKeyInfo: certificates only carry them. That one has expired or
//! is self-signed says nothing; trust comes from where the set was configured or fetched.

use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Every key may be tried for every token, so there is an end to them.
pub const MOST_KEYS: usize = 16;

/// What kind of key it is; a signature method fits one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 2048 to 8192 bits.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TrustedKey {
    kind: KeyKind,
    /// RFC 8017's `RSAPublicKey`, or SEC 1's uncompressed point.
    public: Vec<u8>,
}

/// One to [`MOST_KEYS`] public keys, each different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKeys(Vec<TrustedKey>);

/// Why keys cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate.
    #[error("it is not an X.509 certificate; give the IdP's token-signing certificate")]
    Malformed,
    /// A key of a type or size that no token may be signed with.
    #[error(
        "its key is neither RSA of 2048 to 8192 bits nor on P-256 or P-384; use such a token-signing key"
    )]
    Key,
    /// None at all.
    #[error("there is no certificate; give at least one")]
    None,
    /// Too many.
    #[error("there are more than {MOST_KEYS} different keys; leave out those that no longer sign")]
    TooMany,
}

impl TrustedKeys {
    /// The keys in certificates (X.509, DER). The same key in two certificates counts once.
    ///
    /// # Errors
    ///
    /// Where one is no certificate or has a key that is not taken, where there is none, or more than [`MOST_KEYS`] keys.
    pub fn from_certificates(
        certificates: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, CertificateError> {
        match Self::usable(certificates)? {
            (keys, 0) => Ok(keys),
            _ => Err(CertificateError::Key),
        }
    }

    /// The same, without those certificates whose keys are not taken: how many they are.
    ///
    /// # Errors
    ///
    /// As [`TrustedKeys::from_certificates`], but `Key` only where no key is taken.
    pub fn usable(
        certificates: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<(Self, usize), CertificateError> {
        let (mut keys, mut skipped) = (Vec::new(), 0);
        for certificate in certificates {
            let (rest, certificate) =
                X509Certificate::from_der(certificate.as_ref()).map_err(|_| CertificateError::Malformed)?;
            if !rest.is_empty() {
                return Err(CertificateError::Malformed);
            }
            match TrustedKey::from_info(certificate.public_key()) {
                None => skipped += 1,
                Some(key) if keys.contains(&key) => {}
                Some(key) => keys.push(key),
            }
        }
        match keys.len() {
            0 if skipped == 0 => Err(CertificateError::None),
            0 => Err(CertificateError::Key),
            1..=MOST_KEYS => Ok((Self(keys), skipped)),
            _ => Err(CertificateError::TooMany),
        }
    }

    /// The keys in the `CERTIFICATE` blocks of a PEM text (RFC 7468 section 5).
    ///
    /// # Errors
    ///
    /// As [`TrustedKeys::from_certificates`].
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        let certificates: Result<Vec<CertificateDer<'_>>, _> =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        Self::from_certificates(certificates.map_err(|_| CertificateError::Malformed)?)
    }

    /// Is `signature` over `message` of one of the keys of this kind?
    pub(super) fn verify(
        &self,
        kind: KeyKind,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let mut fitting = self.0.iter().filter(|key| key.kind == kind);
        fitting.any(|key| UnparsedPublicKey::new(algorithm, &key.public).verify(message, signature).is_ok())
    }
}

impl TrustedKey {
    fn from_info(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let public = info.subject_public_key.data.to_vec();
        let kind = if info.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION {
            let Ok(PublicKey::RSA(rsa)) = info.parsed() else { return None };
            (2048..=8192).contains(&bits(rsa.modulus)).then_some(KeyKind::Rsa)?
        } else if info.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = info.algorithm.parameters.as_ref()?.as_oid().ok()?;
            let (kind, length) = if curve == OID_EC_P256 {
                (KeyKind::P256, 65)
            } else if curve == OID_NIST_EC_P384 {
                (KeyKind::P384, 97)
            } else {
                return None;
            };
            (public.len() == length && public.first() == Some(&4)).then_some(kind)?
        } else {
            return None;
        };
        Some(Self { kind, public })
    }
}

/// The length of a big-endian number, without its leading zeros.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros).map_or(0, |first| (number.len() - zeros) * 8 - first.leading_zeros() as usize)
}
