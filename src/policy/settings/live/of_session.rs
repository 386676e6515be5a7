//! What an environment and its live sessions go by (row C14): ready to be asked on the hot path.

use super::Applied;
use crate::policy::settings::strictness::Limits;
use crate::policy::settings::table::Values;
use crate::policy::settings::{Apply, Settings};
use crate::session::SignInSettings;

/// The settings of one environment, ready to be asked on the hot path.
#[derive(Clone, Debug)]
pub struct EnvironmentSettings {
    pub(super) version: u64,
    pub(super) settings: Settings,
    /// For each applied change its limits and those of all later ones, the oldest first.
    pub(super) applied: Vec<Applied>,
}

impl EnvironmentSettings {
    /// What a sign-in begins with.
    #[must_use]
    pub const fn now(&self) -> &Settings {
        &self.settings
    }

    /// What a sign-in writes down.
    #[must_use]
    pub fn snapshot(&self) -> SignInSettings {
        SignInSettings { version: self.version, values: self.settings.to_values().into() }
    }

    /// What a live session goes by: the settings of its sign-in, and within all that was applied since. A session whose sign-in
    /// wrote nothing down goes by what counts now. Settings that its sign-in did not know yet count as they are now.
    #[must_use]
    pub fn of_session(&self, signed_in_under: Option<&SignInSettings>) -> Settings {
        let Some(snapshot) = signed_in_under else { return self.settings.clone() };
        let mut values: Values = self.settings.to_values();
        values.iter_mut().zip(&*snapshot.values).for_each(|(value, then)| *value = *then);
        let settings = Settings::from_values(&values);
        let later = self.applied.partition_point(|applied| applied.version <= snapshot.version);
        let limits = self.applied.get(later).map_or(Limits::NONE, |applied| applied.limits);
        let settings = settings.within(&limits);
        match self.settings.apply {
            // Also what the configuration says: it is in no change.
            Apply::Tighten => settings.tightened_by(&self.settings),
            Apply::NextSignIn => settings,
        }
    }
}
