//! WS-Federation 1.2, the passive requestor profile, as a relying party speaks it. No I/O, no clock, no sessions.
//!
//! | file | specification |
//! |---|---|
//! | [`sign_in`] | the request, and the form that comes back: WS-Federation 1.2 section 13 |
//! | [`response`] | `wresult`: RequestSecurityTokenResponse of WS-Trust February 2005 and 1.3 |
//! | [`sign_out`] | sign-out, and clean-up by way of the browser: section 13.2.4 |
//! | [`metadata`] | federation metadata, WS-Federation 1.2 section 3 |

pub mod metadata;
pub mod response;
pub mod sign_in;
pub mod sign_out;
