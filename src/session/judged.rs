//! What the environment's rules said of a session when they were asked, kept with it.

use serde::{Deserialize, Serialize};

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// The rules are not met.
    NotMet,
    /// The IdP says that there are more groups than it tells (Entra's overage), and with those it tells the rules are not met.
    GroupsNotTold,
}

impl Denial {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotMet => "access_denied",
            Self::GroupsNotTold => "groups_not_told",
        }
    }

    /// A plain sentence for the person.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotMet => "Your account is not one that may use this site.",
            Self::GroupsNotTold => {
                "Your account is in more groups than your organisation's sign-in service tells this site, so it cannot see whether you may use it."
            }
        }
    }
}
