//! A person is there and says so: by input that the page script reports, or by "Stay signed in" (rows C10, C11).

use std::time::Duration;

use super::Services;
use super::check::{Checked, Presented, Usage, check};
use crate::policy::decide::Verdict;
use crate::policy::environment::Environment;
use crate::session::Session;
use crate::session::id::StoredId;
use crate::store::StoreError;
use crate::store::sessions::Found;
use crate::time::Timestamp;

/// What a person says of themselves is written at once, so that all nodes know, but for one session at most this often.
const WRITE_EVERY: Duration = Duration::from_secs(20);

/// Somebody typed or pointed. From the first such report on, only reports and navigations count as use of the session:
/// what its scripts do by themselves no longer does.
///
/// # Errors
///
/// [`StoreError`]: it may not have been noted.
pub async fn input(
    services: &Services,
    environment: &Environment,
    presented: &Presented,
    now: Timestamp,
) -> Result<Checked, StoreError> {
    let checked = stay(services, environment, presented, now).await?;
    if let (Verdict::Allow(permit), Some(id)) = (&checked.decision.verdict, checked.id)
        && !permit.session().reports_input
    {
        mark(services, id, now).await?;
    }
    Ok(checked)
}

/// Somebody wants to stay signed in.
///
/// # Errors
///
/// [`StoreError`]: it may not have been noted.
pub async fn stay(
    services: &Services,
    environment: &Environment,
    presented: &Presented,
    now: Timestamp,
) -> Result<Checked, StoreError> {
    let mut checked = check(services, environment, presented, Usage::Activity, now).await?;
    if let (Verdict::Allow(_), Some(id)) = (&checked.decision.verdict, checked.id) {
        if services.activity.was_written_before(id, now.minus(WRITE_EVERY)) {
            services.sessions.note_activity(&[(id, now)]).await?;
            services.activity.wrote(id, now);
        }
        checked.facts.last_activity = now;
    }
    Ok(checked)
}

/// Written once in a session's life. Who else writes the record just now comes first; the next report tries again.
async fn mark(services: &Services, id: StoredId, now: Timestamp) -> Result<(), StoreError> {
    if let Found::Live(version, session) = services.sessions.find(id).await?
        && !session.reports_input
    {
        let session = Session { reports_input: true, ..session.as_ref().clone() };
        services.sessions.replace(id, version, &session, None, now).await?;
    }
    Ok(())
}
