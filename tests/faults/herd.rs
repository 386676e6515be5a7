//! Many sessions at once, and an IdP that must not be trampled: no more checks a second than it was promised, by all nodes
//! together, and nobody waits longer than must be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::evidence::assert_unbroken;
use crate::history::{Answer, Event, What};
use crate::idp::{Entry, Profile};
use crate::people::{histories, round_trips, signed_in, signed_in_as};
use crate::rules::Limits;
use crate::visitor::Visitor;
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
    let mut checks: Vec<_> =
        checks.map(|entry| (entry.at.parse::<jiff::Timestamp>().unwrap().as_millisecond(), entry)).collect();
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

/// The milliseconds at which people signed in, in their order.
fn signed_in_at(visitor: &Visitor) -> u64 {
    let is_one = |event: &&Event| matches!(event.what, What::Callback { got: Some(_), .. });
    visitor.events().iter().find(is_one).unwrap().ended
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
async fn pci_14_a_backlog_is_cleared_at_the_promised_rate_and_in_the_order_of_deadlines() {
    let plan = Plan { policy_check_interval: "30s", provider: SETTING, ..Plan::default() };
    let world = Arc::new(World::start(plan).await);
    let mut people = Vec::new();
    // A few at a time, so that their deadlines differ.
    for part in 0..10 {
        people.extend(signed_in_as(&world, Profile::None, part * 20..(part + 1) * 20).await);
        sleep(Duration::from_millis(300)).await;
    }
    world.idp.post(Profile::None, "/outage", &json!({})).await;
    sleep(Duration::from_secs(35)).await;
    let back_at = jiff::Timestamp::now().as_millisecond();
    world.idp.delete(Profile::None, "/outage").await;

    let begun = Instant::now();
    let cleared = loop {
        let mut cleared: Vec<String> = Vec::new();
        for (at, entry) in checks(&world).await {
            if at >= back_at && entry.status == Some(200) && !cleared.contains(&entry.user) {
                cleared.push(entry.user);
            }
        }
        if cleared.len() == people.len() {
            break cleared;
        }
        assert!(begun.elapsed() < LIMIT, "{} of {} are cleared", cleared.len(), people.len());
        sleep(Duration::from_secs(1)).await;
    };
    assert_rate(&checks(&world).await);

    // By thirds: the first to be cleared are those whose proof ended first.
    let mut in_order: Vec<_> = people.iter().collect();
    in_order.sort_by_key(|visitor| signed_in_at(visitor));
    let place = |user: &String| in_order.iter().position(|visitor| visitor.user == *user).unwrap();
    let third = cleared.len() / 3;
    let mean = |users: &[String]| users.iter().map(place).sum::<usize>() / users.len();
    let (first, last) = (mean(&cleared[..third]), mean(&cleared[cleared.len() - third..]));
    assert!(first + third < last, "the mean place of the first third is {first}, of the last {last}");

    for visitor in &people {
        visitor.fetch(0).await;
        assert_eq!(round_trips(&visitor.events()), 0);
    }
    assert_unbroken(&histories(&world, &people).await, Limits { proof: 30_000, long_pauses: false });
}
