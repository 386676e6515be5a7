//! Settings, as the API says them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The settings of one environment, or of all that say nothing themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// [`super::API_VERSION`].
    pub api_version: String,
    /// Counts the changes that were made live.
    pub version: u64,
    /// The environment; `None` for the server's settings.
    pub environment: Option<String>,
    /// Every setting.
    pub settings: Vec<SettingView>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingView {
    /// Its name.
    pub name: String,
    /// What it is, such as `24h`, `true`.
    pub value: String,
    /// What Dynamics 365 and AD FS call it.
    pub alias: Option<String>,
    /// What it is in the alias's unit, such as `1440`.
    pub alias_value: Option<String>,
    /// Where it is from: `default`, or `server` or `environment`, each `, live` or `, configuration`.
    pub source: String,
    /// What it may be.
    pub range: String,
    /// Of the server's settings: the environments that say something themselves, live or in their configuration.
    pub said_by: Vec<String>,
}

/// The wish to change settings, all at once or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeSettings {
    /// For which environment; all by default.
    pub environment: Option<String>,
    /// Names or aliases with their values. Spans are texts with a unit; a bare number is for an alias, in its unit.
    pub set: BTreeMap<String, Value>,
    /// Names or aliases of what is to be as if it was never changed live.
    pub unset: Vec<String>,
    /// Instead: the version after which all changes are undone, in all environments.
    pub back_to: Option<u64>,
    /// Does it reach live sessions, too, where it is stricter?
    pub apply: Option<ApplyWhen>,
    /// Is it meant, where that is asked?
    pub confirmed: bool,
    /// Why; is kept in the history.
    pub remark: Option<String>,
    /// Only say what would come of it.
    pub dry_run: bool,
}

/// When a change reaches live sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyWhen {
    /// At once, where it is stricter.
    Now,
}

/// What came of a wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChanged {
    /// [`super::API_VERSION`].
    pub api_version: String,
    /// The version after it.
    pub version: u64,
    /// What was changed; empty where all was so before.
    pub changes: Vec<ChangeView>,
    /// How many live sessions go by other settings now; `None` where the store did not say.
    pub sessions: Option<usize>,
    /// Nothing was changed; this is what would be.
    pub dry_run: bool,
}

/// The changes that are remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsHistory {
    /// [`super::API_VERSION`].
    pub api_version: String,
    /// The present version.
    pub version: u64,
    /// The changes, the newest first.
    pub changes: Vec<ChangeView>,
    /// Are there more than were asked for?
    pub truncated: bool,
}

/// One setting that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// The version that it made; several settings may have been changed at once.
    pub version: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who: the user at the socket.
    pub who: String,
    /// Why, if that was said.
    pub remark: Option<String>,
    /// The environment; `None` for all.
    pub environment: Option<String>,
    /// The setting.
    pub setting: String,
    /// What was said live before; `None` where nothing was.
    pub from: Option<String>,
    /// What is said live since; `None` where nothing is any more.
    pub to: Option<String>,
    /// `now` where it was applied to live sessions, else `next_sign_in`.
    pub apply: String,
}
