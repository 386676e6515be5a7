//! The IdP is asked, in the background, whether a session may go on (rows H1, H2, H7, H8).
//!
//! A due session is claimed with a lease, so that one node asks and the others do not; the lease is renewed while the IdP
//! takes its time; what was learned is written only while the claim stands. A rotated refresh token is stored before
//! anything else is done. Only a positive "no" ends a session.

mod one_session;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Services;
use crate::policy::environment::Environment;
use crate::policy::schedule;
use crate::provider::OidcProvider;
use crate::random;
use crate::session::Session;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::{PARTITIONS, StoredId};
use crate::store::sessions::Found;
use crate::store::{Claimed, Completion, Fence, StoreError};
use crate::telemetry::OutcomeLabels;
use one_session::Check;
pub use outcome::CheckOutcome;
use outcome::Occasion;

/// How long a claim lasts unless renewed. A node that dies delays its sessions' checks by this much at most.
const LEASE: Duration = Duration::from_secs(10);
/// Sessions claimed at once from one partition; a longer script would hold up the store.
const BATCH: usize = 100;
/// Checks under way at once on this node.
const CONCURRENCY: usize = 64;
/// After a check that brought no answer, visitors wait this long before the IdP is asked on their behalf again (RACE-13).
const VISITORS_WAIT: Duration = Duration::from_secs(5);

/// Makes all policy checks that are due, and returns how many sessions were looked at. Returns when they are done.
///
/// # Errors
///
/// [`StoreError`] where the queue cannot be read; checks already begun still run to their end.
pub async fn run_due(services: &Arc<Services>) -> Result<usize, StoreError> {
    let mut checks = JoinSet::new();
    let looked_at = begin_due(services, &mut checks).await;
    // Also after an error: to let go of the set would be to break them off, with a refresh token perhaps on its way.
    while checks.join_next().await.is_some() {}
    looked_at
}

async fn begin_due(services: &Arc<Services>, checks: &mut JoinSet<()>) -> Result<usize, StoreError> {
    let places = Arc::new(Semaphore::new(CONCURRENCY));
    let mut looked_at = 0;
    for partition in 0..PARTITIONS {
        loop {
            // Nothing is claimed that cannot be begun at once: a claim that waits would lapse, and another node would
            // spend the same refresh token.
            while places.available_permits() == 0 && checks.join_next().await.is_some() {}
            let room = places.available_permits().clamp(1, BATCH);
            let claims = services.sessions.store().claim_due(partition, services.now(), LEASE, room).await?;
            looked_at += claims.len();
            let is_last = claims.len() < room;
            for claim in claims {
                let Ok(place) = places.clone().acquire_owned().await else { break };
                let services = services.clone();
                checks.spawn(async move {
                    run_claimed(&services, claim.id, claim.fence, Occasion::Due).await;
                    drop(place);
                });
            }
            if is_last {
                break;
            }
        }
    }
    Ok(looked_at)
}

/// Sets the gauges of the due queue and of the store.
///
/// # Errors
///
/// [`StoreError`]; the gauge says that the store is away.
pub async fn measure(services: &Services) -> Result<(), StoreError> {
    let mut due = 0;
    for partition in 0..PARTITIONS {
        let count = services.sessions.store().due_count(partition, services.now()).await;
        services.metrics.store_up.set(i64::from(count.is_ok()));
        due += count?;
    }
    services.metrics.checks_due.set(i64::try_from(due).unwrap_or(i64::MAX));
    Ok(())
}

/// Checks one session for somebody who waits (row H8). The check itself is detached: a client that goes away, or a
/// caller that stops waiting, does not stop it. Where one has just failed, its outcome stands: visitors cannot make the
/// gateway hammer an IdP.
pub async fn run_visited(services: &Arc<Services>, id: StoredId, session: &Session) -> CheckOutcome {
    if let Some(failed) = session.failed_check
        && services.now().since(failed.at) < VISITORS_WAIT
    {
        return failed.why.into();
    }
    match services.sessions.store().claim(id, services.now(), LEASE).await {
        Ok(Claimed::Ours(fence)) => {
            let services = services.clone();
            let check = tokio::spawn(async move { run_claimed(&services, id, fence, Occasion::Visit).await });
            check.await.unwrap_or(CheckOutcome::Elsewhere)
        }
        Ok(Claimed::Busy(_) | Claimed::Absent) => CheckOutcome::Elsewhere,
        Err(error) => {
            tracing::warn!(session = %id, %error, "policy_check_not_claimed");
            CheckOutcome::Unreachable
        }
    }
}

async fn run_claimed(services: &Services, id: StoredId, fence: Fence, occasion: Occasion) -> CheckOutcome {
    let _under_way = services.checks.read().await;
    match look_at(services, id, fence, occasion).await {
        Ok(outcome) => outcome,
        Err(error) => {
            // The claim lapses by itself and the session comes up again.
            tracing::warn!(session = %id, %error, "policy_check_not_recorded");
            CheckOutcome::Unreachable
        }
    }
}

async fn look_at(
    services: &Services,
    id: StoredId,
    fence: Fence,
    occasion: Occasion,
) -> Result<CheckOutcome, StoreError> {
    let now = services.now();
    let Found::Live(version, session) = services.sessions.find(id).await? else {
        // It has ended meanwhile, or its record was lost: what is left of it goes, else it would come up for ever (RDS-12).
        let nothing_left = Tombstone { reason: EndReason::Forgotten, at: now, remark: None };
        services.sessions.end(id, &nothing_left).await?;
        return Ok(CheckOutcome::Elsewhere);
    };
    let (environment, provider) = match places(services, &session) {
        Some(places) => places,
        None => {
            // Its environment or IdP is not in this node's configuration: not ours to judge. Somebody may bring it back.
            let next_due = schedule::retry(now, u32::MAX, random::fraction());
            services.sessions.store().complete(id, Completion { fence, next_due }).await?;
            return Ok(CheckOutcome::NotAsked);
        }
    };
    let check = Check { services, id, version, session, environment, provider };
    let outcome = check.run(fence, occasion, now).await?;
    let labels =
        OutcomeLabels { provider: check.session.identity.provider.to_string(), outcome: outcome.code() };
    services.metrics.policy_checks.get_or_create(&labels).inc();
    Ok(outcome)
}

fn places<'a>(services: &'a Services, session: &Session) -> Option<(&'a Environment, &'a OidcProvider)> {
    let environment = services.environments.get(&session.environment)?;
    let provider = services.providers.get(&session.identity.provider)?;
    Some((environment, provider))
}
