//! The one profile of XML Signature 1.1.

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
        }
    }
}
