//! What a gateway does by itself: policy checks at each IdP, activity written, documents kept, queues counted, the clock
//! set. Each is a loop of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::journeys::policy_check::{self, Round};
use crate::journeys::{Services, idp_documents, settings};
use crate::provider::Provider;
use crate::store::{Store, StoreError};
use crate::telemetry::ProviderLabels;
use crate::time::{Clock, SystemClock};

/// How often the due queue is looked at.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// The same while more is due than an IdP may be asked for at once.
const CHECK_WHEN_BEHIND: Duration = Duration::from_millis(100);
/// How often activity is considered for writing.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How often the IdPs' documents are looked after.
const DOCUMENTS_EVERY: Duration = Duration::from_secs(60);
/// How often the due queue is counted, for the metrics.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether the settings were changed at another node.
const SETTINGS_EVERY: Duration = Duration::from_secs(3);
/// How often the clock is set by the store's.
const CLOCK_EVERY: Duration = Duration::from_secs(5);

/// Begins all of it.
pub(super) fn begin(services: &Arc<Services>) -> Vec<JoinHandle<()>> {
    let mut work: Vec<_> =
        services.providers.values().map(|provider| check_at(services.clone(), provider.clone())).collect();
    work.extend([
        repeat(services, FLUSH_EVERY, "writing activity", |services| {
            Box::pin(services.activity.flush(&services.sessions, services.now()))
        }),
        repeat(services, DOCUMENTS_EVERY, "keeping the IdPs' documents", |services| {
            Box::pin(idp_documents::refresh_and_keep(services))
        }),
        repeat(services, MEASURE_EVERY, "measuring the due queue", |services| {
            Box::pin(policy_check::measure(services))
        }),
        repeat(services, CLOCK_EVERY, "reading the store's clock", |services| {
            Box::pin(async move {
                follow_the_store(services.sessions.store(), &*services.clock).await?;
                let (wall, shown) = (SystemClock.now().as_millis(), services.now().as_millis());
                services.metrics.clock_skew_millis.set(wall.saturating_sub(shown));
                Ok(())
            })
        }),
        repeat(services, SETTINGS_EVERY, "reading the live settings", |services| {
            Box::pin(settings::follow(services))
        }),
        restore_documents(services),
    ]);
    work
}

/// Makes the policy checks at one IdP, round after round; one that is slow holds up nobody else's.
fn check_at(services: Arc<Services>, provider: Arc<Provider>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // A node that started without the store goes by a wall clock of its own until then, which may be wrong: no session
        // may end by it.
        while follow_the_store(services.sessions.store(), &*services.clock).await.is_err() {
            sleep(CHECK_EVERY).await;
        }
        let mut store = Away::new("policy checks");
        loop {
            let begun = Instant::now();
            let round = policy_check::run_due(&services, &provider).await;
            let labels = ProviderLabels { provider: provider.id().to_string() };
            services.metrics.check_round_seconds.get_or_create(&labels).set(begun.elapsed().as_secs_f64());
            let is_behind = matches!(round, Ok(Round { is_behind: true, .. }));
            store.note(round.map(drop));
            sleep(if is_behind { CHECK_WHEN_BEHIND } else { CHECK_EVERY }).await;
        }
    })
}

/// Tells once that the store went away, and once that it is back: not at each try.
struct Away {
    what: &'static str,
    is_away: bool,
}

impl Away {
    const fn new(what: &'static str) -> Self {
        Self { what, is_away: false }
    }

    fn note(&mut self, outcome: Result<(), StoreError>) {
        match outcome {
            Err(error) if !self.is_away => {
                tracing::warn!(work = self.what, %error, "background_work_waits_for_the_store");
            }
            Ok(()) if self.is_away => tracing::info!(work = self.what, "background_work_goes_on"),
            _ => return,
        }
        self.is_away = !self.is_away;
    }
}

type Work =
    for<'a> fn(&'a Arc<Services>) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// Sets a clock by the store's, so that all nodes go by one.
///
/// # Errors
///
/// [`StoreError`]; the clock goes on by itself.
pub async fn follow_the_store(store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
    let asked = Instant::now();
    if let Some(shown) = store.time().await? {
        clock.follow(shown.plus(asked.elapsed() / 2));
    }
    Ok(())
}

/// Does some work again and again.
fn repeat(services: &Arc<Services>, every: Duration, what: &'static str, work: Work) -> JoinHandle<()> {
    let services = services.clone();
    tokio::spawn(async move {
        let mut tick = ticks(every);
        let mut store = Away::new(what);
        loop {
            tick.tick().await;
            store.note(work(&services).await);
        }
    })
}

/// With the store away at the start they are read when it is back: the IdP may be down all along.
fn restore_documents(services: &Arc<Services>) -> JoinHandle<()> {
    let services = services.clone();
    tokio::spawn(async move {
        let mut retry = ticks(CHECK_EVERY);
        while idp_documents::restore(&services).await.is_err() {
            retry.tick().await;
        }
    })
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}
