//! The one writer. It commits together whatever waits while the commit before is on its way to the disk, so that a
//! hundred sign-ins at once cost a few commits and not a hundred.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use redb::{Database, Durability};
use tokio::sync::oneshot;

use super::tables::Tables;
use crate::time::Clock;

const LARGEST_BATCH: usize = 256;
/// Of what may be swept away, each write removes this much: more than it leaves behind.
const SWEPT_PER_WRITE: usize = 8;

/// Must a write be on the disk before its caller goes on?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// Yes.
    Kept,
    /// It may be lost with the process; the next [`Promise::Kept`] takes it along.
    Loose,
}

/// Tells the caller what became of the commit.
type Reply = Box<dyn FnOnce(Result<(), String>) + Send>;
type Work = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Reply, redb::Error> + Send>;

struct Job {
    promise: Promise,
    work: Work,
}

/// The handle; dropping it finishes what waits and closes the file.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (jobs, inbox) = channel();
        let thread = Builder::new()
            .name("hourgate-store".to_owned())
            .spawn(move || serve(&inbox, &database, clock.as_ref()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction; answers when that is committed. All or nothing, also if the caller stops waiting.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        promise: Promise,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, String> {
        let (answer, waiting) = oneshot::channel();
        let work: Work = Box::new(move |tables| {
            let value = work(tables)?;
            Ok(Box::new(move |committed: Result<(), String>| {
                let _ = answer.send(committed.map(|()| value)); // the caller may have gone away
            }))
        });
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { promise, work }).is_ok());
        match (sent, waiting.await) {
            (true, Ok(answer)) => answer,
            (true, Err(_)) => {
                Err("the write failed or was batched with one that did; see the log".to_owned())
            }
            (false, _) => Err("its writer has stopped; restart this process".to_owned()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic there has been reported already
        }
    }
}

fn serve(inbox: &Receiver<Job>, database: &Database, clock: &dyn Clock) {
    while let Ok(first) = inbox.recv() {
        let batch: Vec<Job> =
            std::iter::once(first).chain(inbox.try_iter().take(LARGEST_BATCH - 1)).collect();
        let mut replies = Vec::with_capacity(batch.len());
        let committed = commit(batch, &mut replies, database, clock).map_err(|error| {
            tracing::error!(%error, "the store's file could not be written");
            error.to_string()
        });
        for reply in replies {
            reply(committed.clone());
        }
    }
}

fn commit(
    batch: Vec<Job>,
    replies: &mut Vec<Reply>,
    database: &Database,
    clock: &dyn Clock,
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    if batch.iter().all(|job| job.promise == Promise::Loose) {
        transaction.set_durability(Durability::None)?;
    }
    {
        let mut tables = Tables::open(&transaction)?;
        tables.sweep(clock.now(), SWEPT_PER_WRITE * batch.len())?;
        for job in batch {
            replies.push((job.work)(&mut tables)?);
        }
    }
    Ok(transaction.commit()?)
}
