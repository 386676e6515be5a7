//! The live settings in the store: sealed, bound to their version.

use std::sync::atomic::Ordering;

use crate::journeys::Services;
use crate::keys::{KeyId, Purpose};
use crate::policy::settings::live::LiveSettings;
use crate::store::{KeptSettings, Replaced, StoreError, Version};

/// Reads the live settings, if others have changed them. If the store has lost some, by a fail-over to a server that did not
/// have them, it gets them back; if they are sealed with an old key, they are sealed anew.
///
/// # Errors
///
/// [`StoreError`]; this node goes by its last good copy.
pub async fn follow(services: &Services) -> Result<(), StoreError> {
    let mine = services.settings.state();
    let store = services.sessions.store();
    let seen = match store.settings(Version(mine.live.version)).await? {
        KeptSettings::Other(version, sealed) if version.0 > mine.live.version => {
            let (live, key) = open(services, version, &sealed)?;
            tracing::info!(version = version.0, "live_settings_read");
            services.settings.adopt(live, Some(key));
            return Ok(());
        }
        KeptSettings::AsKnown if mine.sealed_with == Some(services.keys.current(services.now())) => None,
        KeptSettings::Absent if mine.live.version == 0 => None,
        KeptSettings::AsKnown => Some(Version(mine.live.version)),
        KeptSettings::Absent => Some(Version(0)),
        KeptSettings::Other(version, _) => Some(version),
    };
    if let Some(seen) = seen {
        let version = Version(mine.live.version);
        if seen != version {
            tracing::warn!(
                version = version.0,
                found = seen.0,
                "live_settings_lost_by_the_store_and_given_back"
            );
        }
        let sealed = seal(services, &mine.live)?;
        if store.replace_settings(seen, version, &sealed).await? == Replaced::Done(version) {
            services.settings.adopt(mine.live.clone(), Some(services.keys.current(services.now())));
        }
        // Else somebody else was faster; the next look shows what they wrote.
    }
    services.settings.is_known.store(true, Ordering::Release);
    Ok(())
}

/// Takes back all that was ever changed live, also what cannot be read.
///
/// # Errors
///
/// [`StoreError`].
pub async fn forget(services: &Services) -> Result<(), StoreError> {
    if let KeptSettings::Other(seen, _) = services.sessions.store().settings(Version(0)).await? {
        let nothing = LiveSettings::nothing(seen.0.saturating_add(1));
        let sealed = seal(services, &nothing)?;
        services.sessions.store().replace_settings(seen, Version(nothing.version), &sealed).await?;
        tracing::warn!(version = nothing.version, "live_settings_forgotten");
    }
    follow(services).await
}

pub(super) fn seal(services: &Services, live: &LiveSettings) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(live).map_err(|error| unreadable(live.version, &error.to_string()))?;
    Ok(services.keys.seal(Purpose::Settings, &live.version.to_be_bytes(), &plain, services.now()))
}

fn open(services: &Services, version: Version, sealed: &[u8]) -> Result<(LiveSettings, KeyId), StoreError> {
    let (plain, key) = services
        .keys
        .open(Purpose::Settings, &version.0.to_be_bytes(), sealed)
        .map_err(|error| unreadable(version.0, &error.to_string()))?;
    let live: LiveSettings = serde_json::from_slice(&plain).map_err(|error| {
        unreadable(version.0, &format!("{error}; were they written by a newer version of hourgate?"))
    })?;
    match live.version == version.0 {
        true => Ok((live, key)),
        false => Err(unreadable(version.0, &format!("they say that they are version {}", live.version))),
    }
}

fn unreadable(version: u64, cause: &str) -> StoreError {
    StoreError::Unreadable { what: format!("the live settings (version {version})"), cause: cause.to_owned() }
}
