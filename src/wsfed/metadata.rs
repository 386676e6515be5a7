//! Federation metadata: where an IdP is, and which keys it signs with.

use url::Url;

use crate::saml::{CertificateError, DocumentError, SignatureError, TrustedKeys};

/// The largest document, in bytes; those of AD FS have 70 KB.
pub const LARGEST: usize = 1024 * 1024;

/// What an IdP says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationMetadata {
    /// Its name, the issuer of its tokens.
    pub entity_id: String,
    /// Where browsers are sent to sign in.
    pub sign_in_url: Url,
    /// Where browsers are sent to sign out: the same place.
    pub sign_out_url: Url,
    /// The keys that it signs tokens with.
    pub keys: TrustedKeys,
    /// Whether it says that it is the bundled test IdP.
    pub is_test_idp: bool,
}

/// Why metadata is refused; what was known before stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MetadataError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("its token-signing certificates cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    #[error("it is no EntityDescriptor of SAML metadata")]
    Root,
    #[error("it is of another entity than the configured issuer")]
    EntityId,
    #[error("it describes no security token service (RoleDescriptor of type fed:SecurityTokenServiceType)")]
    Role,
    #[error("its PassiveRequestorEndpoint is missing, or is no http(s) address")]
    Endpoint,
    #[error("one of its KeyDescriptors cannot be read")]
    KeyDescriptor,
}

/// Reads federation metadata of `issuer`. A signature that is there must be of one of the keys that the document itself
/// names; with `signed_by` there must be one, of one of those.
///
/// # Errors
///
/// [`MetadataError`].
pub fn parse(
    document: &[u8],
    issuer: &str,
    signed_by: Option<&TrustedKeys>,
) -> Result<FederationMetadata, MetadataError> {
    let _ = (document, issuer, signed_by);
    Err(MetadataError::Root)
}
