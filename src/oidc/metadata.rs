//! Provider metadata (Discovery 1.0 section 3) and keys (RFC 7517), as they are cached.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, EndSessionUrl};
use serde::{Deserialize, Serialize};
use url::Url;

use super::strict_json;

/// More keys than this in a set are refused: nobody rotates so fast.
const MOST_KEYS: usize = 100;

/// The members that are not in Discovery 1.0 itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Additional {
    /// RP-Initiated Logout 1.0 section 2.1.
    pub end_session_endpoint: Option<EndSessionUrl>,
    /// RFC 9207 section 3: does every authorization response carry `iss`?
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// RFC 8414 section 2.
    pub revocation_endpoint: Option<Url>,
    /// RFC 9126 section 5.
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// RFC 9126 section 5: is every request to be pushed?
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// Is this a test IdP, which lets in whoever asks? `hourgate-idp` says so of itself, and nothing else has this member.
    #[serde(default)]
    pub hourgate_test_idp: bool,
}

impl AdditionalProviderMetadata for Additional {}

/// An OpenID Provider's metadata.
pub type ProviderMetadata = openidconnect::ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A provider's document is not usable.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not the JSON that the specification asks for.
    #[error("the document is not valid: {0}")]
    Malformed(#[from] serde_json::Error),
    /// JSON, but not an object.
    #[error("the document is not a JSON object")]
    NotAnObject,
    /// Discovery section 4.3: the issuer must be identical, byte for byte.
    #[error(
        "it says its issuer is {found:?}, but the configuration says {expected:?}; they must be identical"
    )]
    IssuerMismatch {
        /// What the configuration says.
        expected: String,
        /// What the document says.
        found: String,
    },
    /// An endpoint that the code flow needs is not there.
    #[error("it names no {0}")]
    Missing(&'static str),
    /// An endpoint is less protected than the issuer itself.
    #[error("its {0} is plain HTTP although the issuer is HTTPS")]
    NotHttps(&'static str),
    /// The document of a test IdP, where none is allowed (OPS-13).
    #[error("it is of a test identity provider, which lets in whoever asks; danger.insecure_test_idp is off")]
    TestIdp,
    /// A key set without a key, or with too many.
    #[error("it holds {0} usable keys")]
    KeyCount(usize),
}

/// Where the metadata of `issuer` lies (Discovery section 4.1).
#[must_use]
pub fn well_known(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Reads metadata that was fetched for `issuer`.
///
/// # Errors
///
/// Where it is malformed, of another issuer, or lacks what the code flow needs.
pub fn parse(issuer: &str, document: &[u8]) -> Result<ProviderMetadata, DocumentError> {
    let metadata: ProviderMetadata = serde_json::from_slice(document)?;
    if metadata.issuer().as_str() != issuer {
        let found = metadata.issuer().as_str().to_owned();
        return Err(DocumentError::IssuerMismatch { expected: issuer.to_owned(), found });
    }
    let token_endpoint = metadata.token_endpoint().ok_or(DocumentError::Missing("token_endpoint"))?;
    let endpoints = [
        ("authorization_endpoint", Some(metadata.authorization_endpoint().url())),
        ("token_endpoint", Some(token_endpoint.url())),
        ("jwks_uri", Some(metadata.jwks_uri().url())),
        ("userinfo_endpoint", metadata.userinfo_endpoint().map(|url| url.url())),
        (
            "end_session_endpoint",
            metadata.additional_metadata().end_session_endpoint.as_ref().map(|url| url.url()),
        ),
        ("revocation_endpoint", metadata.additional_metadata().revocation_endpoint.as_ref()),
        (
            "pushed_authorization_request_endpoint",
            metadata.additional_metadata().pushed_authorization_request_endpoint.as_ref(),
        ),
    ];
    for (name, url) in endpoints {
        if issuer.starts_with("https:") && url.is_some_and(|url| url.scheme() != "https") {
            return Err(DocumentError::NotHttps(name));
        }
    }
    Ok(metadata)
}

/// Reads a key set. An empty one is an error: it replaces nothing (KEY-05).
///
/// # Errors
///
/// Where it is malformed, empty or absurdly large.
pub fn parse_keys(document: &[u8]) -> Result<CoreJsonWebKeySet, DocumentError> {
    if !strict_json::is_object(document) {
        return Err(DocumentError::NotAnObject);
    }
    let keys: CoreJsonWebKeySet = serde_json::from_slice(document)?;
    match keys.keys().len() {
        1..=MOST_KEYS => Ok(keys),
        count => Err(DocumentError::KeyCount(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_is_an_object_with_keys() {
        let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert!(parse_keys(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).is_ok());
        for other in [format!("[[{key}]]"), format!("[{key}]"), key.to_owned(), r#"{"keys":[]}"#.to_owned()] {
            assert!(parse_keys(other.as_bytes()).is_err(), "{other}");
        }
    }
}
