//! WS-Federation 1.2, the passive requestor profile, as a relying party speaks it. No I/O, no clock, no sessions.
//!
//! | file | specification |
//! |---|---|
//! | [`response`] | `wresult`: RequestSecurityTokenResponse of WS-Trust February 2005 and 1.3 |
//! | [`metadata`] | federation metadata, WS-Federation 1.2 section 3 |

pub mod metadata;
pub mod response;
