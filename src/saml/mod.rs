//! SAML assertions, 1.1 and 2.0, and the one XML signature profile that they may have. No I/O, no clock.
//!
//! Text comes in through the [`gate`], is parsed once, and an assertion is verified over the bytes of its canonical form;
//! these bytes are parsed again, and nothing else is read. Not a library of XML Signature: one profile, no key from
//! the document, no look-up by id, no transform that a stranger could choose.
//!
//! | file | specification |
//! |---|---|
//! | [`gate`] | what may reach the XML parser at all; XML 1.0 section 2.11 (line ends) |
//! | [`xml`] | names and texts of a parsed document |
//! | [`canonical`] | Exclusive XML Canonicalization 1.0, without comments |
//! | [`signature`] | XML Signature 1.1: enveloped, one reference, RSA and ECDSA with SHA-2 |
//! | [`trusted_keys`] | the pinned keys of an issuer |
//! | [`decrypt`] | XML Encryption 1.1: RSA-OAEP with AES-GCM, and AES-CBC where told |
//! | [`assertion`] | what an assertion must agree with, and what it then says |
//! | `v1_1`, `v2_0`, `statements` | saml-core-1.1 and saml-core-2.0, section 2, read |
//! | `judge` | the same, judged |
//! | [`instant`] | `xs:dateTime` with an offset |

pub mod assertion;
pub mod canonical;
pub mod decrypt;
mod error;
pub mod gate;
pub mod instant;
mod judge;
pub(crate) mod samples;
pub mod signature;
mod statements;
pub mod trusted_keys;
mod v1_1;
mod v2_0;
pub mod xml;

pub use assertion::{Expected, VerifiedAssertion, Version, is_token_name, verify};
pub use decrypt::{DecryptionError, DecryptionKeyError, DecryptionKeys};
pub use error::AssertionError;
pub use gate::DocumentError;
pub use signature::SignatureError;
pub use trusted_keys::{CertificateError, TrustedKeys};
