//! What an operator may set about codes and tokens.

use std::time::Duration;

/// How long things live from their making. A refresh token starts anew with each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// The code; [`Lifetimes::LONGEST_CODE`] at most.
    pub code: Duration,
    /// The access token.
    pub access_token: Duration,
    /// The refresh token, unused.
    pub refresh_token: Duration,
}

impl Lifetimes {
    /// The longest life of a code.
    pub const LONGEST_CODE: Duration = Duration::from_secs(60);
}

/// What a use of a refresh token does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Nothing: the token stays, and no other is handed out.
    None,
    /// The token is replaced.
    Rotate {
        /// For so long after its first use the replaced token still gets its successor, as long as that is unused.
        grace: Duration,
        /// A later use of a replaced token revokes the grant (OAuth 2.0 Security BCP, RFC 9700 section 4.14.2).
        reuse_detection: bool,
    },
}

impl Rotation {
    /// The longest grace: it is for answers lost on the way, not for sharing tokens.
    pub const LONGEST_GRACE: Duration = Duration::from_secs(30);
}
