//! What strangers, identity providers and operators can send, and what must hold whatever they send. Each target is one
//! function with its oracle: it panics where the product is wrong, and tells whether the product took the input. libFuzzer runs them (`fuzz_targets/`), and so do the
//! property tests on stable (`properties.rs`).
//!
//! An oracle does not ask the product whether the product is right: it reads the input for itself ([`json`], [`text`],
//! [`keys`] with `ring`, `url` as a browser would), or knows because it minted the thing ([`world`]).

pub mod edits;
pub mod json;
pub mod jwt;
pub mod keys;
pub mod text;
pub mod world;

pub mod callback;
pub mod config;
pub mod cookies;
pub mod documents;
pub mod edge;
pub mod federation_metadata;
pub mod id_token;
pub mod key_file;
pub mod logout_token;
pub mod records;
pub mod return_to;
pub mod saml_response;
pub mod state;
pub mod token_answer;
pub mod xml_gate;
