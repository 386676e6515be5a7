//! OpenID Connect as a relying party speaks it: builds and judges messages over the `openidconnect` crate, sends none.
//! No I/O, no clock, no sessions.
//!
//! | file | specification |
//! |---|---|
//! | [`metadata`] | Discovery 1.0 sections 3 and 4 |
//! | [`authorization`] | Core 1.0 section 3.1.2, RFC 7636 (PKCE), RFC 9207 (`iss`) |
//! | [`pushed_authorization`] | RFC 9126 |
//! | [`client_assertion`] | RFC 7523 section 3, Core 1.0 section 9 |
//! | [`token`] | Core 1.0 sections 3.1.3 and 12, RFC 6749 section 5 |
//! | [`jws`], [`keys`] | RFC 7515, RFC 7517, RFC 8725 |
//! | [`id_token`] | Core 1.0 sections 2 and 3.1.3.7, RFC 8725 |
//! | [`userinfo`] | Core 1.0 section 5.3 |
//! | [`rp_initiated_logout`] | RP-Initiated Logout 1.0 |
//! | [`logout_token`] | Back-Channel Logout 1.0 sections 2.4 and 2.6 |

pub mod algorithm;
pub mod authorization;
pub mod client_assertion;
pub mod id_token;
pub mod json;
pub mod jws;
pub mod keys;
mod lenient_json;
pub mod logout_token;
pub mod metadata;
pub mod pushed_authorization;
pub mod rp_initiated_logout;
pub mod token;
pub mod userinfo;
