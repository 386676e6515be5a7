//! Many requests at many nodes, and one refresh: an IdP that takes each refresh token once must never see one twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::evidence::assert_unbroken;
use crate::history::Answer;
use crate::idp::{Entry, Profile};
use crate::people::{get_there, histories, round_trips, signed_in};
use crate::rules::Limits;
use crate::visitor::Visitor;
use crate::world::{Plan, World};

const AT_EACH_NODE: usize = 20;

/// A script at each node, so many times, all at once.
async fn crowd(visitor: &Arc<Visitor>) -> Vec<Option<Answer>> {
    let nodes = visitor.world.nodes.len();
    join_all((0..nodes * AT_EACH_NODE).map(|number| visitor.fetch(number % nodes))).await
}

/// Crowds come from now on until the IdP has answered a refresh: when that was seen.
async fn crowds_until_refreshed(visitor: &Arc<Visitor>) -> Instant {
    let limit = Instant::now() + Duration::from_secs(120);
    loop {
        for answer in crowd(visitor).await {
            let passes_or_waits = matches!(&answer, Some(Answer::Allowed(_)))
                || matches!(&answer, Some(Answer::Unknown { reason, .. }) if reason == "checking" || reason == "store_unavailable")
                || answer.is_none();
            assert!(passes_or_waits, "{answer:?}");
        }
        if !visitor.world.idp.refreshes(visitor.profile, &visitor.user).await.is_empty() {
            return Instant::now();
        }
        assert!(Instant::now() < limit, "there is no refresh");
    }
}

/// `interval` seconds between two policy checks.
async fn exactly_one_refresh(interval: u64, plan: Plan, slowness: &str) {
    let world = Arc::new(World::start(plan).await);
    let visitor = signed_in(&world, Profile::Strict, 1).await.remove(0);
    world.idp.token_fault(Profile::Strict, json!({ "mode": "delay", "delay": slowness })).await;
    let first = crowds_until_refreshed(&visitor).await;
    // Somebody who waits at each node, too.
    join_all((0..world.nodes.len()).map(|node| get_there(&visitor, node))).await;
    let refreshes = world.idp.refreshes(Profile::Strict, &visitor.user).await;
    // The next check falls due after 60 % of the interval at the earliest; a machine that stood still may have seen it.
    let later_ones = first.elapsed().as_secs() * 10 / (interval * 6);
    assert!(refreshes.len() <= 1 + usize::try_from(later_ones).unwrap(), "{refreshes:#?}");
    assert!(refreshes.iter().all(|entry| entry.status == Some(200) && !entry.reuse), "{refreshes:#?}");
    assert_eq!(round_trips(&visitor.events()), 0, "nobody was sent to the IdP after the sign-in");
    let limits = Limits { proof: interval * 1000, long_pauses: false };
    assert_unbroken(&histories(&world, &[visitor]).await, limits);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_02_sixty_requests_at_three_nodes_cost_one_refresh_at_a_slow_idp() {
    let plan = Plan { policy_check_interval: "8s", idp_timeout: "10s", ..Plan::default() };
    exactly_one_refresh(8, plan, "3s").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_01_many_requests_at_one_node_cost_one_refresh() {
    let plan = Plan { nodes: 1, policy_check_interval: "8s", idp_timeout: "10s", ..Plan::default() };
    exactly_one_refresh(8, plan, "3s").await;
}

/// A claim lasts ten seconds unless it is renewed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_03_a_claim_is_renewed_while_the_idp_takes_its_time() {
    let plan = Plan { policy_check_interval: "8s", idp_timeout: "30s", ..Plan::default() };
    let world = Arc::new(World::start(plan).await);
    let visitor = signed_in(&world, Profile::Strict, 1).await.remove(0);
    world.idp.token_fault(Profile::Strict, json!({ "mode": "delay", "delay": "25s", "times": 1 })).await;
    crowds_until_refreshed(&visitor).await;
    get_there(&visitor, 2).await;
    let refreshes = world.idp.refreshes(Profile::Strict, &visitor.user).await;
    let came_at: Vec<i64> = refreshes.iter().map(Entry::came_at_millis).collect();
    let meanwhile = came_at.iter().filter(|at| (1..24_000).contains(&(*at - came_at[0]))).count();
    assert_eq!(meanwhile, 0, "somebody else asked while the IdP thought: {refreshes:#?}");
    assert_eq!(round_trips(&visitor.events()), 0);
    assert_unbroken(&histories(&world, &[visitor]).await, Limits { proof: 8000, long_pauses: false });
}
