//! Certificates: the clothes that XML signatures want public keys to wear. Relying parties pin the key inside.

use std::time::Duration;

use rcgen::{CertificateParams, DnType, PublicKeyData, SignatureAlgorithm};

use super::keys::{Algorithm, KeyError, SigningKey};
use crate::time::Timestamp;

/// How long a certificate counts, as at AD FS.
const VALIDITY: Duration = Duration::from_secs(365 * 86_400);
/// The last instant that a certificate of [`VALIDITY`] can begin at: it ends in the year 9999.
const LAST: u64 = 253_402_300_799 - VALIDITY.as_secs();

impl SigningKey {
    /// A self-signed certificate of this key, for a year (DER). It is made at the first call, from its name and instant;
    /// every later call gets the same.
    ///
    /// # Errors
    ///
    /// When the key cannot sign.
    pub fn certificate(&self, name: &str, now: Timestamp) -> Result<&[u8], KeyError> {
        if let Some(made) = self.certificate.get() {
            return Ok(made);
        }
        let made = self_signed(self, name, now).map_err(|_| KeyError("certified"))?;
        Ok(self.certificate.get_or_init(|| made))
    }
}

fn self_signed(key: &SigningKey, name: &str, now: Timestamp) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    let begins = u64::try_from(now.as_secs()).unwrap_or(0).min(LAST);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(begins);
    params.not_after = params.not_before + VALIDITY;
    Ok(params.self_signed(&Subject(key))?.der().to_vec())
}

/// A key as rcgen sees it.
struct Subject<'a>(&'a SigningKey);

impl PublicKeyData for Subject<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.algorithm() {
            Algorithm::Es256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Algorithm::Rs256 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for Subject<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign_for_certificate(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn it_carries_the_key_and_the_tenants_time() {
        for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
            let key = SigningKey::generate(algorithm).unwrap();
            let der = key.certificate("Test <IdP> & \"co\"", NOW).unwrap();
            let (_, certificate) = X509Certificate::from_der(der).unwrap();
            assert_eq!(certificate.validity().not_before.timestamp(), NOW.as_secs());
            assert_eq!(certificate.validity().not_after.timestamp(), NOW.plus(VALIDITY).as_secs());
            assert_eq!(certificate.public_key().subject_public_key.data.as_ref(), key.public_key());
            assert_eq!(certificate.issuer(), certificate.subject());
        }
    }

    #[test]
    fn it_stays_the_same_whatever_time_it_is() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let first = key.certificate("a", NOW).unwrap().to_vec();
        assert_eq!(key.certificate("b", NOW.plus(VALIDITY)).unwrap(), first);
        let strange = SigningKey::generate(Algorithm::Es256).unwrap();
        assert!(strange.certificate("a", Timestamp::from_millis(i64::MAX)).is_ok());
        let strange = SigningKey::generate(Algorithm::Es256).unwrap();
        assert!(strange.certificate("a", Timestamp::from_millis(i64::MIN)).is_ok());
    }
}
