//! The way to Redis: one multiplexed connection for each tokio runtime, made when first needed.
//!
//! Each worker of the HTTP server is a runtime of its own; a connection that lives on the worker's thread answers
//! without waking another. A connection that failed is dropped and the next command dials; nothing ever queues
//! behind a dead one. Commands are not sent twice: whoever asked decides what an unknown outcome means.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, PushInfo, PushKind, RedisResult, ScriptInvocation,
};
use tokio::runtime::{Handle, Id};
use tokio::time::timeout;

use super::error;
use crate::store::StoreError;

/// How long to be patient with Redis.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection, from name lookup to log-in.
    pub connect: Duration,
    /// For the answer to a command.
    pub command: Duration,
    /// After a failed connection attempt, before the next; until then commands fail at once.
    pub pause: Duration,
}

impl Default for Patience {
    /// A check asks Redis once: it has its answer, or its 503, within connect + command, which is under 500 ms.
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(200),
            command: Duration::from_millis(250),
            pause: Duration::from_millis(100),
        }
    }
}

/// The connections of all runtimes.
pub(super) struct Links {
    client: Client,
    patience: Patience,
    slots: RwLock<HashMap<Id, Arc<Slot>>>,
}

/// The place for one runtime's connection.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    /// Held while dialling: one attempt at a time.
    dialling: tokio::sync::Mutex<()>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Up(Link),
    /// The last attempt failed, and why; no new one before the instant.
    Down(Instant, String),
}

#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    /// Set by the connection itself when the other end hangs up, also while nobody asks anything.
    closed: Arc<AtomicBool>,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.client.get_connection_info().addr())
    }
}

impl Links {
    pub(super) fn new(client: Client, patience: Patience) -> Self {
        Self { client, patience, slots: RwLock::default() }
    }

    /// Sends a command. Every failure is [`StoreError::Unavailable`] while `doing`.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        doing: &'static str,
        command: &Cmd,
    ) -> Result<T, StoreError> {
        let slot = self.slot();
        let mut link = self.link(&slot).await.map_err(|cause| StoreError::Unavailable { doing, cause })?;
        let answer = timeout(self.patience.command, command.query_async(&mut link.connection)).await;
        self.judge(&slot, &link, answer).map_err(|cause| StoreError::Unavailable { doing, cause })
    }

    /// Runs a script, teaching it to a server that does not know it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let slot = self.slot();
        let mut link = self.link(&slot).await.map_err(|cause| StoreError::Unavailable { doing, cause })?;
        let answer = timeout(self.patience.command, script.invoke_async(&mut link.connection)).await;
        self.judge(&slot, &link, answer).map_err(|cause| StoreError::Unavailable { doing, cause })
    }

    fn slot(&self) -> Arc<Slot> {
        let runtime = Handle::current().id();
        let known = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&runtime).cloned();
        known.unwrap_or_else(|| {
            self.slots.write().unwrap_or_else(PoisonError::into_inner).entry(runtime).or_default().clone()
        })
    }

    async fn link(&self, slot: &Slot) -> Result<Link, String> {
        if let Some(known) = slot.known() {
            return known;
        }
        let too_slow = || format!("no connection within {} ms", self.patience.connect.as_millis());
        let _only_one = timeout(self.patience.connect, slot.dialling.lock()).await.map_err(|_| too_slow())?;
        if let Some(known) = slot.known() {
            return known; // somebody else dialled while we waited
        }
        let dialled = match timeout(self.patience.connect, self.dial()).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(error)) => Err(error::words(&error)),
            Err(_) => Err(too_slow()),
        };
        slot.set(match &dialled {
            Ok(link) => State::Up(link.clone()),
            Err(cause) => State::Down(Instant::now() + self.patience.pause, cause.clone()),
        });
        dialled
    }

    async fn dial(&self) -> RedisResult<Link> {
        let closed = Arc::new(AtomicBool::new(false));
        let notice = Arc::clone(&closed);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None) // ours covers the log-in too
            .set_response_timeout(None)
            .set_pipeline_buffer_size(1024)
            .set_push_sender(move |push: PushInfo| -> Result<(), std::convert::Infallible> {
                if push.kind == PushKind::Disconnection {
                    notice.store(true, Ordering::Release);
                }
                Ok(())
            });
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Link { connection, closed })
    }

    fn judge<T>(
        &self,
        slot: &Slot,
        link: &Link,
        answer: Result<RedisResult<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, String> {
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                if error::breaks_connection(&error) {
                    slot.forget(link);
                }
                Err(error::words(&error))
            }
            Err(_) => {
                slot.forget(link);
                Err(format!("no answer within {} ms", self.patience.command.as_millis()))
            }
        }
    }
}

impl Slot {
    /// The connection, or why there is none for now; `None` where it is time to dial.
    fn known(&self) -> Option<Result<Link, String>> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Up(link) if !link.closed.load(Ordering::Acquire) => Some(Ok(link.clone())),
            State::Down(until, cause) if Instant::now() < *until => Some(Err(cause.clone())),
            _ => None,
        }
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Gives up a connection, unless another has taken its place.
    fn forget(&self, link: &Link) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*state, State::Up(current) if Arc::ptr_eq(&current.closed, &link.closed)) {
            *state = State::Idle;
        }
    }
}
