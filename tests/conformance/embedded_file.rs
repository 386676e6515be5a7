//! What only a store in a file has to do: outlive its process, keep others out, and say what is wrong with the file.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hourgate::session::id::StoredId;
use hourgate::store::embedded::EmbeddedStore;
use hourgate::store::settings::Settings;
use hourgate::store::{Claimed, NewSession, Spent, Store, StoreError, Stored, TimeSource, Version, open};
use hourgate::time::{ManualClock, SystemClock, Timestamp};
use tempfile::TempDir;

use crate::every_verb::{assert_answered, every_verb};
use crate::store::{KEEP, T0, new_hash, new_id, new_id_in, session_due};

const LEASE: Duration = Duration::from_secs(30);
const FILE_FOR_CHILD: &str = "HOURGATE_TEST_STORE_FILE";

async fn open_at(path: &Path) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open(path, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn everything_outlives_a_restart() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.redb");
    let (live, ended, value) = (new_id(), new_id(), new_hash());
    let store = open_at(&path).await.unwrap();
    for id in [live, ended] {
        store.create(id, session_due(T0)).await.unwrap();
    }
    store.end(ended, b"why", KEEP).await.unwrap();
    store.spend(value, KEEP).await.unwrap();
    let Claimed::Ours(fence) = store.claim(live, T0, LEASE).await.unwrap() else { panic!("not ours") };
    store.note_activity(&[(live, T0.plus(LEASE))], KEEP).await.unwrap();
    drop(store);

    let settings = Settings::Embedded { path };
    let store = open(&settings, Arc::new(SystemClock), TimeSource::Caller).await.unwrap();
    assert_eq!(store.session(live).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
    assert_eq!(store.session(ended).await.unwrap(), Some(Stored::Tombstone(b"why".to_vec())));
    assert_eq!(store.spend(value, KEEP).await.unwrap(), Spent::Again);
    assert_eq!(store.last_activity(live).await.unwrap(), Some(T0.plus(LEASE)));
    assert!(store.renew(live, fence, T0, LEASE).await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.redb");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded_file::child_that_writes_until_it_is_killed", "--nocapture"])
        .env(FILE_FOR_CHILD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let acknowledged: Vec<StoredId> =
        lines.filter_map(|line| line.strip_prefix("created ")?.parse().ok()).take(200).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(acknowledged.len(), 200);
    let store = open_at(&path).await.unwrap();
    for id in acknowledged {
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
        assert!(store.tokens(id).await.unwrap().is_some());
        assert!(matches!(store.claim(id, T0, LEASE).await.unwrap(), Claimed::Ours(_)));
    }
}

/// Does nothing unless started by [`what_was_acknowledged_outlives_a_kill`].
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the parent reads which sessions were acknowledged")]
async fn child_that_writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(FILE_FOR_CHILD) else { return };
    let store = open_at(Path::new(&path)).await.unwrap();
    loop {
        let id = new_id();
        store.create(id, session_due(T0)).await.unwrap();
        println!("created {id}");
    }
}

#[tokio::test]
async fn a_second_opener_is_told_who_and_what_to_do() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.redb");
    let first = open_at(&path).await.unwrap();
    let refused = open_at(&path).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    let message = refused.to_string();
    assert!(message.contains(path.to_str().unwrap()) && message.contains("another process"), "{message}");
    assert_answered(every_verb(&first, new_id()).await);
    drop(first);
    open_at(&path).await.unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.redb");
    let store = open_at(&path).await.unwrap();
    for _ in 0..50 {
        store.create(new_id(), session_due(T0)).await.unwrap();
    }
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    for byte in flipped.iter_mut().skip(4096).step_by(97) {
        *byte ^= 0x55;
    }
    let garbage = b"this is not a database".repeat(1000);
    for damaged in [garbage, whole[..whole.len() / 2].to_vec(), whole[..100].to_vec(), flipped] {
        std::fs::write(&path, &damaged).unwrap();
        let refused = open_at(&path).await.unwrap_err();
        assert!(refused.to_string().contains(path.to_str().unwrap()), "{refused}");
        assert!(std::fs::read(&path).unwrap() == damaged, "{refused}");
    }
}

#[tokio::test]
async fn a_path_out_of_reach_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("no/such/directory/store.redb");
    let refused = open_at(&path).await.unwrap_err().to_string();
    assert!(refused.contains(path.to_str().unwrap()), "{refused}");
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("store.redb");
    for before in [None, Some(0o666)] {
        if let Some(mode) = before {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        open_at(&path).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_need_not_be_kept_goes_as_writes_come() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::starting_at(T0));
    let store = EmbeddedStore::open(&dir.path().join("store.redb"), Arc::clone(&clock) as _).await.unwrap();
    let (short, long, moved) = (new_id_in(1), new_id_in(1), new_id_in(1));
    for (id, keep) in [(short, KEEP), (long, KEEP * 3), (moved, KEEP)] {
        store.create(id, NewSession { keep, ..session_due(T0) }).await.unwrap();
    }
    store.replace_session(moved, Version(1), b"new", KEEP * 3, None).await.unwrap();
    store.put_document("d", b"x").await.unwrap();
    clock.advance(KEEP * 2);
    store.ping().await.unwrap();
    assert_eq!(store.session(short).await.unwrap(), None);
    assert_eq!(store.claim(short, Timestamp::FAR_FUTURE, LEASE).await.unwrap(), Claimed::Absent);
    assert!(store.session(long).await.unwrap().is_some());
    assert!(store.session(moved).await.unwrap().is_some(), "the last write decides");
    assert!(store.document("d").await.unwrap().is_some());
    clock.advance(KEEP * 2);
    store.ping().await.unwrap();
    assert_eq!(store.live(1).await.unwrap(), []);
    assert_eq!(store.session(long).await.unwrap(), None);
}
