//! What an assertion must agree with, and what it then says.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use roxmltree::Node;

use super::judge::judge;
use super::signature::Signed;
use super::xml::{self, SAML_1, SAML_2, XENC};
use super::{AssertionError, DecryptionKeys, TrustedKeys, decrypt, gate, signature, v1_1, v2_0};
use crate::time::Timestamp;

/// What tokens are named; nothing else in a document may have such a name, whatever its namespace.
const TOKEN_NAMES: [&str; 3] = ["Assertion", "EncryptedAssertion", "EncryptedData"];

/// The largest canonical form of an assertion, in bytes.
const LARGEST_FORM: usize = 4 * gate::LARGEST_TOKEN;

/// What an assertion must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, byte for byte.
    pub issuer: &'a str,
    /// Our own name at the issuer, `wtrealm`, byte for byte.
    pub audience: &'a str,
    /// The keys that the issuer signs with.
    pub keys: &'a TrustedKeys,
    /// Our own keys, where tokens may come encrypted.
    pub decryption: Option<&'a DecryptionKeys>,
    /// Whether signatures and digests with SHA-1 are taken.
    pub accepts_sha1: bool,
    /// Whether AES in CBC mode is taken, which does not authenticate what it hides.
    pub accepts_cbc: bool,
    /// Whether an assertion must say that it is for its bearer. One that says anything else is never taken.
    pub requires_bearer: bool,
    /// The longest that an assertion may be valid.
    pub longest_life: Duration,
    /// How far the issuer's clock may be off.
    pub skew: Duration,
}

/// The version of SAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SAML 1.1.
    V1_1,
    /// SAML 2.0.
    V2_0,
}

/// What an assertion says that passed every check. Nothing outside this room makes one.
#[derive(Clone)]
pub struct VerifiedAssertion {
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) issuer: String,
    pub(super) name_id: Option<String>,
    pub(super) claims: BTreeMap<String, Vec<String>>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) session_ends: Option<Timestamp>,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) authentication_method: Option<String>,
    pub(super) session_index: Option<String>,
}

/// Nothing of the person.
impl fmt::Debug for VerifiedAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedAssertion").field("version", &self.version).finish_non_exhaustive()
    }
}

impl VerifiedAssertion {
    /// Its id, which the issuer gives only once.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which SAML it is.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Who issued it: the expected issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `NameID`, `NameIdentifier`; `None` where there is none, or an empty one.
    #[must_use]
    pub fn name_id(&self) -> Option<&str> {
        self.name_id.as_deref()
    }

    /// Claim URI to values, in the order of the assertion; of SAML 1.1, `AttributeNamespace/AttributeName`.
    #[must_use]
    pub const fn claims(&self) -> &BTreeMap<String, Vec<String>> {
        &self.claims
    }

    /// The one value of a claim; `None` where it is absent or has several.
    #[must_use]
    pub fn claim(&self, uri: &str) -> Option<&str> {
        match self.claims.get(uri)?.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }

    /// `IssueInstant`.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `NotOnOrAfter` of its conditions, without leeway.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// `SessionNotOnOrAfter` (SAML 2.0 only).
    #[must_use]
    pub const fn session_ends(&self) -> Option<Timestamp> {
        self.session_ends
    }

    /// When credentials were entered, as far as the issuer says: it is not compared with any clock here.
    #[must_use]
    pub const fn authenticated_at(&self) -> Option<Timestamp> {
        self.authenticated_at
    }

    /// `AuthenticationMethod`, `AuthnContextClassRef`.
    #[must_use]
    pub fn authentication_method(&self) -> Option<&str> {
        self.authentication_method.as_deref()
    }

    /// `SessionIndex` (SAML 2.0 only).
    #[must_use]
    pub fn session_index(&self) -> Option<&str> {
        self.session_index.as_deref()
    }
}

/// Does an element of this local name look like a token?
#[must_use]
pub fn is_token_name(name: &str) -> bool {
    TOKEN_NAMES.contains(&name)
}

/// Verifies the only token of a document: an `Assertion` of SAML 1.1 or 2.0, `EncryptedAssertion` or `EncryptedData`.
///
/// # Errors
///
/// [`AssertionError`].
pub fn verify(
    token: Node<'_, '_>,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedAssertion, AssertionError> {
    let is_encrypted = xml::is(token, XENC, "EncryptedData") || xml::is(token, SAML_2, "EncryptedAssertion");
    let (signed, version) = if is_encrypted {
        decrypt::decrypt(token, expected.decryption, expected.accepts_cbc, |token| signed(token, expected))?
    } else {
        signed(token, expected)?
    };
    let document = signed.parse()?;
    let assertion = document.root_element();
    let said = match version {
        Version::V1_1 => v1_1::read(assertion)?,
        Version::V2_0 => v2_0::read(assertion)?,
    };
    judge(said, expected, now)
}

/// What is signed of an assertion, and which SAML its name is of.
fn signed(assertion: Node<'_, '_>, expected: &Expected<'_>) -> Result<(Signed, Version), AssertionError> {
    let (id_attribute, version) = match assertion.tag_name().namespace() {
        Some(SAML_1) if assertion.tag_name().name() == "Assertion" => ("AssertionID", Version::V1_1),
        Some(SAML_2) if assertion.tag_name().name() == "Assertion" => ("ID", Version::V2_0),
        _ => return Err(AssertionError::TokenType),
    };
    let tokens = assertion.document().descendants().filter(|node| is_token_name(node.tag_name().name()));
    if tokens.count() != 1 {
        return Err(AssertionError::AssertionCount);
    }
    let signed =
        signature::verify(assertion, id_attribute, expected.keys, expected.accepts_sha1, LARGEST_FORM)?;
    Ok((signed, version))
}
