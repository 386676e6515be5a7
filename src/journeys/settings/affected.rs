//! The live sessions that a change reaches (row C14).

use std::sync::Arc;
use std::time::Duration;

use super::Changed;
use crate::journeys::{Services, revoke};
use crate::policy::schedule;
use crate::policy::settings::live::{Change, EnvironmentSettings};
use crate::random;
use crate::session::Session;
use crate::session::id::StoredId;
use crate::store::{Claimed, Completion, StoreError};

/// How long an entry of the due queue is held while it is moved.
const LEASE: Duration = Duration::from_secs(10);

/// The live sessions for which a change means something.
///
/// # Errors
///
/// [`StoreError`].
pub async fn affected(
    services: &Services,
    changed: &Changed,
) -> Result<Vec<(StoredId, Arc<Session>)>, StoreError> {
    let version = changed.after.live.version;
    let was_applied = |change: &Change| change.version == version && change.applied;
    if version == changed.before.live.version || !changed.after.live.history.iter().any(was_applied) {
        return Ok(Vec::new());
    }
    let configured = services.settings.configured();
    let is_affected = |session: &Session| {
        let [before, after] = [&changed.before, &changed.after].map(|state| {
            let own = |own: &EnvironmentSettings| own.of_session(session.signed_in_under.as_ref());
            state.of(configured, &session.environment, own)
        });
        before.limits() != after.limits()
    };
    Ok(revoke::list(services, usize::MAX, is_affected).await?.0)
}

/// Brings forward what is to be done about sessions under their new settings: the next policy check, or the end. What this
/// does not reach, because the process dies, is judged by the new settings all the same when somebody uses it, and else when it
/// was due before.
///
/// # Errors
///
/// [`StoreError`].
pub async fn requeue(services: &Services, sessions: &[(StoredId, Arc<Session>)]) -> Result<(), StoreError> {
    let store = services.sessions.store();
    for (id, session) in sessions {
        let Some(environment) = services.environments.get(&session.environment) else { continue };
        let settings = services.settings_of(environment, session);
        let next_due = schedule::next_due(&settings, session, None, random::fraction());
        if next_due < session.next_check
            && let Claimed::Ours(fence) = store.claim(*id, services.now(), LEASE).await?
        {
            store.complete(*id, Completion { fence, next_due }).await?;
        }
    }
    Ok(())
}
