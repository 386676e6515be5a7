//! That the narrow verifier of SAML assertions holds: what somebody else signed, what libxml2 says, and what comes of either
//! by chance.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, and its helpers do too")]
#![expect(clippy::print_stdout, reason = "the figures are for whoever runs it with --nocapture")]

mod canonical;
mod corpus;
mod documents;
mod identity;
mod microsoft;
mod mutations;
mod npm;
mod workshop;
