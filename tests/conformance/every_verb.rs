//! Calls each verb of a store once, to see what it says when something is wrong.

use std::time::Duration;

use hourgate::session::id::StoredId;
use hourgate::store::{Completion, Fence, Index, Pace, Store, StoreError, Version};

use crate::store::{KEEP, T0, new_hash, new_id, session_due};

/// What a verb answered, less the answer.
pub(crate) type Outcome = (&'static str, Result<(), StoreError>);

/// The verbs that only read.
pub(crate) async fn reads(store: &dyn Store, id: StoredId) -> Vec<Outcome> {
    let p = id.partition();
    vec![
        ("session", store.session(id).await.map(drop)),
        ("tokens", store.tokens(id).await.map(drop)),
        ("last_activity", store.last_activity(id).await.map(drop)),
        ("live", store.live(p).await.map(drop)),
        ("queued", store.queued(id.lane(), p, T0).await.map(drop)),
        ("index_list", store.index_list(Index::User(new_hash())).await.map(drop)),
        ("revoked_before", store.revoked_before(new_hash()).await.map(drop)),
        ("settings", store.settings(Version(0)).await.map(drop)),
        ("document", store.document("d").await.map(drop)),
    ]
}

/// The verbs that write, less `end`: see [`every_verb`].
pub(crate) async fn writes(store: &dyn Store, id: StoredId) -> Vec<Outcome> {
    let lease = Duration::from_secs(30);
    let completion = Completion { fence: Fence(1), next_due: T0 };
    vec![
        ("create", store.create(new_id(), session_due(T0)).await),
        (
            "replace_session",
            store.replace_session(id, Version(1), b"x", KEEP, Some(completion)).await.map(drop),
        ),
        ("replace_tokens", store.replace_tokens(id, Version(1), b"x", KEEP).await.map(drop)),
        ("note_activity", store.note_activity(&[(id, T0.plus(lease))], KEEP).await),
        ("claim_due", store.claim_due(id.lane(), id.partition(), T0, lease, 100).await.map(drop)),
        ("claim", store.claim(id, T0.plus(lease), lease).await.map(drop)),
        ("renew", store.renew(id, Fence(1), T0, lease).await.map(drop)),
        ("complete", store.complete(id, completion).await.map(drop)),
        ("index_add", store.index_add(Index::User(new_hash()), id, KEEP).await),
        ("index_remove", store.index_remove(Index::IdpSession(new_hash()), id).await),
        ("spend", store.spend(new_hash(), KEEP).await.map(drop)),
        ("set_revoked_before", store.set_revoked_before(new_hash(), T0, KEEP).await),
        ("take_turns", store.take_turns("b", Pace { per_second: 9, burst: 9 }, 1, T0).await.map(drop)),
        ("put_document", store.put_document("d", b"x").await),
        ("replace_settings", store.replace_settings(Version(0), Version(1), b"x").await.map(drop)),
        ("ping", store.ping().await),
    ]
}

/// All verbs; the session has ended afterwards.
pub(crate) async fn every_verb(store: &dyn Store, id: StoredId) -> Vec<Outcome> {
    let mut all = reads(store, id).await;
    all.extend(writes(store, id).await);
    all.push(("end", store.end(id, b"why", KEEP).await.map(drop)));
    all
}

/// Each outcome must be "unavailable", with words from the operator's world and nothing of `secret`.
pub(crate) fn assert_unavailable(outcomes: Vec<Outcome>, secret: &str) {
    for (verb, outcome) in outcomes {
        let error = outcome.expect_err(verb);
        assert!(matches!(error, StoreError::Unavailable { .. }), "{verb}: {error}");
        assert!(!format!("{error} {error:?}").contains(secret), "{verb} tells the secret: {error}");
    }
}

/// No outcome may be an error.
pub(crate) fn assert_answered(outcomes: Vec<Outcome>) {
    for (verb, outcome) in outcomes {
        outcome.unwrap_or_else(|error| panic!("{verb}: {error}"));
    }
}
