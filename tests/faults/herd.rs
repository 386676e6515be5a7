//! Many sessions at once, and an IdP that must not be trampled: no more checks a second than it was promised, by all nodes
//! together.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::evidence::assert_unbroken;
use crate::history::Answer;
use crate::idp::{Entry, Profile};
use crate::people::{histories, round_trips, signed_in};
use crate::rules::Limits;
use crate::world::{Plan, World};

/// Only ends a test that hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// Policy checks a second, of all nodes together.
const RATE: usize = 20;
const SETTING: &str = "checks_per_second = 20";

/// The calls about sessions that there were already, with the millisecond at which they came.
async fn checks(world: &World) -> Vec<(i64, Entry)> {
    let entries = world.idp.journal(Profile::None, 0).await.into_iter();
    let checks = entries.filter(|entry| entry.grant_type != "authorization_code" && !entry.user.is_empty());
    let mut checks: Vec<_> = checks.map(|entry| (entry.came_at_millis(), entry)).collect();
    checks.sort_by_key(|(at, _)| *at);
    checks
}

/// In no five seconds did more come than the rate allows, and what one second more would.
fn assert_rate(checks: &[(i64, Entry)]) {
    for (number, (from, _)) in checks.iter().enumerate() {
        let within = checks[number..].iter().take_while(|(at, _)| at - from < 5000).count();
        assert!(within <= 6 * RATE, "{within} checks in five seconds, {RATE} a second are allowed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pci_13_a_herd_is_checked_in_time_and_at_the_promised_rate() {
    let plan = Plan { policy_check_interval: "40s", provider: SETTING, ..Plan::default() };
    let world = Arc::new(World::start(plan).await);
    let people = signed_in(&world, Profile::None, 200).await;
    // Everybody was checked once, and most of them twice.
    let begun = Instant::now();
    let mut checked = BTreeSet::new();
    while checked.len() < people.len() {
        assert!(begun.elapsed() < LIMIT, "{} of {} are checked", checked.len(), people.len());
        sleep(Duration::from_secs(1)).await;
        checked = checks(&world).await.into_iter().map(|(_, entry)| entry.user).collect();
    }
    for visitor in &people {
        let answer = visitor.fetch(0).await;
        assert_eq!(answer, Some(Answer::Allowed(visitor.user.clone())), "nobody waits for a check");
    }
    assert_rate(&checks(&world).await);
    assert_unbroken(&histories(&world, &people).await, Limits { proof: 40_000, long_pauses: false });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pci_14_a_backlog_is_cleared_at_the_promised_rate_and_nobody_is_signed_out() {
    let plan = Plan { policy_check_interval: "30s", provider: SETTING, ..Plan::default() };
    let world = Arc::new(World::start(plan).await);
    let people = signed_in(&world, Profile::None, 200).await;
    world.idp.post(Profile::None, "/outage", &json!({})).await;
    sleep(Duration::from_secs(35)).await;
    let back_at = jiff::Timestamp::now().as_millisecond();
    world.idp.delete(Profile::None, "/outage").await;

    let begun = Instant::now();
    let mut cleared = BTreeSet::new();
    while cleared.len() < people.len() {
        assert!(begun.elapsed() < LIMIT, "{} of {} are cleared", cleared.len(), people.len());
        sleep(Duration::from_secs(1)).await;
        let since = checks(&world)
            .await
            .into_iter()
            .filter(|(at, entry)| *at >= back_at && entry.status == Some(200));
        cleared = since.map(|(_, entry)| entry.user).collect();
    }
    assert_rate(&checks(&world).await);

    for visitor in &people {
        visitor.fetch(0).await;
        assert_eq!(round_trips(&visitor.events()), 0);
    }
    assert_unbroken(&histories(&world, &people).await, Limits { proof: 30_000, long_pauses: false });
}
