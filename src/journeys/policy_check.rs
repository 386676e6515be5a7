//! The IdP is asked, in the background, whether a session may go on (rows H1, H2, H7, H8, O5).
//!
//! The sessions of each IdP queue apart from those of every other. A due session is claimed with a lease, so that one node
//! asks and the others do not; the lease is renewed while the IdP takes its time; what was learned is written only while
//! the claim stands. A rotated refresh token is stored before anything else is done. Only a positive "no" ends a session.
//!
//! How many are asked about is bounded twice: by the IdP's circuit breaker on each node, and by a bucket of turns that all
//! nodes share.

mod one_session;
mod outcome;
mod visits;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::task::JoinSet;

use super::Services;
use super::activity;
use super::check::Usage;
use super::settings::ensure_known;
use crate::policy::environment::Environment;
use crate::policy::schedule;
use crate::provider::Provider;
use crate::provider::breaker::Pass;
use crate::random;
use crate::session::Session;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::{PARTITIONS, StoredId};
use crate::store::sessions::Found;
use crate::store::{Claimed, Completion, Fence, Pace, Queued, StoreError};
use crate::telemetry::{OutcomeLabels, ProviderLabels};
use one_session::Check;
pub use outcome::CheckOutcome;
use outcome::Occasion;
pub use visits::Visits;

/// How long a claim lasts unless renewed. A node that dies delays its sessions' checks by this much at most.
const LEASE: Duration = Duration::from_secs(10);
/// Sessions claimed at once from one partition, before the next has its turn: the longest due come first, wherever they
/// lie.
const BATCH: u32 = 4;
/// After a check that brought no answer, visitors wait this long before the IdP is asked on their behalf again (RACE-13).
const VISITORS_WAIT: Duration = Duration::from_secs(5);

/// What a round over the due queue of one IdP came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// How many sessions were looked at.
    pub looked_at: usize,
    /// More are due, and only the IdP's pace holds them up: the next round is to come soon.
    pub is_behind: bool,
}

/// Makes the policy checks that are due at every IdP, one IdP after the other; what moves time by hand calls this.
///
/// # Errors
///
/// As [`run_due`].
pub async fn run_all_due(services: &Arc<Services>) -> Result<(), StoreError> {
    for provider in services.providers.values() {
        run_due(services, provider).await?;
    }
    Ok(())
}

/// Makes the policy checks that are due at an IdP, as many as it may be asked for now, and returns when they are done.
///
/// # Errors
///
/// [`StoreError`] where the queue cannot be read; checks already begun still run to their end.
pub async fn run_due(services: &Arc<Services>, provider: &Arc<Provider>) -> Result<Round, StoreError> {
    let mut checks = JoinSet::new();
    let round = begin_due(services, provider, &mut checks).await;
    // Also after an error: to let go of the set would be to break them off, with a refresh token perhaps on its way.
    while checks.join_next().await.is_some() {}
    round
}

async fn begin_due(
    services: &Arc<Services>,
    provider: &Arc<Provider>,
    checks: &mut JoinSet<()>,
) -> Result<Round, StoreError> {
    let store = services.sessions.store();
    let mut round = Round::default();
    loop {
        let waiting = waiting(services, provider).await?;
        if waiting.is_empty() {
            return Ok(round);
        }
        for (partition, due) in waiting {
            // Nothing is claimed that cannot be begun at once: a claim that waits would lapse, and another node would
            // spend the same refresh token.
            let mut passes = loop {
                let passes = provider.breaker().enter(due.min(BATCH), services.now());
                if !passes.is_empty() {
                    break passes;
                }
                if provider.breaker().is_open(services.now()) || checks.join_next().await.is_none() {
                    return Ok(round);
                }
            };
            if !somebody_is_there(services, provider, &passes).await {
                return Ok(round);
            }
            let turns = take_turns(services, provider, Occasion::Due, passes.len()).await?;
            passes.truncate(turns);
            if passes.is_empty() {
                round.is_behind = true;
                return Ok(round);
            }
            let claims =
                store.claim_due(provider.lane(), partition, services.now(), LEASE, passes.len()).await?;
            round.looked_at += claims.len();
            for (claim, pass) in claims.into_iter().zip(passes) {
                let services = services.clone();
                checks.spawn(async move {
                    run_claimed(&services, claim.id, claim.fence, Occasion::Due, &pass).await;
                });
            }
        }
    }
}

/// The partitions in which sessions of an IdP are due, and how many, the longest due first.
async fn waiting(services: &Services, provider: &Provider) -> Result<Vec<(u8, u32)>, StoreError> {
    let queues = queues(services, provider).await?;
    let mut waiting: Vec<_> = (0..PARTITIONS)
        .zip(queues)
        .filter_map(|(partition, queued)| queued.since.map(|since| (since, partition, queued.due)))
        .collect();
    waiting.sort_unstable();
    let number = |due: u64| u32::try_from(due).unwrap_or(u32::MAX);
    Ok(waiting.into_iter().map(|(_, partition, due)| (partition, number(due))).collect())
}

/// The queues of an IdP, one a partition, asked for all at once: one after the other would take as many round trips.
async fn queues(services: &Services, provider: &Provider) -> Result<Vec<Queued>, StoreError> {
    let (store, now) = (services.sessions.store(), services.now());
    try_join_all((0..PARTITIONS).map(|partition| store.queued(provider.lane(), partition, now))).await
}

/// After a pause one knocks first: a refresh token that is sent into an outage may be lost.
async fn somebody_is_there(services: &Services, provider: &Provider, passes: &[Pass]) -> bool {
    let Some(probe) = passes.first().filter(|pass| pass.is_probe()) else { return true };
    let is_there = provider.knock().await.is_ok();
    if !is_there {
        probe.was_met_with_silence(None, None, services.now());
    }
    is_there
}

/// Turns at an IdP, of those that all nodes share. Somebody who waits gets one also where the background has used up its
/// own.
async fn take_turns(
    services: &Services,
    provider: &Provider,
    occasion: Occasion,
    wanted: usize,
) -> Result<usize, StoreError> {
    let per_second = provider.checks_per_second();
    let burst = match occasion {
        Occasion::Due => per_second / 10,
        Occasion::Visit { .. } => per_second,
    };
    let pace = Pace { per_second, burst: burst.max(1) };
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let got =
        services.sessions.store().take_turns(provider.id().as_str(), pace, wanted, services.now()).await?;
    Ok(usize::try_from(got).unwrap_or(usize::MAX))
}

/// Sets the gauges of the due queues, of the IdPs and of the store.
///
/// # Errors
///
/// [`StoreError`]; the gauge says that the store is away.
pub async fn measure(services: &Services) -> Result<(), StoreError> {
    let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for provider in services.providers.values() {
        let labels = ProviderLabels { provider: provider.id().to_string() };
        let is_up = i64::from(!provider.breaker().is_away());
        services.metrics.provider_up.get_or_create(&labels).set(is_up);
        let queues = queues(services, provider).await;
        services.metrics.store_up.set(i64::from(queues.is_ok()));
        let queues = queues?;
        let sum = |count: fn(&Queued) -> u64| gauge(queues.iter().map(count).sum());
        services.metrics.sessions.get_or_create(&labels).set(sum(|queued| queued.all));
        services.metrics.checks_due.get_or_create(&labels).set(sum(|queued| queued.due));
    }
    Ok(())
}

/// Checks one session for somebody who waits (row H8). The check itself is detached: a client that goes away, or a
/// caller that stops waiting, does not stop it. Where one has just failed, or the IdP is known to be silent, that stands:
/// visitors cannot make the gateway hammer an IdP.
pub async fn run_visited(
    services: &Arc<Services>,
    id: StoredId,
    session: &Session,
    usage: Usage,
) -> CheckOutcome {
    if let Some(failed) = session.failed_check
        && services.now().since(failed.at) < VISITORS_WAIT
    {
        return failed.why.into();
    }
    let Some(provider) = services.providers.get(&session.identity.provider) else {
        return CheckOutcome::OurFault;
    };
    let Some(visit) = services.visits.begin(id) else { return CheckOutcome::Elsewhere };
    let passes = provider.breaker().enter(1, services.now());
    if passes.is_empty() {
        // Open: silent. Full: others are before us.
        let is_open = provider.breaker().is_open(services.now());
        return if is_open { CheckOutcome::Unreachable } else { CheckOutcome::Elsewhere };
    }
    if !somebody_is_there(services, provider, &passes).await {
        return CheckOutcome::Unreachable;
    }
    let occasion = Occasion::Visit { proved_at: session.proof.proved_at };
    let claimed = async {
        let store = services.sessions.store();
        let Claimed::Ours(fence) = store.claim(id, services.now(), LEASE).await? else { return Ok(None) };
        if take_turns(services, provider, occasion, 1).await? == 0 {
            store.complete(id, Completion { fence, next_due: services.now() }).await?;
            return Ok(None);
        }
        Ok::<_, StoreError>(Some(fence))
    };
    match claimed.await {
        Ok(Some(fence)) => {
            let (services, is_use) = (services.clone(), usage.slides(session));
            let check = tokio::spawn(async move {
                let _visit = visit;
                let Some(pass) = passes.first() else { return CheckOutcome::Elsewhere };
                let outcome = run_claimed(&services, id, fence, occasion, pass).await;
                if outcome == CheckOutcome::Confirmed && is_use {
                    // Only now: a dormant session must not become a used one before it was checked.
                    activity::note_for_all_nodes(&services, id, services.now()).await;
                }
                outcome
            });
            check.await.unwrap_or(CheckOutcome::Elsewhere)
        }
        Ok(None) => CheckOutcome::Elsewhere,
        Err(error) => {
            tracing::warn!(session = %id, %error, "policy_check_not_claimed");
            CheckOutcome::Unreachable
        }
    }
}

async fn run_claimed(
    services: &Services,
    id: StoredId,
    fence: Fence,
    occasion: Occasion,
    pass: &Pass,
) -> CheckOutcome {
    let _under_way = services.checks.read().await;
    match look_at(services, id, fence, occasion, pass).await {
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
    pass: &Pass,
) -> Result<CheckOutcome, StoreError> {
    ensure_known(services).await?;
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
    let check = Check { services, id, version, session, environment, provider, pass };
    let outcome = check.run(fence, occasion, now).await?;
    let labels =
        OutcomeLabels { provider: check.session.identity.provider.to_string(), outcome: outcome.code() };
    services.metrics.policy_checks.get_or_create(&labels).inc();
    Ok(outcome)
}

fn places<'a>(services: &'a Services, session: &Session) -> Option<(&'a Environment, &'a Provider)> {
    let environment = services.environments.get(&session.environment)?;
    let provider = services.providers.get(&session.identity.provider)?;
    Some((environment, provider))
}
