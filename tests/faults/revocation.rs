//! Revocations while all nodes are busy: once they are acknowledged, nobody is let pass any more, anywhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::evidence::assert_unbroken;
use crate::history::{Answer, Audited, Event, What};
use crate::idp::Profile;
use crate::people::{busy, get_there, histories, known, signed_in};
use crate::rules::Limits;
use crate::script::{revoke_session, revoke_user};
use crate::wait::eventually;
use crate::world::{Plan, World};

const LIMITS: Limits = Limits { proof: 6000, long_pauses: false };

/// When the acknowledgement came, if it did.
fn acknowledged(events: &[Event]) -> Option<u64> {
    let is_one = |event: &&Event| {
        matches!(
            event.what,
            What::RevokeSession { acknowledged: true } | What::RevokeUser { acknowledged: true }
        )
    };
    events.iter().find(is_one).map(|event| event.ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_11_after_its_acknowledgement_a_revocation_counts_on_every_node() {
    let world = Arc::new(World::start(Plan::default()).await);
    let people = signed_in(&world, Profile::Strict, 24).await;
    let (tell, stop) = watch::channel(false);
    let busy: Vec<_> = people
        .iter()
        .flat_map(|visitor| (0..2).map(|_| busy(visitor, Duration::from_millis(100), &stop)))
        .collect();
    sleep(Duration::from_secs(1)).await;
    for (number, visitor) in people.iter().enumerate() {
        // On a busy machine Redis may answer too late; then the admin asks again.
        while acknowledged(&visitor.events()).is_none() {
            let node = number % world.nodes.len();
            if number % 2 == 0 {
                revoke_session(visitor, node).await;
            } else {
                revoke_user(visitor, node).await;
            }
        }
    }
    sleep(Duration::from_secs(2)).await;
    tell.send(true).unwrap();
    for task in busy {
        task.await.unwrap();
    }
    let trials = histories(&world, &people).await;
    for trial in &trials {
        let acknowledged = acknowledged(&trial.events).unwrap();
        let later = trial.events.iter().filter(|event| event.begun > acknowledged);
        let mut answers = later.filter(|event| matches!(event.what, What::Answer(_))).peekable();
        assert!(answers.peek().is_some(), "nobody asked after the revocation");
        let let_pass: Vec<_> =
            answers.filter(|event| matches!(event.what, What::Answer(Answer::Allowed(_)))).collect();
        assert!(let_pass.is_empty(), "acknowledged at {acknowledged}: {let_pass:#?}");
        assert_eq!(trial.audit, [Audited::Ended("revoked".into())]);
    }
    assert_unbroken(&trials, LIMITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_12_a_sign_in_after_a_revocation_is_good_at_once() {
    let world = Arc::new(World::start(Plan::default()).await);
    let people = signed_in(&world, Profile::None, 6).await;
    for (number, visitor) in people.iter().enumerate() {
        let (here, there) = (number % 3, (number + 1) % 3);
        while acknowledged(&visitor.events()).is_none() {
            revoke_user(visitor, here).await;
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(known(visitor, there).await, Answer::SignIn(Some("revoked".into())));
        eventually("the new sign-in is good", async || visitor.sign_in(|| there).await.then_some(())).await;
        get_there(visitor, here).await;
    }
    assert_unbroken(&histories(&world, &people).await, LIMITS);
}
