//! Nodes whose clocks are wrong, or jump. What counts is Redis' time, on every node: all agree when a proof ends, whom a
//! revocation is meant for, and when to ask the IdP next. The library of `faketime` moves the nodes' wall clocks; Redis, the
//! IdP and the browsers keep the right time, and no monotonic clock is touched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::sleep;

use crate::evidence::assert_unbroken;
use crate::history::{Answer, Event, What};
use crate::idp::Profile;
use crate::people::{get_there, histories, known, round_trips, signed_in};
use crate::rules::Limits;
use crate::script::revoke_user;
use crate::visitor::Visitor;
use crate::wait::eventually;
use crate::world::{Plan, World};

const LIMITS: Limits = Limits { proof: 6000, long_pauses: false };
const NODES: [usize; 3] = [0, 1, 2];

/// The wall clocks of three nodes.
struct Clocks {
    dir: TempDir,
}

impl Clocks {
    /// By how many seconds each is wrong.
    fn off_by(seconds: [i64; 3]) -> Self {
        let clocks = Self { dir: TempDir::new().unwrap() };
        for (node, off) in seconds.into_iter().enumerate() {
            clocks.set(node, off);
        }
        clocks
    }

    fn file(&self, node: usize) -> PathBuf {
        self.dir.path().join(node.to_string())
    }

    /// From now on that clock is wrong by so much. The node sees a jump.
    fn set(&self, node: usize, off: i64) {
        // A reader must never find half a number.
        let fresh = self.dir.path().join("fresh");
        std::fs::write(&fresh, format!("{off:+}\n")).unwrap();
        std::fs::rename(fresh, self.file(node)).unwrap();
    }

    /// What makes a node look at its clock.
    fn variables(&self, node: usize) -> Vec<(String, String)> {
        let library = std::fs::read_dir("/usr/lib")
            .unwrap()
            .map(|entry| entry.unwrap().path().join("faketime/libfaketimeMT.so.1"))
            .find(|path| path.exists())
            .expect("faketime is installed; tests/run does that");
        let file = self.file(node).display().to_string();
        [
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    async fn world(&self, policy_check_interval: &'static str) -> Arc<World> {
        let variables = NODES.map(|node| self.variables(node)).into();
        Arc::new(World::start(Plan { policy_check_interval, variables, ..Plan::default() }).await)
    }
}

/// The wall clocks are as wrong as they should be: by the time of the newest line in each node's audit log.
fn assert_wrong(world: &World, seconds: [i64; 3]) {
    for (node, wanted) in world.nodes.iter().zip(seconds) {
        let line = node.audit().pop().expect("each node has signed somebody in");
        let told: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        let off = told.as_second() - jiff::Timestamp::now().as_second();
        assert!((off - wanted).abs() < 120, "{wanted} is wanted: {off}");
    }
}

/// Every node says that the proof of the sign-in ends when it should, to the second.
async fn assert_agreed(visitor: &Visitor, interval: u64) {
    let is_one = |event: &&Event| matches!(event.what, What::Callback { got: Some(_), .. });
    let signed_in = visitor.events().iter().find(is_one).cloned().unwrap();
    for node in NODES {
        let (before, look, after) = eventually("the node knows", async || {
            let before = visitor.world.now();
            let look = visitor.look(node).await?;
            Some((before, look, visitor.world.now()))
        })
        .await;
        let ends_in = look["proof"]["ends_in"].as_u64().unwrap_or_else(|| panic!("node {node}: {look}"));
        let earliest = interval - (after - signed_in.begun).div_ceil(1000) - 1;
        let latest = interval - (before - signed_in.ended) / 1000 + 1;
        assert!((earliest..=latest).contains(&ends_in), "node {node}: {earliest} to {latest}, not {ends_in}");
    }
}

async fn assert_served_everywhere(visitor: &Visitor) {
    for node in NODES {
        assert_eq!(known(visitor, node).await, Answer::Allowed(visitor.user.clone()), "node {node}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_06_nodes_with_wrong_clocks_agree_when_a_proof_ends() {
    let clocks = Clocks::off_by([300, -300, 0]);
    let world = clocks.world("5m").await;
    // Each signs in by another node.
    let people = signed_in(&world, Profile::None, 3).await;
    for visitor in &people {
        assert_served_everywhere(visitor).await;
        assert_agreed(visitor, 300).await;
    }
    assert_wrong(&world, [300, -300, 0]);
    assert_unbroken(&histories(&world, &people).await, Limits { proof: 300_000, ..LIMITS });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_06_a_revocation_by_a_node_with_a_wrong_clock_voids_no_later_sign_in() {
    let clocks = Clocks::off_by([300, -300, 0]);
    let world = clocks.world("5m").await;
    let people = signed_in(&world, Profile::None, 3).await;
    for (node, visitor) in people.iter().enumerate() {
        revoke_user(visitor, node).await;
        sleep(Duration::from_millis(100)).await;
        let other = (node + 1) % NODES.len();
        eventually("the new sign-in is good", async || visitor.sign_in(|| other).await.then_some(())).await;
        get_there(visitor, other).await;
    }
    assert_unbroken(&histories(&world, &people).await, Limits { proof: 300_000, ..LIMITS });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_06_wrong_clocks_keep_no_disabled_user_in() {
    let clocks = Clocks::off_by([300, -300, 0]);
    let world = clocks.world("6s").await;
    let people = signed_in(&world, Profile::None, 6).await;
    sleep(Duration::from_secs(7)).await; // each was checked by some node
    for visitor in &people {
        let begun = world.now();
        world.idp.disable(visitor.profile, &visitor.user).await;
        visitor.note(begun, None, None, What::Disabled);
    }
    for _ in 0..8 {
        sleep(Duration::from_secs(1)).await;
        for visitor in &people {
            for node in NODES {
                visitor.fetch(node).await;
            }
        }
    }
    for visitor in &people {
        assert_eq!(known(visitor, 2).await, Answer::SignIn(Some("idp_refused".into())));
    }
    assert_unbroken(&histories(&world, &people).await, LIMITS);
}

/// The nodes' clocks jump by so many seconds while people are signed in, and later jump back.
async fn clocks_jump(by: i64) {
    let clocks = Clocks::off_by([0; 3]);
    let long_lived = clocks.world("60m").await;
    let visitor = signed_in(&long_lived, Profile::None, 1).await.remove(0);
    for off in [by, 0] {
        NODES.iter().for_each(|node| clocks.set(*node, off));
        sleep(Duration::from_millis(300)).await;
        assert_served_everywhere(&visitor).await;
        assert_agreed(&visitor, 3600).await;
    }
    assert_eq!(round_trips(&visitor.events()), 0);
    assert_unbroken(&histories(&long_lived, &[visitor]).await, Limits { proof: 3_600_000, ..LIMITS });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_07_a_clock_that_jumps_ahead_ends_nothing() {
    clocks_jump(3600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_07_a_clock_that_jumps_back_prolongs_nothing() {
    clocks_jump(-3600).await;
}

/// Checks go on in time, and find out what they should.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_07_policy_checks_go_on_while_clocks_jump() {
    let clocks = Clocks::off_by([0; 3]);
    let world = clocks.world("6s").await;
    let people = signed_in(&world, Profile::Strict, 6).await;
    for offs in [[3600, 0, 0], [3600, -3600, 0], [0, 0, 3600], [-3600, 3600, 0], [0, 0, 0]] {
        for (node, off) in offs.into_iter().enumerate() {
            clocks.set(node, off);
        }
        for _ in 0..6 {
            sleep(Duration::from_millis(700)).await;
            for visitor in &people {
                for node in NODES {
                    visitor.fetch(node).await;
                }
            }
        }
    }
    for visitor in &people {
        get_there(visitor, 0).await;
        assert_eq!(round_trips(&visitor.events()), 0, "{:#?}", visitor.events());
        let refreshes = world.idp.refreshes(Profile::Strict, &visitor.user).await;
        assert!(refreshes.len() >= 2, "checks stood still: {refreshes:?}");
    }
    assert_unbroken(&histories(&world, &people).await, LIMITS);
}
