//! An admin changes how long sessions live (rows C12 to C16). What was changed lies in the store, sealed and whole, under one
//! version; every node reads it at its start and every few seconds, and goes by its last good copy meanwhile.

mod affected;
mod kept;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Services, audit};
use crate::keys::KeyId;
use crate::policy::settings::live::{ChangeRefused, Configured, EnvironmentSettings, LiveSettings, Wish};
use crate::session::names::EnvironmentId;
use crate::store::{Replaced, StoreError, Version};

pub use self::affected::{affected, requeue};
pub use self::kept::{follow, forget};

/// Others may write at the same time; then the change is made anew on what they wrote.
const TRIES: usize = 8;

/// The settings that this node goes by.
#[derive(Debug)]
pub struct CurrentSettings {
    configured: Configured,
    state: RwLock<Arc<State>>,
    is_known: AtomicBool,
}

/// One version of the live settings, and what follows from it.
#[derive(Debug)]
pub struct State {
    /// What was changed live.
    pub live: LiveSettings,
    environments: BTreeMap<EnvironmentId, EnvironmentSettings>,
    /// With which key it lies in the store; `None` where it does not.
    sealed_with: Option<KeyId>,
}

impl State {
    fn new(live: LiveSettings, configured: &Configured, sealed_with: Option<KeyId>) -> Self {
        let ids = configured.environments.keys();
        let environments = ids.map(|id| (id.clone(), live.of_environment(configured, id))).collect();
        Self { live, environments, sealed_with }
    }

    fn of<T>(
        &self,
        configured: &Configured,
        id: &EnvironmentId,
        ask: impl FnOnce(&EnvironmentSettings) -> T,
    ) -> T {
        match self.environments.get(id) {
            Some(settings) => ask(settings),
            None => ask(&self.live.of_environment(configured, id)),
        }
    }
}

impl CurrentSettings {
    /// As configured, until the store was read.
    #[must_use]
    pub fn new(configured: Configured) -> Self {
        let state = State::new(LiveSettings::default(), &configured, None);
        Self { configured, state: RwLock::new(Arc::new(state)), is_known: AtomicBool::new(false) }
    }

    /// What the configuration says.
    #[must_use]
    pub const fn configured(&self) -> &Configured {
        &self.configured
    }

    /// The version that this node goes by.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks about an environment. On the hot path: no more than a lock for reading.
    pub(super) fn of<T>(&self, id: &EnvironmentId, ask: impl FnOnce(&EnvironmentSettings) -> T) -> T {
        self.state.read().unwrap_or_else(PoisonError::into_inner).of(&self.configured, id, ask)
    }

    fn adopt(&self, live: LiveSettings, sealed_with: Option<KeyId>) {
        let state = Arc::new(State::new(live, &self.configured, sealed_with));
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.is_known.store(true, Ordering::Release);
    }
}

/// A node that started while the store was away does not know what was changed live: it reads that before it judges
/// anybody.
///
/// # Errors
///
/// [`StoreError`]: unknown, as everything is then.
pub async fn ensure_known(services: &Services) -> Result<(), StoreError> {
    if services.settings.is_known.load(Ordering::Acquire) {
        return Ok(());
    }
    follow(services).await
}

/// The settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The change is not one.
    #[error(transparent)]
    Refused(#[from] ChangeRefused),
    /// The store does not answer; whether the change was made is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others wrote again and again.
    #[error("the settings are being changed by others at the same time: look at them, and try again")]
    Busy,
}

/// The settings before and after a change; the same where it changes nothing.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Before.
    pub before: Arc<State>,
    /// After.
    pub after: Arc<State>,
}

/// What a change would come to. Nothing is changed.
///
/// # Errors
///
/// [`SettingsError`].
pub async fn preview(
    services: &Services,
    wish: impl Fn(&LiveSettings) -> Result<Wish, ChangeRefused>,
) -> Result<Changed, SettingsError> {
    follow(services).await?;
    let (before, configured) = (services.settings.state(), services.settings.configured());
    let next = before.live.changed(configured, &wish(&before.live)?)?;
    let after = Arc::new(State::new(next, configured, before.sealed_with));
    Ok(Changed { before, after })
}

/// Changes settings, all that are wished at once or none. This node goes by them from now on, the others within seconds.
///
/// # Errors
///
/// [`SettingsError`].
pub async fn change(
    services: &Services,
    wish: impl Fn(&LiveSettings) -> Result<Wish, ChangeRefused>,
) -> Result<Changed, SettingsError> {
    for _ in 0..TRIES {
        let Changed { before, after } = preview(services, &wish).await?;
        if after.live.version == before.live.version {
            return Ok(Changed { after: before.clone(), before });
        }
        let (seen, next) = (Version(before.live.version), Version(after.live.version));
        let sealed = kept::seal(services, &after.live)?;
        match services.sessions.store().replace_settings(seen, next, &sealed).await? {
            Replaced::Done(_) => {
                services.settings.adopt(after.live.clone(), Some(services.keys.current(services.now())));
                for change in after.live.history.iter().filter(|change| change.version == next.0) {
                    audit::settings_changed(change);
                }
                return Ok(Changed { before, after: services.settings.state() });
            }
            Replaced::Conflict | Replaced::Ended => {}
        }
    }
    Err(SettingsError::Busy)
}
