//! What admins change while the gateway runs (rows C14, C16): layers over the configuration, what of them was applied to
//! live sessions, and who changed what. A value that is copied, changed and written as a whole.

mod of_session;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Apply;
use super::layer::{Resolved, SettingsLayer, Source};
use super::strictness::Limits;
use super::table::{Key, LONG_INACTIVITY, Leave, contradiction};
use crate::session::names::EnvironmentId;
use crate::time::Timestamp;

pub use self::of_session::EnvironmentSettings;

/// So many changes are remembered, one setting each.
const MOST_HISTORY: usize = 1000;
/// So many applied changes are told apart for an environment.
const MOST_APPLIED: usize = 100;

/// What the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// For all environments.
    pub server: SettingsLayer,
    /// For one; every environment that there is.
    pub environments: BTreeMap<EnvironmentId, SettingsLayer>,
    /// What is allowed here.
    pub leave: Leave,
}

/// What was changed live. Version 0 is before the first change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveSettings {
    /// Rises by one with every change.
    pub version: u64,
    /// For all environments.
    pub server: SettingsLayer,
    /// For one environment.
    pub environments: BTreeMap<EnvironmentId, SettingsLayer>,
    /// The changes that were applied to the sessions that lived then, the oldest first.
    applied: BTreeMap<EnvironmentId, Vec<Applied>>,
    /// Who changed what, the oldest first.
    pub history: Vec<Change>,
}

/// Sessions that were signed in under an earlier version than this keep within these limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Applied {
    version: u64,
    limits: Limits,
}

/// Whom a change is for: one environment, or all.
pub type Scope = Option<EnvironmentId>;

/// One setting that was changed. Several may have been changed at once; they share the version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The version that it made.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// Why, if that was said.
    pub remark: Option<String>,
    /// For whom.
    pub scope: Scope,
    /// What is said now for this one setting, and what was said before.
    pub said: SettingsLayer,
    /// See `said`.
    pub said_before: SettingsLayer,
    /// Which setting.
    pub setting: String,
    /// Was it applied to live sessions?
    pub applied: bool,
}

impl Change {
    /// What was said before; `None` where nothing was.
    #[must_use]
    pub fn from(&self) -> Option<String> {
        self.said_before.only_text()
    }

    /// What is said now; `None` where nothing is any more.
    #[must_use]
    pub fn to(&self) -> Option<String> {
        self.said.only_text()
    }
}

/// What an admin wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is to be said, or no longer said, and where.
    pub edits: Vec<(Scope, Key, Option<u32>)>,
    /// Is it to reach live sessions, too, where it is stricter?
    pub apply_now: bool,
    /// Was it confirmed where that is asked for?
    pub confirmed: bool,
    /// Who wants it.
    pub who: String,
    /// Why.
    pub remark: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// The settings that would result make no sense together.
    #[error("{0}")]
    Contradiction(String),
    /// It is asked whether that is really meant.
    #[error(
        "this raises inactivity_timeout above 30 min{place}, to {to}: sessions that nobody uses then take up the store's \
         memory, and policy checks, for longer"
    )]
    Unconfirmed {
        /// In which environment, if not in all.
        place: String,
        /// The new value.
        to: String,
    },
    /// One cannot go back to a version that is not known.
    #[error("there is no version {version} to go back to: known are {from} to {to}")]
    NoSuchVersion {
        /// The wished one.
        version: u64,
        /// The oldest that is known.
        from: u64,
        /// The newest before the present one.
        to: u64,
    },
}

impl LiveSettings {
    /// Nothing is changed live, as of a version.
    #[must_use]
    pub fn nothing(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    /// What results for all environments that say nothing themselves, or for one.
    #[must_use]
    pub fn resolved(&self, configured: &Configured, scope: &Scope) -> Resolved {
        let server = [(Source::LiveServer, &self.server), (Source::FileServer, &configured.server)];
        let nothing = SettingsLayer::default();
        match scope {
            None => Resolved::new(&server),
            Some(id) => {
                let [live, file] = [&self.environments, &configured.environments]
                    .map(|layers| layers.get(id).unwrap_or(&nothing));
                let own = [(Source::LiveEnvironment, live), (Source::FileEnvironment, file)];
                Resolved::new(&[own, server].concat())
            }
        }
    }

    /// What is said live at one place.
    #[must_use]
    pub fn said(&self, scope: &Scope) -> SettingsLayer {
        match scope {
            None => self.server.clone(),
            Some(id) => self.environments.get(id).cloned().unwrap_or_default(),
        }
    }

    /// The settings after a change; the same version where it changes nothing.
    ///
    /// # Errors
    ///
    /// [`ChangeRefused`].
    pub fn changed(&self, configured: &Configured, wish: &Wish) -> Result<Self, ChangeRefused> {
        let mut next = Self { version: self.version.saturating_add(1), ..self.clone() };
        for (scope, key, value) in &wish.edits {
            let mut said = next.said(scope);
            said.set(*key, *value);
            match scope {
                None => next.server = said,
                Some(id) => {
                    next.environments.insert(id.clone(), said);
                }
            }
        }
        next.environments.retain(|_, layer| !layer.is_empty());
        next.make_sense(self, configured)?;
        if !wish.confirmed {
            next.is_asked_about(self, configured)?;
        }
        let edits: Vec<_> = wish
            .edits
            .iter()
            .filter(|(scope, key, value)| wish.apply_now || self.said(scope).get(*key) != *value)
            .collect();
        if edits.is_empty() {
            return Ok(self.clone());
        }
        for id in configured.environments.keys() {
            let named: Vec<Key> = edits
                .iter()
                .filter(|(scope, ..)| scope.as_ref().is_none_or(|scope| scope == id))
                .map(|(_, key, _)| *key)
                .collect();
            next.apply(configured, id, &named, wish.apply_now);
        }
        for (scope, key, value) in edits {
            let applies = |id: &EnvironmentId| next.applies(configured, id, wish.apply_now);
            let applied = match scope {
                Some(id) => applies(id),
                None => wish.apply_now || configured.environments.keys().any(applies),
            };
            let only = |value: Option<u32>| {
                let mut layer = SettingsLayer::default();
                layer.set(*key, value);
                layer
            };
            next.history.push(Change {
                version: next.version,
                at: wish.at,
                who: wish.who.clone(),
                remark: wish.remark.clone(),
                scope: scope.clone(),
                said: only(*value),
                said_before: only(self.said(scope).get(*key)),
                setting: key.setting().name.to_owned(),
                applied,
            });
        }
        let forgotten = next.history.len().saturating_sub(MOST_HISTORY);
        // A version is forgotten as a whole: one cannot go back through half of it.
        let last = next.history[..forgotten].last().map(|change| change.version);
        next.history.retain(|change| last.is_none_or(|last| change.version > last));
        Ok(next)
    }

    /// The edits that undo everything after `version`.
    ///
    /// # Errors
    ///
    /// [`ChangeRefused::NoSuchVersion`].
    pub fn edits_back_to(&self, version: u64) -> Result<Vec<(Scope, Key, Option<u32>)>, ChangeRefused> {
        let from = self.history.first().map_or(self.version, |oldest| oldest.version.saturating_sub(1));
        let to = self.version.saturating_sub(1);
        if version < from || version >= self.version {
            return Err(ChangeRefused::NoSuchVersion { version, from, to: to.max(from) });
        }
        let mut before = BTreeMap::new();
        for change in self.history.iter().rev().take_while(|change| change.version > version) {
            if let Ok((setting, _)) = super::table::find(&change.setting) {
                before.insert((change.scope.clone(), setting.key), change.said_before.get(setting.key));
            }
        }
        Ok(before.into_iter().map(|((scope, key), value)| (scope, key, value)).collect())
    }

    fn applies(&self, configured: &Configured, id: &EnvironmentId, now: bool) -> bool {
        now || self.resolved(configured, &Some(id.clone())).settings().apply == Apply::Tighten
    }

    /// Remembers that what was `named` counts for the sessions that live in an environment.
    fn apply(&mut self, configured: &Configured, id: &EnvironmentId, named: &[Key], now: bool) {
        if named.is_empty() || !self.applies(configured, id, now) {
            return;
        }
        let limits = self.resolved(configured, &Some(id.clone())).settings().limits();
        // Where this began to be automatic just now, all that counts for new sessions counts for the others too.
        let limits = if named.contains(&Key::Apply) { limits } else { limits.only(named) };
        let applied = self.applied.entry(id.clone()).or_default();
        // What is no stricter than this says nothing any more: whoever lived under it lives under this.
        applied.retain(|earlier| earlier.limits.met(&limits) != limits);
        applied.push(Applied { version: self.version, limits });
        if applied.len() > MOST_APPLIED {
            // Those who signed in between the two oldest get a little more than they need to.
            let oldest = applied.remove(0);
            applied[0].limits = applied[0].limits.met(&oldest.limits);
        }
    }

    fn scopes(configured: &Configured) -> impl Iterator<Item = Scope> {
        std::iter::once(None).chain(configured.environments.keys().cloned().map(Some))
    }

    /// What changes must make sense; what made none before, and is not touched, is not this admin's doing.
    fn make_sense(&self, before: &Self, configured: &Configured) -> Result<(), ChangeRefused> {
        for scope in Self::scopes(configured) {
            let resolved = self.resolved(configured, &scope);
            if resolved.values == before.resolved(configured, &scope).values {
                continue;
            }
            if let Some((key, refusal)) = contradiction(&resolved.settings()) {
                let setting = key.setting();
                let told = refusal.about(setting.name, &setting.text(resolved.values[key as usize]));
                let place = scope.map(|id| format!("in the environment {id}, ")).unwrap_or_default();
                return Err(ChangeRefused::Contradiction(format!("{place}{told}")));
            }
        }
        Ok(())
    }

    fn is_asked_about(&self, before: &Self, configured: &Configured) -> Result<(), ChangeRefused> {
        for scope in Self::scopes(configured) {
            let to = self.resolved(configured, &scope).settings().inactivity_timeout;
            let from = before.resolved(configured, &scope).settings().inactivity_timeout;
            if to > LONG_INACTIVITY && to > from {
                let place = scope.map(|id| format!(" in the environment {id}")).unwrap_or_default();
                let setting = Key::InactivityTimeout.setting();
                let to = setting.text(u32::try_from(to.as_secs()).unwrap_or(u32::MAX));
                return Err(ChangeRefused::Unconfirmed { place, to });
            }
        }
        Ok(())
    }

    /// What an environment and its live sessions go by.
    #[must_use]
    pub fn of_environment(&self, configured: &Configured, id: &EnvironmentId) -> EnvironmentSettings {
        let resolved = self.resolved(configured, &Some(id.clone()));
        let mut applied = Vec::new();
        let mut limits = Limits::NONE;
        for one in self.applied.get(id).into_iter().flatten().rev() {
            limits = limits.met(&one.limits);
            applied.push(Applied { version: one.version, limits });
        }
        applied.reverse();
        EnvironmentSettings { version: self.version, settings: resolved.settings(), applied }
    }
}

#[cfg(test)]
mod tests;
