//! What the Redis store says while Redis is away, hung, full, demoted, locked or not Redis: "unavailable", never "not
//! there", and it comes back by itself. Bounds are generous: the deadlines are the store's own, the tests only tell a
//! late answer from none.

use std::sync::Arc;
use std::time::Duration;

use hourgate::keys::{KeyRing, MasterKey};
use hourgate::session::end::{EndReason, Tombstone};
use hourgate::store::redis::{Patience, RedisStore};
use hourgate::store::sessions::Sessions;
use hourgate::store::{Ended, Store, StoreError, Stored, TimeSource, Version};
use hourgate::time::{Clock, SystemClock, Timestamp};
use tokio::time::timeout;

use crate::every_verb::{Outcome, assert_answered, assert_unavailable, every_verb, reads, writes};
use crate::fake_redis::{self, Script};
use crate::fault_proxy::{Fault, FaultProxy};
use crate::redis_server::{RedisServer, free_port};
use crate::store::{KEEP, LANE, T0, new_id, patient, session_due};

const SECRET: &str = "correct-horse-battery";
const BOUND: Duration = Duration::from_secs(5);

/// With the deadlines of production.
fn store(url: &str) -> RedisStore {
    RedisStore::new(&url.to_owned().into(), None, TimeSource::Caller, Patience::default()).unwrap()
}

/// Asks until there is an answer; fails if there is none for long.
async fn comes_back(store: &dyn Store) {
    let until_it_answers = async {
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), until_it_answers).await.expect("the store comes back by itself");
}

async fn within_the_bound(verbs: impl Future<Output = Vec<Outcome>>) -> Vec<Outcome> {
    timeout(BOUND * 10, verbs).await.expect("each verb answers in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_redis_is_unavailable_and_then_back_with_its_data() {
    let mut server = RedisServer::durable();
    let store = store(&server.url());
    let id = new_id();
    comes_back(&store).await;
    store.create(id, session_due(T0)).await.unwrap();
    server.kill();
    assert_unavailable(within_the_bound(every_verb(&store, id)).await, "never");
    server.restart();
    comes_back(&store).await;
    let found = timeout(BOUND, store.session(id)).await.unwrap().unwrap();
    assert_eq!(found, Some(Stored::Live(Version(1), b"identity".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_a_restart_between_two_requests() {
    let mut server = RedisServer::durable();
    let store = patient(&server.url(), TimeSource::Caller);
    let id = new_id();
    store.create(id, session_due(T0)).await.unwrap();
    server.kill();
    server.restart();
    assert!(store.session(id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_never_there_is_unavailable() {
    let store = store(&format!("redis://:{SECRET}@127.0.0.1:{}", free_port()));
    assert_unavailable(within_the_bound(every_verb(&store, new_id())).await, SECRET);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_redis_is_unavailable_in_time_and_then_back() {
    let server = RedisServer::start();
    let store = Arc::new(store(&server.url()));
    let id = new_id();
    comes_back(&*store).await;
    store.create(id, session_due(T0)).await.unwrap();
    server.pause();
    let at_once = (0..100).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { timeout(BOUND, store.session(id)).await.expect("no queue forms") })
    });
    for answer in futures_util::future::join_all(at_once).await {
        assert!(matches!(answer.unwrap(), Err(StoreError::Unavailable { .. })));
    }
    assert_unavailable(within_the_bound(every_verb(&*store, id)).await, "never");
    server.resume();
    comes_back(&*store).await;
    assert!(store.session(id).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_refuses_writes_still_serves_sessions() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Caller);
    let id = new_id();
    store.create(id, session_due(T0)).await.unwrap();
    server.cli(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert_answered(reads(&store, id).await);
    let mut refused = writes(&store, id).await;
    // These found nothing to write, and said so.
    refused.retain(|(verb, _)| !["replace_session", "renew", "complete"].contains(verb));
    refused.push(("end", store.end(id, b"why", KEEP).await.map(drop)));
    assert_unavailable(refused, "never");
    assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lost_its_master_does_not_make_sessions_vanish() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Caller);
    let id = new_id();
    store.create(id, session_due(T0)).await.unwrap();
    server.cli(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]);
    for write in [store.ping().await, store.create(new_id(), session_due(T0)).await] {
        assert!(write.unwrap_err().to_string().contains("READONLY"));
    }
    server.cli(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    assert_unavailable(every_verb(&store, id).await, "never");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    comes_back(&store).await;
    assert!(store.session(id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_still_serves_sessions_and_lets_them_end() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Caller);
    let id = new_id();
    store.create(id, session_due(T0)).await.unwrap();
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    for write in [
        store.create(new_id(), session_due(T0)).await,
        store.replace_session(id, Version(1), b"x", KEEP, None).await.map(drop),
        store.spend(crate::store::new_hash(), KEEP).await.map(drop),
        store.ping().await,
    ] {
        assert!(write.unwrap_err().to_string().contains("OOM"));
    }
    assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
    assert_eq!(store.end(id, b"revoked", KEEP).await.unwrap(), Ended::Now);
    assert_eq!(store.session(id).await.unwrap(), Some(Stored::Tombstone(b"revoked".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_whose_answer_was_lost_is_known_for_ours_and_another_nodes_is_not() {
    let server = RedisServer::start();
    let network = FaultProxy::start(server.port()).await;
    let store = Arc::new(patient(&format!("redis://{}", network.address()), TimeSource::Caller));
    let keys = KeyRing::new(vec![MasterKey::random(T0)], T0).unwrap();
    let sessions = Sessions::new(store.clone(), Arc::new(keys));
    let tombstone = Tombstone { reason: EndReason::Revoked, at: T0, remark: None };
    let ids = [new_id(), new_id()];
    for id in ids {
        store.create(id, session_due(T0)).await.unwrap();
    }
    assert_eq!(sessions.end(ids[0], &tombstone).await.unwrap(), Ended::Now); // Redis knows the script now
    network.fail(Fault::ResetOneReply);
    assert_eq!(sessions.end(ids[1], &tombstone).await.unwrap(), Ended::Now, "it is counted, and audited");
    let again = sessions.end(ids[1], &tombstone).await.unwrap();
    assert!(matches!(again, Ended::Before(_)), "once: {again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_unavailable_and_never_told() {
    let server = RedisServer::start_with(&["--requirepass", "another"]);
    let address = format!("127.0.0.1:{}", server.port());
    for user in [format!(":{SECRET}@"), format!("admin:{SECRET}@"), String::new()] {
        let store = store(&format!("redis://{user}{address}"));
        assert_unavailable(within_the_bound(every_verb(&store, new_id())).await, SECRET);
        assert!(!format!("{store:?}").contains(SECRET));
    }
    let right = patient(&format!("redis://:another@{address}"), TimeSource::Caller);
    assert_answered(every_verb(&right, new_id()).await);
    assert!(!format!("{right:?}").contains("another"));
    server.cli(&["-a", "another", "--no-auth-warning", "CONFIG", "SET", "requirepass", "changed"]);
    server.cli(&["-a", "changed", "--no-auth-warning", "CLIENT", "KILL", "TYPE", "normal"]);
    assert_unavailable(every_verb(&right, new_id()).await, "another");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_error_of_redis_is_taken_for_an_answer() {
    for reply in [
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-MOVED 3999 127.0.0.1:6381\r\n",
        "-ASK 3999 127.0.0.1:6381\r\n",
        "-CLUSTERDOWN Hash slot not served\r\n",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n",
        "-BUSY Redis is busy running a script.\r\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        "-NOSCRIPT No matching script.\r\n",
        "-NOPERM this user has no permissions\r\n",
        "-ERR something\r\n",
        "-SOMETHINGNEW correct-horse-battery\r\n",
    ] {
        let store = store(&fake_redis::start(Script::Say(reply), SECRET));
        assert_unavailable(within_the_bound(every_verb(&store, new_id())).await, SECRET);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_and_broken_replies_are_not_taken_for_an_answer() {
    for script in [
        Script::Say("HTTP/1.1 400 Bad Request\r\n\r\n"),
        Script::Say("\0\0\0\0\r\n"),
        Script::Say("$999999999999999999999\r\n"),
        Script::HangUpAfter(""),
        Script::HangUpAfter("$100\r\nhalf of it"),
        Script::HangUpAfter("*2\r\n$2\r\nok\r\n"),
    ] {
        let store = store(&fake_redis::start(script, SECRET));
        assert_unavailable(within_the_bound(every_verb(&store, new_id())).await, SECRET);
    }
}

/// The log-in comes back too, password and all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_is_no_answer_and_its_words_are_not_repeated() {
    let store = store(&fake_redis::start(Script::Echo, SECRET));
    for verb in [store.session(new_id()).await.map(drop), store.tokens(new_id()).await.map(drop)] {
        verb.unwrap_err();
    }
    for (_, outcome) in within_the_bound(every_verb(&store, new_id())).await {
        assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_kind_is_not_taken_for_absence() {
    for reply in ["*0\r\n", ":0\r\n", "+OK\r\n", "$0\r\n\r\n", "%0\r\n", "#f\r\n", "$3\r\nM12\r\n"] {
        let store = store(&fake_redis::start(Script::Say(reply), SECRET));
        let id = new_id();
        store.session(id).await.expect_err(reply);
        store.tokens(id).await.expect_err(reply);
        store.end(id, b"why", KEEP).await.expect_err(reply);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgot_the_scripts_is_taught_again() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Caller);
    for _ in 0..2 {
        assert_answered(every_verb(&store, new_id()).await);
        server.cli(&["SCRIPT", "FLUSH"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_one_sessions_lives_in_one_slot() {
    let server = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    server.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let store = patient(&server.url(), TimeSource::Caller);
    comes_back(&store).await;
    for _ in 0..20 {
        let id = new_id();
        store.create(id, session_due(T0)).await.unwrap();
        assert_answered(every_verb(&store, id).await);
    }
}

#[test]
fn each_runtime_has_a_connection_of_its_own() {
    let server = RedisServer::start();
    let store = Arc::new(patient(&server.url(), TimeSource::Caller));
    let id = new_id();
    let on_a_runtime_of_its_own = |count: usize| {
        let store = Arc::clone(&store);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for _ in 0..count {
                    store.session(id).await.unwrap();
                }
            });
            runtime
        })
    };
    let workers = [10, 10, 10].map(on_a_runtime_of_its_own);
    let runtimes = workers.map(|worker| worker.join().unwrap());
    let clients = server.cli(&["CLIENT", "LIST", "TYPE", "normal"]);
    let ours =
        clients.lines().filter(|client| client.contains("lib-name=redis-rs") || client.contains("cmd=get"));
    assert_eq!(ours.count(), 3);
    drop(runtimes);
    on_a_runtime_of_its_own(1).join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_the_clock_of_redis_decides_what_is_due() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Server);
    let (past, future) = (new_id(), new_id());
    let (now, hour) = (SystemClock.now(), Duration::from_secs(3600));
    store.create(past, session_due(now.minus(hour))).await.unwrap();
    store.create(future, session_due(now.plus(hour))).await.unwrap();
    for (wrong_clock, id, due) in [
        (Timestamp::EPOCH, past, 1),
        (Timestamp::FAR_FUTURE, future, if future.partition() == past.partition() { 1 } else { 0 }),
    ] {
        assert_eq!(store.queued(LANE, id.partition(), wrong_clock).await.unwrap().due, due);
    }
    let claims = store.claim_due(LANE, past.partition(), Timestamp::EPOCH, hour, 100).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.id).collect::<Vec<_>>(), [past]);
    let busy = store.claim(past, Timestamp::FAR_FUTURE, hour).await.unwrap();
    let hourgate::store::Claimed::Busy(until) = busy else { panic!("{busy:?}") };
    assert!(
        until >= now.plus(hour).minus(Duration::from_secs(60)),
        "by the clock of Redis, on this machine ours"
    );
    assert!(store.renew(past, claims[0].fence, Timestamp::EPOCH, hour).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_but_documents_settings_and_queues_is_swept_away_in_time() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Caller);
    let id = new_id();
    store.create(id, session_due(T0)).await.unwrap();
    assert_answered(writes(&store, id).await);
    store.end(id, b"why", KEEP).await.unwrap();
    for key in server.cli(&["KEYS", "*"]).lines() {
        let left: i64 = server.cli(&["PTTL", key]).parse().unwrap();
        let stays =
            ["hg:due:", "hg:lanes:", "hg:doc:", "hg:settings"].iter().any(|prefix| key.starts_with(prefix));
        assert!(
            if stays { left == -1 } else { (0..=KEEP.as_millis() as i64).contains(&left) },
            "{key}: {left}"
        );
    }
}

#[test]
fn a_url_that_is_none_is_refused_without_being_quoted() {
    for url in [
        "",
        "localhost:6379",
        "unix:///tmp/x",
        &format!("redis://:{SECRET}@host:port"),
        "http://x",
        "redis://",
    ] {
        let made = RedisStore::new(&url.to_owned().into(), None, TimeSource::Server, Patience::default());
        let error = made.expect_err(url).to_string();
        assert!(!error.contains(SECRET), "{error}");
    }
}
