//! Random sequences of operations against a store and a model that is too simple to be wrong; after each step both must
//! tell the same.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hourgate::session::id::StoredId;
use hourgate::store::{
    Claimed, Completion, Ended, Fence, Hashed, Index, NewSession, Replaced, Spent, Store, Stored, Version,
};
use hourgate::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::store::{House, KEEP, LANE, T0, new_hash, new_id_in};

const PARTITION: u8 = 11;
const IDS: usize = 3;

/// Spans are in seconds. `fence` picks among all fences that the session ever had.
#[derive(Clone, Debug)]
enum Op {
    Create { id: usize, due: u64, byte: u8 },
    ReplaceSession { id: usize, behind: u64, byte: u8, completion: Option<(usize, u64)> },
    ReplaceTokens { id: usize, behind: u64, byte: u8 },
    End { id: usize, byte: u8 },
    Note { id: usize, at: u64 },
    ClaimDue { lease: u64, limit: usize },
    Claim { id: usize, lease: u64 },
    Renew { id: usize, fence: usize, lease: u64 },
    Complete { id: usize, fence: usize, due: u64 },
    Pass { time: u64 },
    Add { id: usize },
    Remove { id: usize },
    Spend { value: u8 },
    Revoke { at: u64 },
    Put { byte: u8 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let (id, fence, byte, span, behind) = (0..IDS, 0..4_usize, any::<u8>(), 0..100_u64, 0..2_u64);
    let completion = proptest::option::of((fence.clone(), span.clone()));
    let op = prop_oneof![
        4 => (id.clone(), span.clone(), byte).prop_map(|(id, due, byte)| Op::Create { id, due, byte }),
        3 => (id.clone(), behind.clone(), byte, completion)
            .prop_map(|(id, behind, byte, completion)| Op::ReplaceSession { id, behind, byte, completion }),
        2 => (id.clone(), behind, byte).prop_map(|(id, behind, byte)| Op::ReplaceTokens { id, behind, byte }),
        1 => (id.clone(), byte).prop_map(|(id, byte)| Op::End { id, byte }),
        2 => (id.clone(), span.clone()).prop_map(|(id, at)| Op::Note { id, at }),
        3 => (span.clone(), 0..4_usize).prop_map(|(lease, limit)| Op::ClaimDue { lease, limit }),
        3 => (id.clone(), span.clone()).prop_map(|(id, lease)| Op::Claim { id, lease }),
        2 => (id.clone(), fence.clone(), span.clone()).prop_map(|(id, fence, lease)| Op::Renew { id, fence, lease }),
        2 => (id.clone(), fence, span.clone()).prop_map(|(id, fence, due)| Op::Complete { id, fence, due }),
        3 => span.clone().prop_map(|time| Op::Pass { time }),
        1 => id.clone().prop_map(|id| Op::Add { id }),
        1 => id.prop_map(|id| Op::Remove { id }),
        1 => (0..3_u8).prop_map(|value| Op::Spend { value }),
        1 => span.prop_map(|at| Op::Revoke { at }),
        1 => byte.prop_map(|byte| Op::Put { byte }),
    ];
    proptest::collection::vec(op, 1..60)
}

/// Where a session stands in the queue: when it is due, or its lease ends, and by which claim.
#[derive(Clone, Copy, Debug)]
struct Queued {
    at: Timestamp,
    held: Option<Fence>,
}

#[derive(Default, Debug)]
struct Session {
    record: Option<Stored>,
    tokens: Option<(Version, Vec<u8>)>,
    activity: Option<Timestamp>,
    queued: Option<Queued>,
    fences: Vec<Fence>,
}

struct Model {
    now: Timestamp,
    ids: Vec<StoredId>,
    sessions: Vec<Session>,
    user: Hashed,
    index: HashSet<StoredId>,
    spent: HashMap<u8, Hashed>,
    used: HashSet<u8>,
    revoked: Option<Timestamp>,
    name: String,
    document: Option<Vec<u8>>,
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

impl Session {
    fn fence(&self, pick: usize) -> Fence {
        self.fences.get(pick % self.fences.len().max(1)).copied().unwrap_or(Fence(1))
    }

    fn holds(&self, fence: Fence) -> bool {
        self.queued.is_some_and(|queued| queued.held == Some(fence))
    }

    fn hold(&mut self, fence: Fence, until: Timestamp) {
        assert!(!self.fences.contains(&fence), "{fence:?} was given before");
        self.fences.push(fence);
        self.queued = Some(Queued { at: until, held: Some(fence) });
    }

    fn live_version(&self) -> Option<Version> {
        match &self.record {
            Some(Stored::Live(version, _)) => Some(*version),
            _ => None,
        }
    }
}

impl Model {
    fn new() -> Self {
        Self {
            now: T0,
            ids: (0..IDS).map(|_| new_id_in(PARTITION)).collect(),
            sessions: (0..IDS).map(|_| Session::default()).collect(),
            user: new_hash(),
            index: HashSet::new(),
            spent: (0..3).map(|value| (value, new_hash())).collect(),
            used: HashSet::new(),
            revoked: None,
            name: new_hash().to_string(),
            document: None,
        }
    }

    fn ends(&self, lease: u64) -> Timestamp {
        self.now.plus(secs(lease).max(Duration::from_millis(1)))
    }

    fn ready(&self) -> Vec<usize> {
        let ready = |n: &usize| self.sessions[*n].queued.is_some_and(|queued| queued.at <= self.now);
        (0..IDS).filter(ready).collect()
    }

    async fn step(&mut self, store: &dyn Store, op: &Op) {
        let now = self.now;
        match *op {
            Op::Create { id: n, due, byte } => {
                let due = now.plus(secs(due));
                let new = NewSession { session: &[byte], tokens: &[byte], due, active_at: now, keep: KEEP };
                let created = store.create(self.ids[n], new).await;
                let session = &mut self.sessions[n];
                assert_eq!(created.is_ok(), session.record.is_none());
                if created.is_ok() {
                    session.record = Some(Stored::Live(Version(1), vec![byte]));
                    session.tokens = Some((Version(1), vec![byte]));
                    session.activity = Some(now);
                    session.queued = Some(Queued { at: due, held: None });
                }
            }
            Op::ReplaceSession { id: n, behind, byte, completion } => {
                let session = &mut self.sessions[n];
                let current = session.live_version();
                let seen = Version(current.map_or(1, |version| version.0) - behind);
                let completion = completion.map(|(pick, due)| Completion {
                    fence: session.fence(pick),
                    next_due: now.plus(secs(due)),
                });
                let expected = match current {
                    None => Replaced::Ended,
                    Some(version) if version != seen => Replaced::Conflict,
                    Some(_) if completion.is_some_and(|done| !session.holds(done.fence)) => {
                        Replaced::Conflict
                    }
                    Some(version) => Replaced::Done(Version(version.0 + 1)),
                };
                let found =
                    store.replace_session(self.ids[n], seen, &[byte], KEEP, completion).await.unwrap();
                assert_eq!(found, expected);
                if let Replaced::Done(version) = expected {
                    session.record = Some(Stored::Live(version, vec![byte]));
                    if let Some(done) = completion {
                        session.queued = Some(Queued { at: done.next_due, held: None });
                    }
                }
            }
            Op::ReplaceTokens { id: n, behind, byte } => {
                let session = &mut self.sessions[n];
                let current = session.tokens.as_ref().map(|tokens| tokens.0);
                let seen = Version(current.map_or(1, |version| version.0) - behind);
                let expected = match current {
                    None => Replaced::Ended,
                    Some(version) if version != seen => Replaced::Conflict,
                    Some(version) => Replaced::Done(Version(version.0 + 1)),
                };
                assert_eq!(store.replace_tokens(self.ids[n], seen, &[byte], KEEP).await.unwrap(), expected);
                if let Replaced::Done(version) = expected {
                    session.tokens = Some((version, vec![byte]));
                }
            }
            Op::End { id: n, byte } => {
                let expected = match &self.sessions[n].record {
                    None => Ended::Absent,
                    Some(Stored::Tombstone(before)) => Ended::Before(before.clone()),
                    Some(Stored::Live(..)) => Ended::Now,
                };
                assert_eq!(store.end(self.ids[n], &[byte], KEEP).await.unwrap(), expected);
                if expected == Ended::Now {
                    self.sessions[n] =
                        Session { record: Some(Stored::Tombstone(vec![byte])), ..Session::default() };
                }
            }
            Op::Note { id: n, at } => {
                let at = T0.plus(secs(at));
                store.note_activity(&[(self.ids[n], at)], KEEP).await.unwrap();
                if self.sessions[n].live_version().is_some() {
                    self.sessions[n].activity = self.sessions[n].activity.max(Some(at));
                }
            }
            Op::ClaimDue { lease, limit } => {
                let (ready, ends) = (self.ready(), self.ends(lease));
                let claims = store.claim_due(LANE, PARTITION, now, secs(lease), limit).await.unwrap();
                assert_eq!(claims.len(), ready.len().min(limit));
                let at = |n: usize| self.sessions[n].queued.map(|queued| queued.at);
                let taken: Vec<usize> = claims
                    .iter()
                    .map(|claim| self.ids.iter().position(|id| *id == claim.id).unwrap())
                    .collect();
                assert!(taken.iter().all(|n| ready.contains(n)), "not ready");
                assert!(taken.is_sorted_by_key(|n| at(*n)), "not the longest due first");
                let left = ready.iter().filter(|n| !taken.contains(n));
                assert!(left.map(|n| at(*n)).min().is_none_or(|left| taken.iter().all(|n| at(*n) <= left)));
                for (n, claim) in taken.into_iter().zip(claims) {
                    self.sessions[n].hold(claim.fence, ends);
                }
            }
            Op::Claim { id: n, lease } => {
                let ends = self.ends(lease);
                let session = &mut self.sessions[n];
                match (store.claim(self.ids[n], now, secs(lease)).await.unwrap(), session.queued) {
                    (Claimed::Absent, None) => {}
                    (Claimed::Busy(until), Some(Queued { at, held: Some(_) })) if at > now => {
                        assert_eq!(until, at);
                    }
                    (Claimed::Ours(fence), Some(Queued { at, held })) if held.is_none() || at <= now => {
                        session.hold(fence, ends);
                    }
                    (found, queued) => panic!("{found:?} for {queued:?} at {now}"),
                }
            }
            Op::Renew { id: n, fence, lease } => {
                let ends = self.ends(lease);
                let session = &mut self.sessions[n];
                let fence = session.fence(fence);
                let renewed = store.renew(self.ids[n], fence, now, secs(lease)).await.unwrap();
                assert_eq!(renewed.is_some(), session.holds(fence));
                if let Some(renewed) = renewed {
                    session.hold(renewed, ends);
                }
            }
            Op::Complete { id: n, fence, due } => {
                let session = &mut self.sessions[n];
                let (fence, next_due) = (session.fence(fence), now.plus(secs(due)));
                let done = store.complete(self.ids[n], Completion { fence, next_due }).await.unwrap();
                assert_eq!(done, session.holds(fence));
                if done {
                    session.queued = Some(Queued { at: next_due, held: None });
                }
            }
            Op::Pass { time } => self.now = now.plus(secs(time)),
            Op::Add { id: n } => {
                store.index_add(Index::User(self.user), self.ids[n], KEEP).await.unwrap();
                self.index.insert(self.ids[n]);
            }
            Op::Remove { id: n } => {
                store.index_remove(Index::User(self.user), self.ids[n]).await.unwrap();
                self.index.remove(&self.ids[n]);
            }
            Op::Spend { value } => {
                let expected = if self.used.insert(value) { Spent::First } else { Spent::Again };
                assert_eq!(store.spend(self.spent[&value], KEEP).await.unwrap(), expected);
            }
            Op::Revoke { at } => {
                let at = T0.plus(secs(at));
                store.set_revoked_before(self.user, at, KEEP).await.unwrap();
                self.revoked = self.revoked.max(Some(at));
            }
            Op::Put { byte } => {
                store.put_document(&self.name, &[byte]).await.unwrap();
                self.document = Some(vec![byte]);
            }
        }
    }

    async fn agrees_with(&self, store: &dyn Store) {
        for (id, session) in self.ids.iter().zip(&self.sessions) {
            assert_eq!(store.session(*id).await.unwrap(), session.record);
            assert_eq!(store.tokens(*id).await.unwrap(), session.tokens);
            assert_eq!(store.last_activity(*id).await.unwrap(), session.activity);
        }
        let queued = self.ids.iter().zip(&self.sessions).filter(|(_, session)| session.queued.is_some());
        let live: HashSet<StoredId> = store.live(PARTITION).await.unwrap().into_iter().collect();
        assert_eq!(live, queued.map(|(id, _)| *id).collect());
        assert_eq!(store.queued(LANE, PARTITION, self.now).await.unwrap().due, self.ready().len() as u64);
        let index: HashSet<StoredId> =
            store.index_list(Index::User(self.user)).await.unwrap().into_iter().collect();
        assert_eq!(index, self.index);
        assert_eq!(store.revoked_before(self.user).await.unwrap(), self.revoked);
        assert_eq!(store.document(&self.name).await.unwrap(), self.document);
    }
}

fn behaves_like_the_model(house: impl Future<Output = House>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let house = runtime.block_on(house);
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&ops(), |ops| {
        runtime.block_on(async {
            let (store, mut model) = (house.node(), Model::new());
            for left_over in store.live(PARTITION).await.unwrap() {
                store.end(left_over, b"", KEEP).await.unwrap();
            }
            for op in &ops {
                model.step(&*store, op).await;
                model.agrees_with(&*store).await;
            }
        });
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn redis_behaves_like_the_model() {
    behaves_like_the_model(House::redis());
}

#[test]
fn embedded_behaves_like_the_model() {
    behaves_like_the_model(House::embedded());
}
