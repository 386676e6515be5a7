//! A document of an IdP (metadata, keys): fetched at most so often, and the last good copy kept for as long as it takes.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::time::Timestamp;

/// A copy older than this is refetched; the old one serves until the new one is there.
const FRESH_FOR: Duration = Duration::from_secs(3600);
const COOL_DOWN: Duration = Duration::from_secs(30);
/// A first copy, without which nobody can sign in, is asked for more eagerly.
const FIRST_COPY_COOL_DOWN: Duration = Duration::from_secs(1);

/// The last good copy of a document, and when it was asked for.
#[derive(Debug)]
pub struct Cached<T> {
    /// Once there is a copy, nobody makes us fetch more often than this: not strangers, whatever they send (KEY-03), and not
    /// the IdP.
    cool_down: Duration,
    good: RwLock<Option<Good<T>>>,
    /// Held while fetching, so that one task fetches and the others wait or make do with the old copy.
    attempts: tokio::sync::Mutex<Attempts>,
}

/// When the document was last asked for.
#[derive(Debug, Default)]
struct Attempts {
    /// By whomever.
    any: Option<Timestamp>,
    /// Because the IdP itself had sent what the copy at hand does not do for.
    by_idp: Option<Timestamp>,
}

/// A copy that was fetched and understood.
#[derive(Debug)]
pub struct Good<T> {
    /// Its meaning.
    pub value: Arc<T>,
    /// Its bytes, to be kept elsewhere.
    pub document: Arc<[u8]>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

impl<T> Clone for Good<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), document: self.document.clone(), fetched_at: self.fetched_at }
    }
}

/// How badly a document is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The copy at hand will do while it is fresh.
    Any,
    /// The copy at hand was tried and does not do (an unknown key), for a token that came from…
    Newer(Sender),
}

/// Who sent a token that the copy at hand does not do for. Each has a budget of its own, so that no flood of forged
/// tokens keeps a person from signing in with a key that is really new (KEY-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// From the IdP's own token endpoint, or by way of a browser that began a sign-in there: strangers cannot spend this budget.
    Idp,
    /// From whoever can reach the gateway, such as a logout token. Every fetch counts against this one.
    Stranger,
}

impl<T> Cached<T> {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::refetched_after(COOL_DOWN)
    }

    /// An empty cache that does not fetch another copy sooner than this after the last.
    #[must_use]
    pub fn refetched_after(cool_down: Duration) -> Self {
        Self { cool_down, good: RwLock::new(None), attempts: tokio::sync::Mutex::default() }
    }

    /// The copy at hand.
    #[must_use]
    pub fn good(&self) -> Option<Good<T>> {
        self.good.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts in a copy that was kept elsewhere, unless there is one. It counts as old, so that it is refetched soon.
    pub fn restore(&self, value: T, document: &[u8]) {
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        good.get_or_insert_with(|| Good {
            value: Arc::new(value),
            document: document.into(),
            fetched_at: Timestamp::EPOCH,
        });
    }

    /// The document, fetched first where it is wanted and allowed.
    ///
    /// # Errors
    ///
    /// What `fetch` said, or that the last failure was too short a while ago; only where there is no copy at hand.
    pub async fn get<F, E>(&self, want: Want, now: Timestamp, fetch: F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<(T, Vec<u8>), E>>,
        E: From<CoolingDown>,
    {
        let at_hand = self.good();
        if let Some(good) = &at_hand
            && want == Want::Any
            && now.since(good.fetched_at) < FRESH_FOR
        {
            return Ok(good.value.clone());
        }
        let mut attempts = match (want, self.attempts.try_lock()) {
            (_, Ok(attempts)) => attempts,
            // What is being fetched may have left the IdP before the new key was there.
            (Want::Newer(Sender::Idp), Err(_)) => self.attempts.lock().await,
            _ => return self.result_of_others(want, at_hand).await.ok_or_else(|| CoolingDown.into()),
        };
        // Somebody else may have fetched just before.
        let at_hand = self.good();
        let (last, cool_down) = match want {
            _ if at_hand.is_none() => (attempts.any, FIRST_COPY_COOL_DOWN),
            Want::Newer(Sender::Idp) => (attempts.by_idp, self.cool_down),
            Want::Any | Want::Newer(Sender::Stranger) => (attempts.any, self.cool_down),
        };
        // A clock that was set back does not lengthen the pause.
        if last.is_some_and(|at| at <= now && now.since(at) < cool_down) {
            return at_hand.map(|good| good.value).ok_or_else(|| CoolingDown.into());
        }
        attempts.any = Some(now);
        if want == Want::Newer(Sender::Idp) {
            attempts.by_idp = Some(now);
        }
        match (fetch.await, at_hand) {
            (Ok((value, document)), _) => {
                let value = Arc::new(value);
                let good = Good { value: value.clone(), document: document.into(), fetched_at: now };
                *self.good.write().unwrap_or_else(PoisonError::into_inner) = Some(good);
                Ok(value)
            }
            (Err(_), Some(good)) => Ok(good.value),
            (Err(error), None) => Err(error),
        }
    }

    /// Somebody is fetching. What they get is ours too; whoever can make do with the old copy does not wait.
    async fn result_of_others(&self, want: Want, at_hand: Option<Good<T>>) -> Option<Arc<T>> {
        if let Some(good) = at_hand
            && want == Want::Any
        {
            return Some(good.value);
        }
        drop(self.attempts.lock().await);
        self.good().map(|good| good.value)
    }
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The last attempt failed too short a while ago to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the last attempt failed a moment ago")]
pub struct CoolingDown;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
    const IDP: Want = Want::Newer(Sender::Idp);
    const STRANGER: Want = Want::Newer(Sender::Stranger);

    async fn ask(
        cache: &Cached<u8>,
        want: Want,
        now: Timestamp,
        answer: Result<u8, CoolingDown>,
    ) -> (Option<u8>, bool) {
        let mut asked = false;
        let got = cache
            .get(want, now, async {
                asked = true;
                answer.map(|value| (value, vec![value]))
            })
            .await;
        (got.ok().map(|value| *value), asked)
    }

    #[tokio::test]
    async fn a_fresh_copy_is_not_fetched_again_and_a_stale_one_is() {
        let cache = Cached::new();
        assert_eq!(ask(&cache, Want::Any, NOW, Ok(1)).await, (Some(1), true));
        assert_eq!(ask(&cache, Want::Any, NOW.plus(FRESH_FOR / 2), Ok(2)).await, (Some(1), false));
        assert_eq!(ask(&cache, Want::Any, NOW.plus(FRESH_FOR), Ok(2)).await, (Some(2), true));
    }

    #[tokio::test]
    async fn key_03_a_flood_of_unknown_keys_causes_one_fetch_per_cool_down() {
        let cache = Cached::new();
        ask(&cache, Want::Any, NOW, Ok(1)).await;
        let mut fetches = 0;
        for second in 0..60 {
            fetches += u32::from(ask(&cache, STRANGER, NOW.plus(Duration::from_secs(second)), Ok(1)).await.1);
        }
        assert_eq!(fetches, 1, "the fetch at the start counts too: two within a minute");
    }

    #[tokio::test]
    async fn key_03_the_cool_down_holds_while_the_idp_answers_nothing_of_use() {
        let cache = Cached::new();
        ask(&cache, Want::Any, NOW, Ok(1)).await;
        let mut fetches = 0;
        for second in 30..90 {
            let now = NOW.plus(Duration::from_secs(second));
            let (got, asked) = ask(&cache, STRANGER, now, Err(CoolingDown)).await;
            assert_eq!(got, Some(1), "no key is lost");
            fetches += u32::from(asked);
        }
        assert_eq!(fetches, 2);
    }

    #[tokio::test]
    async fn key_04_a_flood_does_not_keep_a_sign_in_from_a_new_key() {
        let cache = Cached::new();
        ask(&cache, Want::Any, NOW, Ok(1)).await;
        let flooded = NOW.plus(COOL_DOWN);
        assert_eq!(ask(&cache, STRANGER, flooded, Ok(1)).await, (Some(1), true));
        // The key is rotated now; the flood has spent its budget, the IdP has not.
        assert_eq!(ask(&cache, STRANGER, flooded, Ok(2)).await, (Some(1), false));
        assert_eq!(ask(&cache, IDP, flooded, Ok(2)).await, (Some(2), true));
        assert_eq!(ask(&cache, IDP, flooded.plus(COOL_DOWN / 2), Ok(3)).await, (Some(2), false), "KEY-03");
        assert_eq!(ask(&cache, IDP, flooded.plus(COOL_DOWN), Ok(3)).await, (Some(3), true));
    }

    #[tokio::test]
    async fn key_04_a_fetch_that_a_stranger_caused_is_not_taken_for_the_sign_ins_own() {
        let (cache, gate) = (Cached::new(), tokio::sync::Notify::new());
        ask(&cache, Want::Any, NOW, Ok(1)).await;
        let later = NOW.plus(COOL_DOWN);
        let of_stranger = cache.get(STRANGER, later, async {
            gate.notified().await;
            Ok::<_, CoolingDown>((1, vec![1]))
        });
        let of_sign_in = ask(&cache, IDP, later, Ok(2));
        let open = async {
            tokio::task::yield_now().await;
            gate.notify_one();
        };
        let (_, signed_in, ()) = tokio::join!(of_stranger, of_sign_in, open);
        assert_eq!(signed_in, (Some(2), true));
    }

    #[tokio::test]
    async fn key_05_an_outage_keeps_the_last_good_copy() {
        let cache = Cached::new();
        ask(&cache, Want::Any, NOW, Ok(1)).await;
        let later = NOW.plus(FRESH_FOR * 5);
        assert_eq!(ask(&cache, Want::Any, later, Err(CoolingDown)).await, (Some(1), true));
        assert_eq!(ask(&cache, IDP, later.plus(COOL_DOWN), Err(CoolingDown)).await, (Some(1), true));
    }

    #[tokio::test]
    async fn those_who_come_while_somebody_fetches_share_the_result() {
        let (cache, gate) = (Cached::new(), tokio::sync::Notify::new());
        let fetching = cache.get(Want::Any, NOW, async {
            gate.notified().await;
            Err::<(u8, Vec<u8>), _>(CoolingDown)
        });
        let waiting = ask(&cache, Want::Any, NOW.plus(COOL_DOWN), Ok(1));
        let open = async {
            tokio::task::yield_now().await;
            gate.notify_one();
        };
        let (fetched, waited, ()) = tokio::join!(fetching, waiting, open);
        assert_eq!(
            (fetched, waited),
            (Err(CoolingDown), (None, false)),
            "nobody queues up before a slow IdP"
        );
    }

    #[tokio::test]
    async fn o6_without_any_copy_the_idp_is_asked_again_a_second_later() {
        let cache = Cached::new();
        assert_eq!(ask(&cache, Want::Any, NOW, Err(CoolingDown)).await, (None, true));
        assert_eq!(ask(&cache, Want::Any, NOW, Ok(1)).await, (None, false));
        assert_eq!(ask(&cache, Want::Any, NOW.plus(FIRST_COPY_COOL_DOWN), Ok(1)).await, (Some(1), true));
    }
}
