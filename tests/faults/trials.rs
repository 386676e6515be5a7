//! Ten thousand lives under bad weather. `HOURGATE_TRIALS` and `HOURGATE_SEED` say how many, and which.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::chaos::{Weather, rage};
use crate::dice::{Dice, seed};
use crate::evidence::{Witness, add_evidence, assert_unbroken, watch};
use crate::history::{Answer, Trial, What};
use crate::idp::Profile;
use crate::rules::Limits;
use crate::script::live;
use crate::world::{Plan, World};

/// So many people live at a time…
const AT_ONCE: usize = 300;
/// …and so often somebody comes.
const ARRIVAL: Duration = Duration::from_millis(25);
/// Unless `HOURGATE_TRIALS` says how many, nobody comes any more after this; a slow machine tries fewer.
const LONG_ENOUGH: Duration = Duration::from_secs(300);
/// The streams of a seed that are not trials.
const CHAOS: u64 = u64::MAX;

/// How many trials, and for how long people come.
fn wanted() -> (usize, Duration) {
    match std::env::var("HOURGATE_TRIALS") {
        Ok(text) => (text.parse().expect("HOURGATE_TRIALS is a number"), Duration::MAX),
        Err(_) => (10_000, LONG_ENOUGH),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_02_race_14_ten_thousand_lives_under_kills_pauses_and_faults() {
    let weather = Weather { longest_pause: 4000, all_fail: true };
    let (trials, at_most) = wanted();
    run(trials, at_most, weather, Limits { proof: 6000, long_pauses: false }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_03_a_node_that_sleeps_longer_than_its_claim_signs_nobody_out() {
    let weather = Weather { longest_pause: 14_000, all_fail: false };
    let (trials, at_most) = wanted();
    run(trials / 50, at_most / 10, weather, Limits { proof: 6000, long_pauses: true }).await;
}

async fn run(trials: usize, at_most: Duration, weather: Weather, limits: Limits) {
    let (seed, begun) = (seed(), Instant::now());
    let world = Arc::new(World::start(Plan::default()).await);
    let over = Arc::new(AtomicBool::new(false));
    let storm = tokio::spawn(rage(world.clone(), Dice::new(seed, CHAOS), weather, over.clone()));
    let witness = tokio::spawn(watch(world.clone(), over.clone()));

    let (mut lives, mut seen) = (JoinSet::new(), Vec::new());
    for number in 0..trials {
        if begun.elapsed() > at_most {
            break;
        }
        sleep(ARRIVAL).await;
        if lives.len() == AT_ONCE {
            seen.push(lives.join_next().await.unwrap().unwrap());
            if seen.len() % 500 == 0 {
                eprintln!("{} trials in {:?}", seen.len(), begun.elapsed());
            }
        }
        lives.spawn(one(world.clone(), number, seed));
    }
    seen.extend(lives.join_all().await);
    over.store(true, Ordering::Relaxed);
    let (blows, witness) = (storm.await.unwrap(), witness.await.unwrap());
    add_evidence(&world, &witness, &mut seen);
    report(&seen, blows, &witness, begun.elapsed());
    assert_unbroken(&seen, limits);
}

async fn one(world: Arc<World>, number: usize, seed: u64) -> Trial {
    let mut dice = Dice::new(seed, u64::try_from(number).unwrap());
    let profile = dice.one_of(&[Profile::None, Profile::Grace, Profile::Strict, Profile::Strict]);
    let user = format!("u{number}");
    let events = live(&world, &user, profile, dice).await;
    Trial { number, user, profile, events, audit: Vec::new(), reuses: 0 }
}

/// How much was tried: a run in which nothing happens proves nothing.
fn report(trials: &[Trial], blows: usize, witness: &Witness, took: Duration) {
    let mut counts = BTreeMap::<String, usize>::new();
    for event in trials.iter().flat_map(|trial| &trial.events) {
        let name = match &event.what {
            What::Answer(Answer::Allowed(_)) => "allowed".to_owned(),
            What::Answer(Answer::SignIn(Some(reason))) => format!("sign-in: {reason}"),
            What::Answer(Answer::Unknown { reason, .. }) => format!("unknown: {reason}"),
            What::Answer(answer) => format!("{answer:?}"),
            What::Callback { got, .. } => format!("callback, session: {}", got.is_some()),
            What::Page(status) => format!("page {status}"),
            What::Misfortune(_) => "misfortune".to_owned(),
            what => format!("{what:?}"),
        };
        *counts.entry(name).or_default() += 1;
    }
    eprintln!(
        "{} trials, {blows} blows, {} refreshes at the IdP of which it refused {}, {} reuses, in {took:?}\n{counts:#?}",
        trials.len(),
        witness.refreshes,
        witness.refused,
        witness.reuses.values().sum::<usize>()
    );
    assert!(trials.is_empty() || counts.contains_key("allowed") && witness.refreshes > 0, "nothing happened");
}
