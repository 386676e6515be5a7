//! RDS-12: the queue lost a session whose record lives, as after an eviction. Whoever asks for it brings it back.

use std::sync::Arc;
use std::time::Duration;

use hourgate::session::id::StoredId;
use hourgate::store::embedded::EmbeddedStore;
use hourgate::store::{Claimed, Completion, Store, TimeSource};
use hourgate::time::SystemClock;
use tempfile::TempDir;

use crate::redis_server::RedisServer;
use crate::store::{KEEP, LANE, T0, new_id_in, patient, session_due};

const LEASE: Duration = Duration::from_secs(30);
const LIVE: u8 = 7;

/// Two sessions in one partition, one of which ended; and an id that never was.
async fn sessions(store: &dyn Store) -> [StoredId; 3] {
    let ids = [new_id_in(LIVE), new_id_in(LIVE), new_id_in(LIVE)];
    for id in &ids[..2] {
        store.create(*id, session_due(T0)).await.unwrap();
    }
    store.end(ids[1], b"why", KEEP).await.unwrap();
    ids
}

async fn a_claim_brings_it_back(store: &dyn Store, [live, ended, never]: [StoredId; 3]) {
    assert_eq!(store.live(LIVE).await.unwrap(), []);
    for id in [ended, never] {
        assert_eq!(store.claim(id, T0, LEASE).await.unwrap(), Claimed::Absent);
    }
    let Claimed::Ours(fence) = store.claim(live, T0, LEASE).await.unwrap() else { panic!("not ours") };
    assert!(matches!(store.claim(live, T0, LEASE).await.unwrap(), Claimed::Busy(_)), "it is held as any");
    assert!(store.complete(live, Completion { fence, next_due: T0.plus(LEASE) }).await.unwrap());
    assert_eq!(store.live(LIVE).await.unwrap(), [live]);
    assert_eq!(store.queued(LANE, LIVE, T0.plus(LEASE)).await.unwrap().due, 1);
}

async fn activity_brings_it_back(store: &dyn Store, [live, ended, never]: [StoredId; 3]) {
    let used = T0.plus(LEASE);
    store.note_activity(&[(ended, used), (never, used), (live, used)], KEEP).await.unwrap();
    assert_eq!(store.live(LIVE).await.unwrap(), [live]);
    let claims = store.claim_due(LANE, LIVE, used, LEASE, 10).await.unwrap();
    assert_eq!(claims.len(), 1, "and it is due at once");
    store.note_activity(&[(live, used.plus(LEASE))], KEEP).await.unwrap();
    assert!(
        store.renew(live, claims[0].fence, used, LEASE).await.unwrap().is_some(),
        "a claim is left alone"
    );
}

#[tokio::test]
async fn rds_12_redis_takes_a_session_back_that_its_queue_lost() {
    let server = RedisServer::start();
    let store = patient(&server.url(), TimeSource::Caller);
    for healed_by_a_claim in [true, false] {
        let ids = sessions(&store).await;
        server.cli(&["DEL", "hg:due:{7}:1dea"]);
        if healed_by_a_claim {
            a_claim_brings_it_back(&store, ids).await;
        } else {
            activity_brings_it_back(&store, ids).await;
        }
    }
}

#[tokio::test]
async fn rds_12_the_file_takes_a_session_back_that_its_queue_lost() {
    for healed_by_a_claim in [true, false] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("store.redb");
        let store = EmbeddedStore::open(&path, Arc::new(SystemClock)).await.unwrap();
        let ids = sessions(&store).await;
        drop(store);
        let database = redb::Database::open(&path).unwrap();
        let write = database.begin_write().unwrap();
        let scores = redb::TableDefinition::<[u8; 16], u64>::new("scores");
        let queue = redb::TableDefinition::<(u8, u64, [u8; 16]), ()>::new("queue");
        assert!(write.delete_table(scores).unwrap() && write.delete_table(queue).unwrap());
        write.commit().unwrap();
        drop(database);
        let store = EmbeddedStore::open(&path, Arc::new(SystemClock)).await.unwrap();
        if healed_by_a_claim {
            a_claim_brings_it_back(&store, ids).await;
        } else {
            activity_brings_it_back(&store, ids).await;
        }
    }
}
