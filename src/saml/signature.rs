//! The one profile of XML Signature 1.1: an enveloped signature over the element that it stands in, canonical XML, one
//! reference, a key that is pinned. `KeyInfo` is never read; nothing is looked up by id. The signature is verified before
//! anything is hashed that a stranger chose.

use std::fmt;

use ring::digest::{self, digest};
use ring::signature::{self as ring_signature, VerificationAlgorithm};
use roxmltree::{Document, Node};

use super::canonical::canonical;
use super::gate::{self, DocumentError};
use super::trusted_keys::{KeyKind, TrustedKeys};
use super::xml::{self, DSIG, Misshapen};

const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Attributes of these names, in any case and namespace, are taken for ids.
const ID_NAMES: [&str; 2] = ["id", "assertionid"];
/// Prefixes of one PrefixList: each is looked up for every element.
pub const MOST_PREFIXES: usize = 16;
/// The largest canonical form of `SignedInfo`, in bytes: it is made before any key has been tried.
const LARGEST_SIGNED_INFO: usize = 64 * 1024;

/// What was signed, in the bytes that were signed: the only thing that may be read. Nothing outside this file makes one.
pub struct Signed(String);

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

impl Signed {
    /// Parses the signed bytes, which the signature itself is no part of.
    ///
    /// # Errors
    ///
    /// `NotWellFormed`, which would be a fault of ours.
    pub fn parse(&self) -> Result<Document<'_>, DocumentError> {
        gate::parse(&self.0)
    }
}

/// Why a signature does not count. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SignatureError {
    #[error("there is no signature")]
    Unsigned,
    #[error("there are several signatures, or one in the wrong place")]
    SignatureCount,
    #[error("the signature is not built as expected")]
    SignatureShape,
    #[error("what is signed has no id")]
    Id,
    #[error("two elements have the same id")]
    DuplicateId,
    #[error("the signature is not over exclusive canonical XML")]
    CanonicalizationAlgorithm,
    #[error("the signature's algorithm is not taken; have the IdP sign with SHA-256")]
    SignatureAlgorithm,
    #[error("the digest's algorithm is not taken; have the IdP sign with SHA-256")]
    DigestAlgorithm,
    #[error("the signature refers to none, to several or to other elements")]
    Reference,
    #[error("the signature is over something transformed in another way than expected")]
    Transforms,
    #[error("the signature is of no key that is trusted; compare the IdP's token-signing certificate")]
    SignatureValue,
    #[error("the content is not what was signed")]
    DigestValue,
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl SignatureError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::SignatureCount => "signature_count",
            Self::SignatureShape => "signature_shape",
            Self::Id => "id",
            Self::DuplicateId => "duplicate_id",
            Self::CanonicalizationAlgorithm => "c14n_alg",
            Self::SignatureAlgorithm => "signature_alg",
            Self::DigestAlgorithm => "digest_alg",
            Self::Reference => "reference",
            Self::Transforms => "transforms",
            Self::SignatureValue => "signature_value",
            Self::DigestValue => "digest_value",
            Self::Document(error) => error.code(),
        }
    }
}

impl From<Misshapen> for SignatureError {
    fn from(_: Misshapen) -> Self {
        Self::SignatureShape
    }
}

/// The document's only signature, a child of `element`; `None` where there is nothing of that name anywhere.
///
/// # Errors
///
/// `SignatureCount`.
pub fn enveloped<'a, 'input>(element: Node<'a, 'input>) -> Result<Option<Node<'a, 'input>>, SignatureError> {
    let mut named = element.document().descendants().filter(|node| node.tag_name().name() == "Signature");
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(one), None) if one.parent() == Some(element) && xml::is(one, DSIG, "Signature") => {
            Ok(Some(one))
        }
        _ => Err(SignatureError::SignatureCount),
    }
}

/// Verifies that `element`, whose id is the attribute `id_attribute` and whose canonical form has at most `largest` bytes, is
/// signed by one of `keys`.
///
/// # Errors
///
/// [`SignatureError`].
pub fn verify(
    element: Node<'_, '_>,
    id_attribute: &str,
    keys: &TrustedKeys,
    accepts_sha1: bool,
    largest: usize,
) -> Result<Signed, SignatureError> {
    let signature = enveloped(element)?.ok_or(SignatureError::Unsigned)?;
    let id = element.attribute(id_attribute).filter(|id| !id.is_empty()).ok_or(SignatureError::Id)?;
    ids_are_unique(element.document())?;
    let profile = Profile::read(signature, id, accepts_sha1)?;

    let signed_info =
        canonical(profile.signed_info, None, &profile.signed_info_prefixes, LARGEST_SIGNED_INFO)?;
    let Method { kind, algorithm, .. } = profile.method;
    if !keys.verify(*kind, *algorithm, signed_info.as_bytes(), &profile.value) {
        return Err(SignatureError::SignatureValue);
    }
    let content = canonical(element, Some(signature), &profile.prefixes, largest)?;
    if digest(profile.digest, content.as_bytes()).as_ref() != profile.digest_value {
        return Err(SignatureError::DigestValue);
    }
    Ok(Signed(content))
}

fn ids_are_unique(document: &Document<'_>) -> Result<(), SignatureError> {
    let mut ids: Vec<&str> = document
        .descendants()
        .flat_map(|node| node.attributes())
        .filter(|attribute| ID_NAMES.iter().any(|name| attribute.name().eq_ignore_ascii_case(name)))
        .map(|attribute| attribute.value())
        .collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) { Err(SignatureError::DuplicateId) } else { Ok(()) }
}

/// What a signature says, once it is known to be built as the profile wants it.
struct Profile<'a, 'input> {
    signed_info: Node<'a, 'input>,
    signed_info_prefixes: Vec<&'a str>,
    method: &'static Method,
    prefixes: Vec<&'a str>,
    digest: &'static digest::Algorithm,
    digest_value: Vec<u8>,
    value: Vec<u8>,
}

impl<'a, 'input: 'a> Profile<'a, 'input> {
    fn read(signature: Node<'a, 'input>, id: &str, accepts_sha1: bool) -> Result<Self, SignatureError> {
        use SignatureError as E;

        let [signed_info, value] = children(signature, ["SignedInfo", "SignatureValue"], Some("KeyInfo"))?;
        let parts = ["CanonicalizationMethod", "SignatureMethod", "Reference"];
        let [c14n, method, reference] = match xml::named(signed_info, DSIG, "Reference").count() {
            1 => children(signed_info, parts, None)?,
            _ => return Err(E::Reference),
        };
        let signed_info_prefixes = exclusive(c14n).ok_or(E::CanonicalizationAlgorithm)?;
        let method = Method::of(method, accepts_sha1).ok_or(E::SignatureAlgorithm)?;

        if reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')) != Some(id) {
            return Err(E::Reference);
        }
        let [transforms, digest, digest_value] =
            children(reference, ["Transforms", "DigestMethod", "DigestValue"], None)?;
        let [enveloped, exclusively] =
            children(transforms, ["Transform", "Transform"], None).map_err(|_| E::Transforms)?;
        if algorithm(enveloped) != Some(ENVELOPED) {
            return Err(E::Transforms);
        }
        let prefixes = exclusive(exclusively).ok_or(E::Transforms)?;
        let digest =
            algorithm(digest).and_then(|name| digest_of(name, accepts_sha1)).ok_or(E::DigestAlgorithm)?;
        let (digest_value, value) = (xml::binary(digest_value)?, xml::binary(value)?);
        Ok(Self { signed_info, signed_info_prefixes, method, prefixes, digest, digest_value, value })
    }
}

/// The child elements, which must be exactly these, in this order, and perhaps the optional one at the end.
fn children<'a, 'input: 'a, const N: usize>(
    parent: Node<'a, 'input>,
    names: [&str; N],
    optional: Option<&str>,
) -> Result<[Node<'a, 'input>; N], Misshapen> {
    let found: Vec<_> = xml::elements(parent).collect();
    let (wanted, rest) = found.split_first_chunk::<N>().ok_or(Misshapen)?;
    let all_fit = wanted.iter().zip(names).all(|(node, name)| xml::is(*node, DSIG, name));
    let rest_fits = match rest {
        [] => true,
        [one] => optional.is_some_and(|name| xml::is(*one, DSIG, name)),
        _ => false,
    };
    if all_fit && rest_fits { Ok(*wanted) } else { Err(Misshapen) }
}

/// The algorithm that an element without content names.
fn algorithm<'a>(method: Node<'a, '_>) -> Option<&'a str> {
    xml::elements(method).next().is_none().then(|| method.attribute("Algorithm"))?
}

/// The PrefixList of exclusive canonicalization (section 4), where that is what the element names.
fn exclusive<'a, 'input: 'a>(method: Node<'a, 'input>) -> Option<Vec<&'a str>> {
    if method.attribute("Algorithm") != Some(EXCLUSIVE_C14N) {
        return None;
    }
    let mut content = xml::elements(method);
    let Some(inclusive) = content.next() else { return Some(Vec::new()) };
    let is_empty = xml::elements(inclusive).next().is_none();
    if content.next().is_some() || !is_empty || !xml::is(inclusive, EXCLUSIVE_C14N, "InclusiveNamespaces") {
        return None;
    }
    let list = inclusive.attribute("PrefixList").unwrap_or_default().split_ascii_whitespace();
    let prefixes: Vec<_> =
        list.map(|prefix| if prefix == "#default" { "" } else { prefix }).take(MOST_PREFIXES + 1).collect();
    (prefixes.len() <= MOST_PREFIXES).then_some(prefixes)
}

/// A signature method (XML Signature 1.1 section 6.4, RFC 6931 section 2.3), and how it is verified. That of ECDSA is in
/// the form r, s.
struct Method {
    name: &'static str,
    kind: KeyKind,
    algorithm: &'static dyn VerificationAlgorithm,
}

const METHODS: [Method; 5] = [
    Method {
        name: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        kind: KeyKind::Rsa,
        algorithm: &ring_signature::RSA_PKCS1_2048_8192_SHA256,
    },
    Method {
        name: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        kind: KeyKind::Rsa,
        algorithm: &ring_signature::RSA_PKCS1_2048_8192_SHA384,
    },
    Method {
        name: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        kind: KeyKind::Rsa,
        algorithm: &ring_signature::RSA_PKCS1_2048_8192_SHA512,
    },
    Method {
        name: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        kind: KeyKind::P256,
        algorithm: &ring_signature::ECDSA_P256_SHA256_FIXED,
    },
    Method {
        name: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        kind: KeyKind::P384,
        algorithm: &ring_signature::ECDSA_P384_SHA384_FIXED,
    },
];

const RSA_SHA1: Method = Method {
    name: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    kind: KeyKind::Rsa,
    algorithm: &ring_signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
};

impl Method {
    fn of(element: Node<'_, '_>, accepts_sha1: bool) -> Option<&'static Self> {
        let name = algorithm(element)?;
        let sha1 = accepts_sha1.then_some(&RSA_SHA1);
        METHODS.iter().chain(sha1).find(|method| method.name == name)
    }
}

/// XML Signature 1.1 section 6.2.
fn digest_of(name: &str, accepts_sha1: bool) -> Option<&'static digest::Algorithm> {
    match name {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Some(&digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(&digest::SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(&digest::SHA512),
        "http://www.w3.org/2000/09/xmldsig#sha1" if accepts_sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        _ => None,
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
