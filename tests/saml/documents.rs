//! The documents of the corpus, what is expected of each, and the verifier as it is then configured.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use hourgate::saml::gate::{self, LARGEST_TOKEN};
use hourgate::saml::{DecryptionKeys, Expected, TrustedKeys, VerifiedAssertion};
use hourgate::time::Timestamp;
use hourgate::wsfed::response;
use secrecy::SecretString;
use serde::Deserialize;

use crate::identity::Identity;
use crate::workshop;

#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) row: String,
    pub(crate) settings: Settings,
    /// Who it signs in; the others are refused.
    pub(crate) accepted: Option<Identity>,
    /// The codes that may be given.
    pub(crate) refused: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) now: i64,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    keys: Vec<String>,
    decryption: Vec<String>,
    pub(crate) sha1: bool,
    pub(crate) cbc: bool,
    bearer: bool,
    longest_life: u64,
    skew: u64,
}

/// All documents, in the order in which they are made.
pub(crate) fn all() -> &'static [Document] {
    static ALL: OnceLock<Vec<Document>> = OnceLock::new();
    ALL.get_or_init(|| {
        let index = fs::read(workshop::corpus().join("index.json")).unwrap();
        serde_json::from_slice(&index).unwrap()
    })
}

impl Document {
    pub(crate) fn named(name: &str) -> &'static Self {
        all().iter().find(|document| document.name == name).unwrap_or_else(|| panic!("no document is {name}"))
    }

    pub(crate) fn octets(&self) -> Vec<u8> {
        fs::read(workshop::corpus().join("documents").join(format!("{}.xml", self.name))).unwrap()
    }
}

/// A verifier; keeps the keys that [`Expected`] borrows.
pub(crate) struct Verifier {
    settings: Settings,
    keys: TrustedKeys,
    decryption: Option<DecryptionKeys>,
}

impl Verifier {
    pub(crate) fn new(settings: &Settings) -> Self {
        let folder = workshop::corpus().join("keys");
        let certificates =
            settings.keys.iter().map(|name| fs::read(folder.join(format!("{name}.der"))).unwrap());
        let own: Vec<SecretString> = settings
            .decryption
            .iter()
            .map(|name| fs::read_to_string(folder.join(format!("{name}.pem"))).unwrap().into())
            .collect();
        Self {
            settings: settings.clone(),
            keys: TrustedKeys::from_certificates(certificates).unwrap(),
            decryption: (!own.is_empty()).then(|| DecryptionKeys::from_pem(&own).unwrap()),
        }
    }

    /// The assertion, or the code of the refusal. What is not UTF-8 is judged by the gate, and once more as a form would
    /// hand it on, with characters in place of what cannot be read.
    pub(crate) fn judge(&self, document: &[u8]) -> Result<VerifiedAssertion, &'static str> {
        let settings = &self.settings;
        let expected = Expected {
            issuer: &settings.issuer,
            audience: &settings.audience,
            keys: &self.keys,
            decryption: self.decryption.as_ref(),
            accepts_sha1: settings.sha1,
            accepts_cbc: settings.cbc,
            requires_bearer: settings.bearer,
            longest_life: Duration::from_secs(settings.longest_life),
            skew: Duration::from_secs(settings.skew),
        };
        let now = Timestamp::from_secs(settings.now);
        let verify = |text: &str| response::verify(text, &expected, now).map_err(|error| error.code());
        match std::str::from_utf8(document) {
            Ok(text) => verify(text),
            Err(_) => {
                let refusal =
                    gate::admit(document, LARGEST_TOKEN).expect_err("the gate lets in what is no UTF-8");
                match verify(&String::from_utf8_lossy(document)) {
                    Ok(assertion) => Ok(assertion),
                    Err(_) => Err(refusal.code()),
                }
            }
        }
    }
}
