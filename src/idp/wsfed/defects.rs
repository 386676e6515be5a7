//! Tokens that no relying party may accept.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::defects::{TokenDefect, WRONG_ISSUER, WRONG_SUBJECT};
use super::super::fault_mode::Mode;
use crate::issuer::assertion::{Assertion, Confirmation, ECHO};
use crate::issuer::jws::{self, Object};
use crate::issuer::keys::{Algorithm, KeyError, SigningKey};
use crate::issuer::xml_encryption::{Cipher, KeyTransport, Recipient};
use crate::issuer::xml_signature::{HMAC_SHA256, Hash, Signature, signed_info};
use crate::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);
/// A relying party that nobody is.
const WRONG_REALM: &str = "urn:another-relying-party";
const SECEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const BASE64_BINARY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
const CONDITIONS_END: &str = "</saml:Conditions>";
/// What an issuer says that will not (WS-Federation section 13.1.3).
const FAULT: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault>\
    <s:Code><s:Value>s:Sender</s:Value></s:Code>\
    <s:Reason><s:Text xml:lang=\"en\">fault on demand</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>";
/// A document type before the document.
pub(super) const DOCTYPE: &str = "<!DOCTYPE t [<!ENTITY who \"mallory\">]>";

/// What is wrong with a token. The first eight are asked for by the names that they have at ID tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SamlDefect {
    WrongIss,
    WrongAud,
    MissingAud,
    /// Of somebody else, and good otherwise.
    WrongSub,
    /// The subject has no name.
    MissingSub,
    /// Over for an hour, and made two hours ago.
    Expired,
    BadSig,
    /// Signed by a MAC whose key everybody knows: the public key.
    Hs256,
    /// No signature.
    Unsigned,
    /// Signed by a key that nobody knows, whose certificate comes along.
    EmbeddedKey,
    /// SHA-1 in the digest and, with an RSA key, in the signature.
    Sha1,
    /// It counts in an hour.
    NotYet,
    /// It counts for thirty days.
    TooLong,
    NoConditions,
    /// A condition of a kind that does not exist.
    UnknownCondition,
    /// Nothing says what makes whoever shows it the subject.
    NoConfirmation,
    HolderOfKey,
    /// It does not say when and how the person signed in.
    NoAuthn,
    TwoAssertions,
    Xsw1,
    Xsw2,
    Xsw3,
    Xsw4,
    Xsw5,
    Xsw6,
    Xsw7,
    Xsw8,
    /// A comment in the name, which no signature sees.
    CommentInNameId,
    /// A processing instruction in the name, which the signature covers.
    ProcessingInstruction,
    Doctype,
    TwoRstr,
    SoapFault,
    /// A JWT in the response.
    Jwt,
    /// A JWT instead of the response.
    BareJwt,
    /// Made ten minutes before it was asked for.
    StaleInstant,
    /// Made in ten minutes.
    FutureInstant,
    NoEcho,
    WrongEcho,
    EncryptedCbc,
    EncryptedGcm,
    /// Encrypted, and not signed inside.
    EncryptedUnsigned,
    /// Encrypted, the key by RSA with PKCS #1 v1.5 padding.
    Rsa15,
}

impl SamlDefect {
    /// As a fault asks for it.
    pub(crate) const fn of(mode: Mode) -> Option<Self> {
        Some(match mode {
            Mode::Saml(defect) => defect,
            Mode::Token(TokenDefect::WrongIss) => Self::WrongIss,
            Mode::Token(TokenDefect::WrongAud) => Self::WrongAud,
            Mode::Token(TokenDefect::MissingAud) => Self::MissingAud,
            Mode::Token(TokenDefect::WrongSub) => Self::WrongSub,
            Mode::Token(TokenDefect::MissingSub) => Self::MissingSub,
            Mode::Token(TokenDefect::Expired) => Self::Expired,
            Mode::Token(TokenDefect::BadSig) => Self::BadSig,
            Mode::Token(TokenDefect::Hs256) => Self::Hs256,
            _ => return None,
        })
    }
}

/// What is posted instead of a response.
pub(super) fn instead(
    defect: SamlDefect,
    key: &SigningKey,
    assertion: &Assertion,
) -> Result<Option<String>, KeyError> {
    Ok(match defect {
        SamlDefect::BareJwt => Some(jws::sign(key, &claims(assertion))?),
        SamlDefect::SoapFault => Some(FAULT.to_owned()),
        _ => None,
    })
}

/// What stands where an assertion would.
pub(super) fn jwt(key: &SigningKey, assertion: &Assertion) -> Result<String, KeyError> {
    let token = BASE64_STANDARD.encode(jws::sign(key, &claims(assertion))?);
    Ok(format!(
        "<wsse:BinarySecurityToken xmlns:wsse=\"{SECEXT}\" ValueType=\"urn:ietf:params:oauth:token-type:jwt\" \
         EncodingType=\"{BASE64_BINARY}\">{token}</wsse:BinarySecurityToken>"
    ))
}

fn claims(assertion: &Assertion) -> Object {
    Object::from_iter([
        ("iss".to_owned(), json!(assertion.issuer)),
        ("aud".to_owned(), json!(assertion.audience)),
        ("sub".to_owned(), json!(assertion.name_id)),
        ("iat".to_owned(), json!(assertion.issued_at.as_secs())),
        ("exp".to_owned(), json!(assertion.not_on_or_after.as_secs())),
    ])
}

/// Changes what an assertion says.
pub(super) fn spoil(assertion: &mut Assertion, defect: SamlDefect) {
    let made = assertion.issued_at;
    match defect {
        SamlDefect::WrongIss => assertion.issuer = WRONG_ISSUER.to_owned(),
        SamlDefect::WrongAud => assertion.audience = Some(WRONG_REALM.to_owned()),
        SamlDefect::MissingAud => assertion.audience = None,
        SamlDefect::WrongSub => impersonate(assertion),
        SamlDefect::MissingSub => assertion.name_id = None,
        SamlDefect::Expired => {
            assertion.issued_at = made.minus(2 * HOUR);
            assertion.not_before = made.minus(2 * HOUR);
            assertion.not_on_or_after = made.minus(HOUR);
        }
        SamlDefect::NotYet => {
            assertion.not_before = made.plus(HOUR);
            assertion.not_on_or_after = made.plus(2 * HOUR);
        }
        SamlDefect::TooLong => assertion.not_on_or_after = made.plus(30 * 24 * HOUR),
        SamlDefect::StaleInstant => {
            assertion.issued_at = made.minus(HOUR / 6);
            assertion.not_before = made.minus(HOUR / 6);
        }
        SamlDefect::FutureInstant => assertion.issued_at = made.plus(HOUR / 6),
        SamlDefect::NoConfirmation => assertion.confirmation = None,
        SamlDefect::HolderOfKey => assertion.confirmation = Some(Confirmation::HolderOfKey),
        SamlDefect::NoAuthn => assertion.authentication = None,
        SamlDefect::NoEcho => assertion.claims.retain(|(uri, _)| uri != ECHO),
        SamlDefect::WrongEcho => {
            assertion.claims.retain(|(uri, _)| uri != ECHO);
            assertion.claims.push((ECHO.to_owned(), vec![Assertion::echo_of("another")]));
        }
        _ => {}
    }
}

/// Makes it speak of somebody else, by whatever a relying party may take for the person's name.
pub(super) fn impersonate(assertion: &mut Assertion) {
    assertion.name_id = Some(WRONG_SUBJECT.to_owned());
    for (_, values) in assertion.claims.iter_mut().filter(|(uri, _)| uri != ECHO) {
        values.iter_mut().for_each(|value| WRONG_SUBJECT.clone_into(value));
    }
}

/// Changes the text of an assertion before it is signed.
pub(super) fn rewrite(canonical: String, defect: SamlDefect) -> String {
    match defect {
        SamlDefect::NoConditions => {
            match (canonical.find("<saml:Conditions"), canonical.split_once(CONDITIONS_END)) {
                (Some(from), Some((_, rest))) => format!("{}{rest}", &canonical[..from]),
                _ => canonical,
            }
        }
        SamlDefect::UnknownCondition => {
            let unknown = "<x:OnlyOnSundays xmlns:x=\"urn:hourgate:test-idp:conditions\"></x:OnlyOnSundays>";
            canonical.replacen(CONDITIONS_END, &format!("{unknown}{CONDITIONS_END}"), 1)
        }
        SamlDefect::ProcessingInstruction => into_name(canonical, "<?name ends?>"),
        _ => canonical,
    }
}

/// Changes the text of an assertion that has been signed.
pub(super) fn rewrite_signed(signed: String, defect: SamlDefect) -> String {
    match defect {
        SamlDefect::CommentInNameId => into_name(signed, "<!---->"),
        _ => signed,
    }
}

/// Puts something after the first letter of the first name.
fn into_name(text: String, what: &str) -> String {
    let name = text.find("<saml:NameI").and_then(|at| Some(at + text.get(at..)?.find('>')? + 1));
    let Some(letter) = name.and_then(|at| Some((at, text.get(at..)?.chars().next()?))) else { return text };
    // What is escaped stays in one piece.
    let at = if letter.1 == '&' { letter.0 } else { letter.0 + letter.1.len_utf8() };
    format!("{}{what}{}", &text[..at], &text[at..])
}

/// The signature of an element in canonical form.
pub(super) fn signature(
    key: &SigningKey,
    certificate: &[u8],
    id: &str,
    canonical: &str,
    defect: Option<SamlDefect>,
) -> Result<String, KeyError> {
    let sign = |hash| Signature::of((key, certificate), id, canonical, hash);
    let signature = match defect {
        Some(SamlDefect::Unsigned | SamlDefect::EncryptedUnsigned) => return Ok(String::new()),
        Some(SamlDefect::EmbeddedKey) => {
            let rogue = SigningKey::generate(Algorithm::Es256)?;
            let certificate = rogue.certificate("rogue", Timestamp::EPOCH)?;
            Signature::of((&rogue, certificate), id, canonical, Hash::Sha256)?
        }
        Some(SamlDefect::Sha1) => sign(Hash::Sha1)?,
        Some(SamlDefect::BadSig) => {
            let mut signature = sign(Hash::Sha256)?;
            signature.value.iter_mut().for_each(|byte| *byte ^= 0x55);
            signature
        }
        Some(SamlDefect::Hs256) => {
            let signed_info = signed_info(HMAC_SHA256, id, canonical, Hash::Sha256);
            let public = hmac::Key::new(hmac::HMAC_SHA256, key.public_key());
            let value = hmac::sign(&public, signed_info.as_bytes()).as_ref().to_vec();
            Signature { signed_info, value, certificate: certificate.to_vec() }
        }
        _ => sign(Hash::Sha256)?,
    };
    Ok(signature.to_xml())
}

/// Whom the token is encrypted for, and how: for nobody where a defect wants it encrypted and no certificate is registered.
pub(super) fn encryption(
    defect: SamlDefect,
    registered: Option<(Recipient, Cipher)>,
) -> Option<(Recipient, Cipher, KeyTransport)> {
    let (cipher, transport) = match defect {
        SamlDefect::EncryptedCbc => (Some(Cipher::Cbc), KeyTransport::Oaep),
        SamlDefect::EncryptedGcm => (Some(Cipher::Gcm), KeyTransport::Oaep),
        SamlDefect::EncryptedUnsigned => (None, KeyTransport::Oaep),
        SamlDefect::Rsa15 => (None, KeyTransport::Pkcs1),
        _ => return registered.map(|(recipient, cipher)| (recipient, cipher, KeyTransport::Oaep)),
    };
    let (recipient, usual) = registered.unwrap_or((Recipient::nobody(), Cipher::Gcm));
    Some((recipient, cipher.unwrap_or(usual), transport))
}
