//! The suite that both stores pass. Time is the caller's and is moved by hand.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hourgate::random;
use hourgate::session::id::{Lane, SessionId, StoredId};
use hourgate::store::embedded::EmbeddedStore;
use hourgate::store::redis::{Patience, RedisStore};
use hourgate::store::{
    Claim, Claimed, Completion, Ended, Fence, Hashed, Index, KeptSettings, NewSession, Pace, Queued,
    Replaced, Spent, Store, Stored, TimeSource, Version,
};
use hourgate::time::{SystemClock, Timestamp};
use tempfile::TempDir;

use crate::redis_server::RedisServer;

pub(crate) const T0: Timestamp = Timestamp::from_millis(1_790_000_000_000);
/// The sessions of these tests are all of one IdP.
pub(crate) const LANE: Lane = Lane::from_number(0x1dea);
pub(crate) const KEEP: Duration = Duration::from_secs(3600);
const LEASE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

/// One store that several nodes use.
pub(crate) enum House {
    /// Each node has connections of its own.
    Redis(RedisServer),
    /// All nodes are one process.
    Embedded(Arc<dyn Store>, #[expect(dead_code, reason = "keeps the directory")] TempDir),
}

impl House {
    pub(crate) async fn redis() -> Self {
        Self::Redis(RedisServer::start())
    }

    pub(crate) async fn embedded() -> Self {
        let dir = TempDir::new().unwrap();
        let store = EmbeddedStore::open(&dir.path().join("store.redb"), Arc::new(SystemClock)).await.unwrap();
        Self::Embedded(Arc::new(store), dir)
    }

    pub(crate) fn node(&self) -> Arc<dyn Store> {
        match self {
            Self::Redis(server) => Arc::new(patient(&server.url(), TimeSource::Caller)),
            Self::Embedded(store, _) => Arc::clone(store),
        }
    }
}

/// A store for tests that are not about deadlines: a busy machine must not fail them.
pub(crate) fn patient(url: &str, time: TimeSource) -> RedisStore {
    let patience = Patience {
        connect: Duration::from_secs(20),
        command: Duration::from_secs(20),
        pause: Duration::from_millis(10),
    };
    RedisStore::new(&url.to_owned().into(), None, time, patience).unwrap()
}

pub(crate) fn new_id() -> StoredId {
    SessionId::new(LANE).stored()
}

pub(crate) fn new_id_in(partition: u8) -> StoredId {
    loop {
        let id = new_id();
        if id.partition() == partition {
            return id;
        }
    }
}

pub(crate) fn new_hash() -> Hashed {
    Hashed::of(&[&random::bytes::<16>()])
}

pub(crate) fn session_due(due: Timestamp) -> NewSession<'static> {
    NewSession { session: b"identity", tokens: b"tokens", due, active_at: T0, keep: KEEP }
}

async fn signed_in(store: &dyn Store) -> StoredId {
    let id = new_id();
    store.create(id, session_due(T0)).await.unwrap();
    id
}

async fn claimed(store: &dyn Store, id: StoredId, now: Timestamp) -> Fence {
    match store.claim(id, now, LEASE).await.unwrap() {
        Claimed::Ours(fence) => fence,
        other => panic!("{other:?}"),
    }
}

async fn many_due(store: &dyn Store, partition: u8, count: usize) -> HashSet<StoredId> {
    let ids: HashSet<StoredId> = (0..count).map(|_| new_id_in(partition)).collect();
    for batch in ids.iter().collect::<Vec<_>>().chunks(250) {
        for created in join_all(batch.iter().map(|id| store.create(**id, session_due(T0)))).await {
            created.unwrap();
        }
    }
    ids
}

macro_rules! conformance {
    ($($(#[$doc:meta])* async fn $name:ident($house:ident) $body:block)+) => {
        $($(#[$doc])* async fn $name($house: House) $body)+

        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::House::redis().await).await;
            })+
        }

        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::House::embedded().await).await;
            })+
        }
    };
}

conformance! {
    async fn a_session_comes_back_as_it_was_created(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
        assert_eq!(store.tokens(id).await.unwrap(), Some((Version(1), b"tokens".to_vec())));
        assert_eq!(store.last_activity(id).await.unwrap(), Some(T0));
        assert_eq!(store.live(id.partition()).await.unwrap(), [id]);
    }

    async fn what_was_never_written_is_not_there(house) {
        let (store, id) = (house.node(), new_id());
        assert_eq!(store.session(id).await.unwrap(), None);
        assert_eq!(store.tokens(id).await.unwrap(), None);
        assert_eq!(store.last_activity(id).await.unwrap(), None);
        assert_eq!(store.live(id.partition()).await.unwrap(), []);
        assert_eq!(store.claim(id, T0, LEASE).await.unwrap(), Claimed::Absent);
        assert_eq!(store.renew(id, Fence(1), T0, LEASE).await.unwrap(), None);
        assert!(!store.complete(id, Completion { fence: Fence(1), next_due: T0 }).await.unwrap());
        assert_eq!(store.replace_session(id, Version(1), b"x", KEEP, None).await.unwrap(), Replaced::Ended);
        assert_eq!(store.replace_tokens(id, Version(1), b"x", KEEP).await.unwrap(), Replaced::Ended);
        assert_eq!(store.end(id, b"why", KEEP).await.unwrap(), Ended::Absent);
        assert_eq!(store.index_list(Index::User(new_hash())).await.unwrap(), []);
        assert_eq!(store.revoked_before(new_hash()).await.unwrap(), None);
        assert_eq!(store.document("jwks").await.unwrap(), None);
        assert_eq!(store.session(id).await.unwrap(), None, "none of these wrote anything");
        store.ping().await.unwrap();
    }

    async fn a_name_is_given_once(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        store.create(id, NewSession { session: b"another", ..session_due(T0) }).await.unwrap_err();
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
        store.end(id, b"why", KEEP).await.unwrap();
        store.create(id, session_due(T0)).await.unwrap_err();
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Tombstone(b"why".to_vec())));
        assert_eq!(store.tokens(id).await.unwrap(), None);
        assert_eq!(store.live(id.partition()).await.unwrap(), []);
    }

    async fn the_first_of_two_writers_wins(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let (first, second) = (Version(1), Version(2));
        assert_eq!(store.replace_session(id, first, b"a", KEEP, None).await.unwrap(), Replaced::Done(second));
        assert_eq!(store.replace_session(id, first, b"b", KEEP, None).await.unwrap(), Replaced::Conflict);
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(second, b"a".to_vec())));
        assert_eq!(store.replace_tokens(id, first, b"a", KEEP).await.unwrap(), Replaced::Done(second));
        assert_eq!(store.replace_tokens(id, first, b"b", KEEP).await.unwrap(), Replaced::Conflict);
        assert_eq!(store.tokens(id).await.unwrap(), Some((second, b"a".to_vec())));
    }

    async fn of_fifty_writers_at_once_one_wins(house) {
        let (store, nodes) = (house.node(), [house.node(), house.node()]);
        let id = signed_in(&*store).await;
        let writes = (0..50).map(|n| nodes[n % 2].replace_session(id, Version(1), b"new", KEEP, None));
        let outcomes: Vec<Replaced> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes.iter().filter(|o| **o == Replaced::Done(Version(2))).count(), 1);
        assert_eq!(outcomes.iter().filter(|o| **o == Replaced::Conflict).count(), 49);
    }

    async fn a_tombstone_wins_over_every_write(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let fence = claimed(&*store, id, T0).await;
        assert_eq!(store.end(id, b"signed out", KEEP).await.unwrap(), Ended::Now);
        let done = Some(Completion { fence, next_due: T0 });
        for completion in [None, done] {
            let replaced = store.replace_session(id, Version(1), b"x", KEEP, completion).await.unwrap();
            assert_eq!(replaced, Replaced::Ended);
        }
        assert_eq!(store.replace_tokens(id, Version(1), b"x", KEEP).await.unwrap(), Replaced::Ended);
        store.note_activity(&[(id, T0.plus(MINUTE))], KEEP).await.unwrap();
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Tombstone(b"signed out".to_vec())));
        assert_eq!(store.tokens(id).await.unwrap(), None);
        assert_eq!(store.last_activity(id).await.unwrap(), None);
    }

    async fn the_first_tombstone_stays(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let reasons: Vec<Vec<u8>> = (0..20_u8).map(|n| vec![n]).collect();
        let ends = join_all(reasons.iter().map(|reason| store.end(id, reason, KEEP))).await;
        let ends: Vec<Ended> = ends.into_iter().map(Result::unwrap).collect();
        let first = ends.iter().position(|ended| *ended == Ended::Now).unwrap();
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Tombstone(reasons[first].clone())));
        let later = ends.iter().filter(|ended| **ended == Ended::Before(reasons[first].clone())).count();
        assert_eq!(later, 19);
    }

    async fn with_a_session_goes_all_that_belongs_to_it(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let fence = claimed(&*store, id, T0).await;
        store.end(id, b"why", KEEP).await.unwrap();
        assert_eq!(store.tokens(id).await.unwrap(), None);
        assert_eq!(store.last_activity(id).await.unwrap(), None);
        assert_eq!(store.live(id.partition()).await.unwrap(), []);
        assert_eq!(store.queued(LANE, id.partition(), Timestamp::FAR_FUTURE).await.unwrap().due, 0);
        assert_eq!(store.claim(id, T0, LEASE).await.unwrap(), Claimed::Absent);
        assert_eq!(store.renew(id, fence, T0, LEASE).await.unwrap(), None);
        assert!(!store.complete(id, Completion { fence, next_due: T0 }).await.unwrap());
        assert_eq!(store.live(id.partition()).await.unwrap(), [], "a late node brings nothing back");
    }

    async fn a_replacement_gives_its_claim_back(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let fence = claimed(&*store, id, T0).await;
        let done = Completion { fence, next_due: T0.plus(MINUTE) };
        let replaced = store.replace_session(id, Version(1), b"new", KEEP, Some(done)).await.unwrap();
        assert_eq!(replaced, Replaced::Done(Version(2)));
        let p = id.partition();
        assert_eq!(store.queued(LANE, p, T0.plus(MINUTE).minus(Duration::from_millis(1))).await.unwrap().due, 0);
        assert_eq!(store.queued(LANE, p, T0.plus(MINUTE)).await.unwrap().due, 1);
    }

    async fn race_04_a_late_completer_writes_nothing(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let late = claimed(&*store, id, T0).await;
        let after = T0.plus(LEASE);
        let ours = claimed(&*store, id, after).await;
        assert_ne!(late, ours);
        let stale = Completion { fence: late, next_due: T0.plus(MINUTE) };
        let replaced = store.replace_session(id, Version(1), b"late", KEEP, Some(stale)).await.unwrap();
        assert_eq!(replaced, Replaced::Conflict);
        assert!(!store.complete(id, stale).await.unwrap());
        assert_eq!(store.renew(id, late, after, LEASE).await.unwrap(), None);
        assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), b"identity".to_vec())));
        assert!(store.complete(id, Completion { fence: ours, next_due: T0 }).await.unwrap(), "ours still stands");
    }

    async fn a_claim_with_a_conflict_stays_a_claim(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let fence = claimed(&*store, id, T0).await;
        let done = Completion { fence, next_due: T0 };
        let replaced = store.replace_session(id, Version(9), b"x", KEEP, Some(done)).await.unwrap();
        assert_eq!(replaced, Replaced::Conflict);
        assert_eq!(store.claim(id, T0, LEASE).await.unwrap(), Claimed::Busy(T0.plus(LEASE)));
        assert!(store.complete(id, done).await.unwrap());
    }

    async fn five_thousand_due_sessions_are_handed_out_once_each(house) {
        let store = house.node();
        let ids = many_due(&*store, 7, 5000).await;
        let claimers = (0..8).map(|_| {
            let node = house.node();
            tokio::spawn(async move {
                let mut mine: Vec<Claim> = Vec::new();
                loop {
                    let claims = node.claim_due(LANE, 7, T0, LEASE, 100).await.unwrap();
                    if claims.is_empty() {
                        return mine;
                    }
                    mine.extend(claims);
                }
            })
        });
        let claims: Vec<Claim> = join_all(claimers).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claims.len(), 5000);
        assert_eq!(claims.iter().map(|claim| claim.id).collect::<HashSet<_>>(), ids);
        assert_eq!(store.queued(LANE, 7, T0).await.unwrap().due, 0);
    }

    async fn a_dead_nodes_sessions_are_handed_out_again_when_its_lease_ends(house) {
        let store = house.node();
        let ids = many_due(&*store, 3, 20).await;
        let dead = store.claim_due(LANE, 3, T0, LEASE, 100).await.unwrap();
        assert_eq!(dead.len(), 20);
        let just_before = T0.plus(LEASE).minus(Duration::from_millis(1));
        assert_eq!(store.claim_due(LANE, 3, just_before, LEASE, 100).await.unwrap(), []);
        let again = store.claim_due(LANE, 3, T0.plus(LEASE), LEASE, 100).await.unwrap();
        assert_eq!(again.iter().map(|claim| claim.id).collect::<HashSet<_>>(), ids);
        for claim in dead {
            assert!(!again.contains(&claim), "the same fence twice");
        }
    }

    async fn a_batch_has_the_longest_due_first_and_nothing_that_is_not_due(house) {
        let store = house.node();
        let ids: Vec<StoredId> = (0..10).map(|_| new_id_in(5)).collect();
        for (seconds, id) in ids.iter().enumerate().rev() {
            store.create(*id, session_due(T0.plus(Duration::from_secs(seconds as u64)))).await.unwrap();
        }
        let now = T0.plus(Duration::from_secs(6));
        assert_eq!(store.queued(LANE, 5, now).await.unwrap().due, 7);
        let mut claimed = Vec::new();
        for limit in [3, 100] {
            claimed.extend(store.claim_due(LANE, 5, now, LEASE, limit).await.unwrap().iter().map(|claim| claim.id));
        }
        assert_eq!(claimed, ids[..7]);
        assert_eq!(store.claim_due(LANE, 6, now, LEASE, 100).await.unwrap(), [], "another partition");
        assert_eq!(store.claim_due(LANE, 5, T0.plus(MINUTE), LEASE, 0).await.unwrap(), [], "none asked for");
    }

    async fn the_sessions_of_one_idp_queue_apart_from_those_of_another(house) {
        let store = house.node();
        let (ours, theirs) = (new_id(), SessionId::new(Lane::from_number(LANE.number() + 1)).stored());
        for id in [ours, theirs] {
            store.create(id, session_due(T0)).await.unwrap();
        }
        for id in [ours, theirs] {
            assert_eq!(store.queued(id.lane(), id.partition(), T0).await.unwrap(), Queued { all: 1, due: 1, since: Some(T0) });
            assert!(store.live(id.partition()).await.unwrap().contains(&id), "a list has the sessions of all");
            let claims = store.claim_due(id.lane(), id.partition(), T0, LEASE, 9).await.unwrap();
            assert_eq!(claims.iter().map(|claim| claim.id).collect::<Vec<_>>(), [id]);
            assert_eq!(store.queued(id.lane(), id.partition(), T0).await.unwrap(), Queued { all: 1, due: 0, since: None });
        }
    }

    async fn all_nodes_take_turns_from_one_bucket(house) {
        let nodes = [house.node(), house.node()];
        let pace = Pace { per_second: 100, burst: 10 };
        let mut got = 0;
        for node in nodes.iter().cycle().take(10) {
            got += node.take_turns("idp", pace, 3, T0).await.unwrap();
        }
        assert_eq!(got, 10, "the burst, and no more while time stands still");
        let patient = Pace { burst: 15, ..pace };
        assert_eq!(nodes[0].take_turns("idp", patient, 9, T0).await.unwrap(), 5, "with a larger burst there is more");
        assert_eq!(nodes[0].take_turns("another", pace, 9, T0).await.unwrap(), 9, "each bucket is its own");
        let later = T0.plus(Duration::from_millis(100));
        assert_eq!(nodes[1].take_turns("idp", pace, 20, later).await.unwrap(), 5, "ten more, of which five were lent");
        let long_after = T0.plus(MINUTE);
        assert_eq!(nodes[1].take_turns("idp", pace, 20, long_after).await.unwrap(), 10, "a rest saves up no more than the burst");
        assert_eq!(nodes[1].take_turns("idp", pace, 20, T0).await.unwrap(), 0, "a clock that goes back gains nothing");
    }

    async fn a_renewed_claim_lasts_longer(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let first = claimed(&*store, id, T0).await;
        let later = T0.plus(Duration::from_secs(20));
        let renewed = store.renew(id, first, later, LEASE).await.unwrap().unwrap();
        assert_ne!(first, renewed);
        assert_eq!(store.claim(id, T0.plus(LEASE), LEASE).await.unwrap(), Claimed::Busy(later.plus(LEASE)));
        assert_eq!(store.renew(id, first, later, LEASE).await.unwrap(), None, "the old fence is burnt");
        assert!(store.complete(id, Completion { fence: renewed, next_due: T0 }).await.unwrap());
    }

    async fn one_session_is_claimed_by_one_node(house) {
        let (store, nodes) = (house.node(), [house.node(), house.node(), house.node()]);
        let id = new_id();
        store.create(id, session_due(T0.plus(MINUTE))).await.unwrap();
        let claims = join_all((0..60).map(|n| nodes[n % 3].claim(id, T0, LEASE))).await;
        let claims: Vec<Claimed> = claims.into_iter().map(Result::unwrap).collect();
        assert_eq!(claims.iter().filter(|claim| matches!(claim, Claimed::Ours(_))).count(), 1, "due or not");
        assert_eq!(claims.iter().filter(|claim| **claim == Claimed::Busy(T0.plus(LEASE))).count(), 59);
        assert_eq!(store.claim_due(LANE, id.partition(), T0.plus(MINUTE), LEASE, 9).await.unwrap().len(), 1);
    }

    /// A holder that gave its claim back and comes again must not disturb the next holder, however quick all were.
    async fn claims_within_one_millisecond_have_different_fences(house) {
        let store = house.node();
        let id = signed_in(&*store).await;
        let mut fences = HashSet::new();
        for _ in 0..100 {
            let fence = claimed(&*store, id, T0).await;
            assert!(fences.insert(fence.0), "{fence:?} twice");
            assert!(store.complete(id, Completion { fence, next_due: T0 }).await.unwrap());
            assert!(!store.complete(id, Completion { fence, next_due: T0 }).await.unwrap());
        }
    }

    async fn of_a_hundred_uses_of_a_value_one_is_the_first(house) {
        let (nodes, value) = ([house.node(), house.node(), house.node()], new_hash());
        let uses = join_all((0..100).map(|n| nodes[n % 3].spend(value, KEEP))).await;
        assert_eq!(uses.into_iter().filter(|spent| *spent.as_ref().unwrap() == Spent::First).count(), 1);
        assert_eq!(nodes[0].spend(new_hash(), KEEP).await.unwrap(), Spent::First, "another value");
    }

    async fn a_watermark_never_goes_back(house) {
        let (store, user) = (house.node(), new_hash());
        for (set, expected) in [(T0, T0), (T0.minus(MINUTE), T0), (T0.plus(MINUTE), T0.plus(MINUTE))] {
            store.set_revoked_before(user, set, KEEP).await.unwrap();
            assert_eq!(store.revoked_before(user).await.unwrap(), Some(expected));
        }
        assert_eq!(store.revoked_before(new_hash()).await.unwrap(), None, "another name");
    }

    async fn race_12_activity_never_goes_back(house) {
        let store = house.node();
        let (a, b, unknown) = (signed_in(&*store).await, signed_in(&*store).await, new_id());
        let late = T0.plus(MINUTE);
        store.note_activity(&[(a, late), (b, T0.minus(MINUTE)), (unknown, late)], KEEP).await.unwrap();
        assert_eq!(store.last_activity(a).await.unwrap(), Some(late));
        assert_eq!(store.last_activity(b).await.unwrap(), Some(T0));
        assert_eq!(store.last_activity(unknown).await.unwrap(), None);
        store.note_activity(&[], KEEP).await.unwrap();
    }

    async fn a_thousand_notes_of_activity_all_arrive(house) {
        let store = house.node();
        let mut ids = many_due(&*store, 1, 600).await;
        ids.extend(many_due(&*store, 2, 400).await);
        let late = T0.plus(MINUTE);
        let notes: Vec<_> = ids.iter().map(|id| (*id, late)).collect();
        store.note_activity(&notes, KEEP).await.unwrap();
        for id in ids {
            assert_eq!(store.last_activity(id).await.unwrap(), Some(late));
        }
    }

    async fn race_15_an_index_holds_what_was_added_and_not_removed(house) {
        let (store, hash) = (house.node(), new_hash());
        let (user, idp_session) = (Index::User(hash), Index::IdpSession(hash));
        let (a, b) = (new_id(), new_id());
        for id in [a, b, a] {
            store.index_add(user, id, KEEP).await.unwrap();
        }
        store.index_add(idp_session, a, KEEP).await.unwrap();
        let listed: HashSet<_> = store.index_list(user).await.unwrap().into_iter().collect();
        assert_eq!(listed, HashSet::from([a, b]));
        store.index_remove(user, a).await.unwrap();
        store.index_remove(user, a).await.unwrap();
        assert_eq!(store.index_list(user).await.unwrap(), [b]);
        assert_eq!(store.index_list(idp_session).await.unwrap(), [a], "indexes do not mix");
        assert_eq!(store.index_list(Index::User(new_hash())).await.unwrap(), []);
    }

    async fn live_sessions_are_listed_by_partition_whatever_their_state(house) {
        let store = house.node();
        let ids = many_due(&*store, 9, 30).await;
        signed_in(&*store).await;
        let held = store.claim_due(LANE, 9, T0, LEASE, 10).await.unwrap();
        store.complete(held[0].id, Completion { fence: held[0].fence, next_due: Timestamp::FAR_FUTURE }).await.unwrap();
        let live = store.live(9).await.unwrap();
        assert_eq!(live.len(), live.iter().collect::<HashSet<_>>().len());
        assert!(ids.is_subset(&live.into_iter().collect()));
    }

    async fn a_document_is_replaced_whole(house) {
        let store = house.node();
        store.put_document("entra/jwks", b"a longer one").await.unwrap();
        store.put_document("entra/jwks", b"short").await.unwrap();
        store.put_document("entra/metadata", b"").await.unwrap();
        assert_eq!(store.document("entra/jwks").await.unwrap(), Some(b"short".to_vec()));
        assert_eq!(store.document("entra/metadata").await.unwrap(), Some(vec![]), "empty, but there");
    }

    async fn c16_live_settings_are_written_by_whoever_saw_the_newest(house) {
        let (one, other) = (house.node(), house.node());
        assert_eq!(one.settings(Version(0)).await.unwrap(), KeptSettings::Absent);
        assert_eq!(one.replace_settings(Version(1), Version(2), b"x").await.unwrap(), Replaced::Conflict);
        assert_eq!(one.replace_settings(Version(0), Version(1), b"first").await.unwrap(), Replaced::Done(Version(1)));
        assert_eq!(other.replace_settings(Version(0), Version(1), b"late").await.unwrap(), Replaced::Conflict);
        assert_eq!(other.settings(Version(0)).await.unwrap(), KeptSettings::Other(Version(1), b"first".to_vec()));
        assert_eq!(other.settings(Version(1)).await.unwrap(), KeptSettings::AsKnown);
        assert_eq!(other.replace_settings(Version(1), Version(9), b"").await.unwrap(), Replaced::Done(Version(9)));
        assert_eq!(one.settings(Version(1)).await.unwrap(), KeptSettings::Other(Version(9), vec![]), "empty, but there");
        let writers = (0..8u8).map(|n| {
            let node = house.node();
            async move { node.replace_settings(Version(9), Version(10), &[n]).await.unwrap() }
        });
        let written = join_all(writers).await;
        assert_eq!(written.iter().filter(|done| **done == Replaced::Done(Version(10))).count(), 1, "{written:?}");
    }

    async fn any_bytes_come_back_unchanged(house) {
        let store = house.node();
        let every_byte: Vec<u8> = (0..=255).collect();
        let large: Vec<u8> = every_byte.iter().copied().cycle().take(64 << 10).collect();
        for bytes in [vec![], b"T".to_vec(), b"L".to_vec(), b"\r\n$-1\r\n".to_vec(), every_byte, large] {
            let id = new_id();
            store.create(id, NewSession { session: &bytes, tokens: &bytes, ..session_due(T0) }).await.unwrap();
            assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(1), bytes.clone())));
            store.replace_session(id, Version(1), &bytes, KEEP, None).await.unwrap();
            store.replace_tokens(id, Version(1), &bytes, KEEP).await.unwrap();
            assert_eq!(store.session(id).await.unwrap(), Some(Stored::Live(Version(2), bytes.clone())));
            assert_eq!(store.tokens(id).await.unwrap(), Some((Version(2), bytes.clone())));
            store.end(id, &bytes, KEEP).await.unwrap();
            assert_eq!(store.session(id).await.unwrap(), Some(Stored::Tombstone(bytes.clone())));
            assert_eq!(store.end(id, b"", KEEP).await.unwrap(), Ended::Before(bytes.clone()));
            store.put_document("d", &bytes).await.unwrap();
            assert_eq!(store.document("d").await.unwrap(), Some(bytes));
        }
    }

    async fn the_longest_and_shortest_spans_are_taken(house) {
        let store = house.node();
        let forever = Duration::MAX;
        let id = new_id();
        store.create(id, NewSession { keep: forever, ..session_due(Timestamp::FAR_FUTURE) }).await.unwrap();
        assert!(store.session(id).await.unwrap().is_some());
        assert!(matches!(store.claim(id, T0, forever).await.unwrap(), Claimed::Ours(_)));
        assert!(matches!(store.claim(id, T0, Duration::ZERO).await.unwrap(), Claimed::Busy(_)));
        store.index_add(Index::User(new_hash()), id, forever).await.unwrap();
        store.spend(new_hash(), Duration::ZERO).await.unwrap();
        store.set_revoked_before(new_hash(), Timestamp::FAR_FUTURE, forever).await.unwrap();
    }
}
