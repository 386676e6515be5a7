//! What an OpenID Provider says, decides and signs. No I/O and no clock: state machines that are told the time.
//!
//! The test IdP ([`crate::idp`]) is built on it. A request travels through the files in this order:
//! [`params`] → [`authorization_request`] → [`prompt`] → [`grants`] (code) → [`token_request`] → [`client`] →
//! [`grants`] (tokens) → [`id_token`] → [`jws`].
//!
//! As a WS-Federation 1.2 passive issuer: [`passive_request`] → [`assertion`] → [`xml_signature`] → [`xml_encryption`] →
//! [`token_response`]; [`federation_metadata`] tells relying parties about it.

pub mod assertion;
pub mod authorization_request;
pub mod authorization_response;
pub mod bearer;
pub mod certificate;
pub mod client;
pub mod client_assertion;
pub mod discovery;
pub mod error;
pub mod federation_metadata;
pub mod grant_rules;
pub mod grants;
pub mod id_token;
pub mod jws;
pub mod key_ring;
pub mod keys;
pub mod logout_token;
pub mod params;
pub mod passive_request;
pub mod pkce;
pub mod prompt;
pub mod pushed_requests;
pub mod token_request;
pub mod token_response;
pub mod xml;
pub mod xml_encryption;
pub mod xml_signature;
