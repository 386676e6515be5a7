//! Nodes are killed and stopped. Nobody is signed out, and whoever must fetch a new proof is asked nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::evidence::assert_unbroken;
use crate::history::{Answer, What};
use crate::idp::Profile;
use crate::people::{busy, get_there, histories, known, round_trips, signed_in};
use crate::rules::Limits;
use crate::visitor::Visitor;
use crate::world::{Plan, World};

const LIMITS: Limits = Limits { proof: 6000, long_pauses: false };

/// Two nodes; the one that asks the IdP is killed when the IdP has done what it was asked, and before its answer comes.
async fn killed_between_answer_and_store(profile: Profile) -> (Arc<World>, Arc<Visitor>) {
    let world = Arc::new(World::start(Plan { nodes: 2, ..Plan::default() }).await);
    world.nodes[1].kill(); // so that it is known who asks
    let visitor = Arc::new(Visitor::new(&world, profile.name(), profile));
    world.idp.add_user(profile, &visitor.user).await;
    get_there(&visitor, 0).await;
    world.idp.token_fault(profile, json!({ "mode": "late_answer", "delay": "1500ms", "times": 1 })).await;
    world.idp.until_the_faults_have_struck(profile).await;
    world.nodes[0].kill();
    world.nodes[1].restart().await;
    // Whatever was still good is over now.
    sleep(Duration::from_secs(7)).await;
    (world, visitor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_06_a_node_killed_before_it_stored_costs_nothing_where_the_refresh_token_stays() {
    let (world, visitor) = killed_between_answer_and_store(Profile::None).await;
    assert_eq!(known(&visitor, 1).await, Answer::Allowed(visitor.user.clone()));
    assert_eq!(round_trips(&visitor.events()), 0);
    assert_unbroken(&histories(&world, &[visitor]).await, LIMITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_06_a_node_killed_before_it_stored_costs_a_silent_redirect_where_tokens_are_good_once() {
    let (world, visitor) = killed_between_answer_and_store(Profile::Strict).await;
    assert_eq!(known(&visitor, 1).await, Answer::SignIn(Some("renewal_due".into())));
    get_there(&visitor, 1).await;
    assert_eq!(round_trips(&visitor.events()), 1);
    let asked = visitor.events().iter().any(|event| event.what == What::CredentialsAsked);
    assert!(!asked, "{:#?}", visitor.events());
    assert_unbroken(&histories(&world, &[visitor]).await, LIMITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_06_a_node_killed_before_it_stored_signs_nobody_out_where_the_idp_has_a_grace() {
    let (world, visitor) = killed_between_answer_and_store(Profile::Grace).await;
    known(&visitor, 1).await;
    get_there(&visitor, 1).await;
    assert_unbroken(&histories(&world, &[visitor]).await, LIMITS);
}

/// People at three nodes, all the time; each node goes down and comes back, `rounds` times.
async fn each_node_in_turn(
    rounds: usize,
    down: impl AsyncFn(&World, usize),
) -> (Arc<World>, Vec<Arc<Visitor>>) {
    let world = Arc::new(World::start(Plan::default()).await);
    let mut people = signed_in(&world, Profile::Strict, 15).await;
    people.extend(signed_in(&world, Profile::None, 15).await);
    let (tell, stop) = watch::channel(false);
    let busy: Vec<_> =
        people.iter().map(|visitor| busy(visitor, Duration::from_millis(200), &stop)).collect();
    for node in (0..world.nodes.len()).cycle().take(rounds * world.nodes.len()) {
        down(&world, node).await;
        sleep(Duration::from_millis(300)).await;
        world.nodes[node].restart().await;
        sleep(Duration::from_millis(700)).await;
    }
    tell.send(true).unwrap();
    for task in busy {
        task.await.unwrap();
    }
    for visitor in &people {
        get_there(visitor, 0).await;
    }
    (world, people)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adm_09_a_killed_node_signs_nobody_out() {
    let (world, people) = each_node_in_turn(3, async |world, node| world.nodes[node].kill()).await;
    assert_unbroken(&histories(&world, &people).await, LIMITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adm_08_a_node_that_is_told_to_stop_loses_no_refresh_token() {
    let slow = async |world: &World, node: usize| {
        for profile in Profile::ALL {
            world
                .idp
                .token_fault(profile, json!({ "mode": "late_answer", "delay": "700ms", "times": 5 }))
                .await;
        }
        world.nodes[node].terminate().await;
    };
    let (world, people) = each_node_in_turn(2, slow).await;
    for visitor in &people {
        assert_eq!(round_trips(&visitor.events()), 0, "{:#?}", visitor.events());
    }
    assert_unbroken(&histories(&world, &people).await, LIMITS);
}
