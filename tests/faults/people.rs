//! Several people at once, and their histories.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::evidence::{Witness, add_evidence};
use crate::history::{Answer, Event, Trial, What};
use crate::idp::Profile;
use crate::visitor::{Arrival, Visitor};
use crate::wait::eventually;
use crate::world::World;

/// Only ends a test that hangs.
const LIMIT: Duration = Duration::from_secs(90);

/// Signs so many people in, by all nodes in turn.
pub(crate) async fn signed_in(world: &Arc<World>, profile: Profile, people: usize) -> Vec<Arc<Visitor>> {
    let sign_in = |number: usize| async move {
        let user = format!("{}-{number}", profile.name());
        world.idp.add_user(profile, &user).await;
        let visitor = Arc::new(Visitor::new(world, &user, profile));
        get_there(&visitor, number % world.nodes.len()).await;
        visitor
    };
    join_all((0..people).map(sign_in)).await
}

/// Navigates by one node until the app is reached.
pub(crate) async fn get_there(visitor: &Visitor, node: usize) {
    let since = Instant::now();
    while visitor.navigate(|| node).await != Arrival::App {
        assert!(since.elapsed() < LIMIT, "{} never gets there: {:#?}", visitor.user, visitor.events());
        sleep(Duration::from_millis(50)).await;
    }
}

/// What a node answers to a script, once it knows.
pub(crate) async fn known(visitor: &Visitor, node: usize) -> Answer {
    eventually("the node knows what to answer", async || match visitor.fetch(node).await {
        Some(Answer::Unknown { .. }) | None => None,
        known => known,
    })
    .await
}

/// Somebody who asks again and again, now this node and now that, until told to stop.
pub(crate) fn busy(
    visitor: &Arc<Visitor>,
    pause: Duration,
    stop: &tokio::sync::watch::Receiver<bool>,
) -> JoinHandle<()> {
    let (visitor, stop) = (visitor.clone(), stop.clone());
    let mut dice = Dice::new(1, u64::try_from(visitor.user.len()).unwrap());
    tokio::spawn(async move {
        while !*stop.borrow() {
            let node = dice.below(visitor.world.nodes.len());
            visitor.fetch(node).await;
            sleep(pause).await;
        }
    })
}

/// The histories of people, with what IdP and audit logs say.
pub(crate) async fn histories(world: &World, people: &[Arc<Visitor>]) -> Vec<Trial> {
    let mut witness = Witness::default();
    witness.read(world).await;
    let trial = |(number, visitor): (usize, &Arc<Visitor>)| Trial {
        number,
        user: visitor.user.clone(),
        profile: visitor.profile,
        events: visitor.events(),
        audit: Vec::new(),
        reuses: 0,
    };
    let mut trials: Vec<_> = people.iter().enumerate().map(trial).collect();
    add_evidence(world, &witness, &mut trials);
    trials
}

/// How often a browser that had a session was sent to the IdP and came back.
pub(crate) fn round_trips(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| event.session.is_some() && matches!(event.what, What::Callback { .. }))
        .count()
}
