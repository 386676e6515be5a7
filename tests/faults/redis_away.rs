//! Redis is away, hung, demoted, full, locked or loading. Whether a session lives is unknown then: nobody gets in, nobody is
//! sent to sign in, no cookie is taken away, and all is as before when it is back, without a restart.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use url::Url;

use crate::evidence::assert_unbroken;
use crate::fault_proxy::{Fault, FaultProxy};
use crate::history::{Answer, What};
use crate::idp::Profile;
use crate::people::{histories, known, round_trips, signed_in};
use crate::redis_server::{RedisServer, free_port};
use crate::rules::Limits;
use crate::script::revoke_session;
use crate::visitor::{Arrival, Visitor};
use crate::wait::eventually;
use crate::world::{Plan, World};

/// The proof holds all the time that a test takes.
const LIMITS: Limits = Limits { proof: 3_600_000, long_pauses: false };
/// An answer that takes longer hangs. The promise is half a second; how long it takes is not asserted here.
const BOUNDED: Duration = Duration::from_secs(4);
const NODES: [usize; 2] = [0, 1];

/// Two nodes; two people who are signed in, and somebody who is just coming back from the IdP.
struct House {
    world: Arc<World>,
    alice: Arc<Visitor>,
    carol: Arc<Visitor>,
    bob: Arc<Visitor>,
    bobs_callback: Url,
}

impl House {
    async fn on(redis: RedisServer, redis_url: Option<String>) -> Self {
        let plan = Plan { nodes: NODES.len(), policy_check_interval: "60m", redis_url, ..Plan::default() };
        let world = Arc::new(World::start_on(redis, plan).await);
        let [alice, carol] = signed_in(&world, Profile::Strict, 2).await.try_into().unwrap();
        world.idp.add_user(Profile::Strict, "bob").await;
        let bob = Arc::new(Visitor::new(&world, "bob", Profile::Strict));
        let bobs_callback = bob.begin_sign_in(0).await;
        Self { world, alice, carol, bob, bobs_callback }
    }

    /// "Don't know", on every node and to everyone.
    async fn knows_nothing(&self) {
        for node in NODES {
            let answer =
                timeout(BOUNDED, self.alice.fetch(node)).await.expect("the answer is bounded in time");
            let unknown = Answer::Unknown { reason: "store_unavailable".into(), retry_after: true };
            assert_eq!(answer, Some(unknown));
            let navigation = timeout(BOUNDED, self.alice.navigate(|| node)).await;
            assert_eq!(navigation.expect("so is a page"), Arrival::Page(503));
            self.lets_nobody_in(node).await;
        }
        let signed_out = timeout(BOUNDED, self.carol.sign_out(0)).await.expect("so is a sign-out");
        assert!(!signed_out, "nobody can say that it was done");
    }

    /// Sign-ins are refused, and the node says that it is not ready.
    async fn lets_nobody_in(&self, node: usize) {
        let came_back = timeout(BOUNDED, self.bob.come_back(&self.bobs_callback, node)).await;
        assert_eq!(came_back.expect("so is the end of a sign-in"), Err(Arrival::Page(503)));
        assert!(self.bob.session().is_none());
        let ready = timeout(BOUNDED, self.world.nodes[node].is_ready()).await;
        assert!(!ready.expect("so is readiness"));
    }

    /// As before the fault, without a restart: the very session, at every node, and sign-ins too.
    async fn is_as_before(&self) {
        for node in NODES {
            eventually("the node is ready", async || self.world.nodes[node].is_ready().await.then_some(()))
                .await;
            assert_eq!(known(&self.alice, node).await, Answer::Allowed(self.alice.user.clone()));
        }
        eventually("bob signs in", async || self.bob.sign_in(|| 0).await.then_some(())).await;
        assert_eq!(round_trips(&self.alice.events()), 0);
        let people = [self.alice.clone(), self.bob.clone()];
        let histories = histories(&self.world, &people).await;
        assert!(histories.iter().all(|history| history.audit.is_empty()), "{histories:#?}");
        assert_unbroken(&histories, LIMITS);
    }
}

async fn house() -> House {
    House::on(RedisServer::durable(), None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_01_a_killed_redis_signs_nobody_out_and_lets_nobody_in() {
    let house = house().await;
    house.world.redis().kill();
    house.knows_nothing().await;
    house.world.redis().restart();
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_02_a_hung_redis_is_given_up_in_time_and_taken_back() {
    let house = house().await;
    house.world.redis().pause();
    house.knows_nothing().await;
    house.world.redis().resume();
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_13_a_redis_that_was_restarted_between_two_requests_is_found_again() {
    let house = house().await;
    for _ in 0..3 {
        let mut redis = house.world.redis();
        redis.kill();
        redis.restart();
    }
    house.is_as_before().await;
}

/// A network that fails in that way between the nodes and Redis.
async fn with_a_network_that(fault: Fault) {
    let redis = RedisServer::durable();
    let network = FaultProxy::start(redis.port()).await;
    let house = House::on(redis, Some(format!("redis://{}", network.address()))).await;
    network.fail(fault);
    house.knows_nothing().await;
    network.fail(Fault::None);
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_03_a_connection_that_is_reset_amid_an_answer_means_nothing() {
    with_a_network_that(Fault::ResetMidReply).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_02_a_network_that_swallows_everything_is_given_up_in_time() {
    with_a_network_that(Fault::Silence).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_03_a_password_that_is_suddenly_wanted_means_nothing() {
    let house = house().await;
    house.world.redis().cli(&["CONFIG", "SET", "requirepass", "another"]);
    house.world.redis().cli(&["-a", "another", "CLIENT", "KILL", "TYPE", "normal"]); // NOAUTH
    house.knows_nothing().await;
    house.world.redis().cli(&["-a", "another", "CONFIG", "SET", "requirepass", ""]);
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_03_a_password_that_was_changed_means_nothing() {
    let redis = RedisServer::durable();
    redis.cli(&["CONFIG", "SET", "requirepass", "first"]);
    let url = format!("redis://:first@127.0.0.1:{}", redis.port());
    let house = House::on(redis, Some(url)).await;
    house.world.redis().cli(&["-a", "first", "CONFIG", "SET", "requirepass", "second"]);
    house.world.redis().cli(&["-a", "second", "CLIENT", "KILL", "TYPE", "normal"]); // WRONGPASS
    house.knows_nothing().await;
    house.world.redis().cli(&["-a", "second", "CONFIG", "SET", "requirepass", "first"]);
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_03_a_redis_that_still_loads_means_nothing() {
    let house = house().await;
    {
        let mut redis = house.world.redis();
        let filler = "x".repeat(4000);
        for number in 0..200 {
            redis.cli(&["SET", &format!("filler-{number}"), &filler]);
        }
        redis.cli(&["BGREWRITEAOF"]);
        while redis.cli(&["INFO", "persistence"]).contains("aof_rewrite_in_progress:1") {
            std::thread::sleep(Duration::from_millis(20));
        }
        redis.kill();
        // A key takes it so many microseconds: five seconds in all.
        redis.begin_restart_with(&[
            "--key-load-delay",
            "25000",
            "--loading-process-events-interval-bytes",
            "1024",
        ]);
    }
    for node in NODES {
        let answer = timeout(BOUNDED, house.alice.fetch(node)).await.expect("the answer is bounded in time");
        assert!(matches!(answer, Some(Answer::Unknown { retry_after: true, .. })), "{answer:?}");
    }
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_03_a_replica_of_nowhere_means_nothing() {
    let house = house().await;
    let nowhere = free_port().to_string();
    house.world.redis().cli(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    house.world.redis().cli(&["REPLICAOF", "127.0.0.1", &nowhere]); // MASTERDOWN
    house.knows_nothing().await;
    house.world.redis().cli(&["REPLICAOF", "NO", "ONE"]);
    house.is_as_before().await;
}

/// What still can be read is good; what cannot be written is refused.
async fn while_it_cannot_write(house: &House) {
    for node in NODES {
        assert_eq!(known(&house.alice, node).await, Answer::Allowed(house.alice.user.clone()));
        house.lets_nobody_in(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_03_a_demoted_redis_serves_sessions_and_lets_nobody_in() {
    let house = house().await;
    house.world.redis().cli(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]); // READONLY
    while_it_cannot_write(&house).await;
    revoke_session(&house.carol, 0).await;
    let events = house.carol.events();
    assert_eq!(
        events.last().unwrap().what,
        What::RevokeSession { acknowledged: false },
        "it could not be done"
    );
    house.world.redis().cli(&["REPLICAOF", "NO", "ONE"]);
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rds_11_a_full_redis_serves_sessions_and_lets_nobody_in() {
    let house = house().await;
    house.world.redis().cli(&["CONFIG", "SET", "maxmemory", "1"]); // OOM
    while_it_cannot_write(&house).await;
    house.world.redis().cli(&["CONFIG", "SET", "maxmemory", "0"]);
    house.is_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_07_a_callback_is_good_once_also_at_another_node() {
    let house = house().await;
    house.bob.come_back(&house.bobs_callback, 0).await.unwrap();
    assert_eq!(house.bob.session(), Some(1));
    for node in NODES {
        let again = house.bob.come_back(&house.bobs_callback, node).await;
        assert!(house.bob.session() == Some(1), "no second session of one callback: {again:?}");
    }
}
