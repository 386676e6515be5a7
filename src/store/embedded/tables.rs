//! What lies in the file: records under keys with the instant until which they are kept, and the due queue.

use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, TableError, WriteTransaction};

use crate::session::id::{Lane, StoredId};
use crate::store::queue::Score;
use crate::store::{Hashed, Index, Queued};
use crate::time::Timestamp;

/// Key → kept until (ms), value. A key begins with the byte of its [`Kind`].
const RECORDS: TableDefinition<'_, &[u8], (u64, &[u8])> = TableDefinition::new("records");
/// The same, in the order in which records may be swept away.
const EXPIRY: TableDefinition<'_, (u64, &[u8]), ()> = TableDefinition::new("expiry");
/// Session → its score in the due queue.
const SCORES: TableDefinition<'_, [u8; 16], u64> = TableDefinition::new("scores");
/// The due queue: partition, lane, score, session.
const QUEUE: TableDefinition<'_, Place, ()> = TableDefinition::new("queue");

type Place = (u8, u16, u64, [u8; 16]);

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Session = b's',
    Tokens = b't',
    Activity = b'a',
    User = b'u',
    IdpSession = b'i',
    Once = b'o',
    RevokedBefore = b'e',
    Document = b'd',
    Settings = b'c',
    Ping = b'p',
}

/// The key of a record.
pub(super) fn key(kind: Kind, name: &[u8]) -> Vec<u8> {
    [&[kind as u8], name].concat()
}

/// What the keys of all members of an index begin with; the session's sixteen bytes follow.
pub(super) fn index(index: Index) -> Vec<u8> {
    let prefix = |kind, hash: Hashed| key(kind, hash.as_bytes());
    match index {
        Index::User(hash) => prefix(Kind::User, hash),
        Index::IdpSession(hash) => prefix(Kind::IdpSession, hash),
    }
}

/// The tables of one write transaction.
pub(super) struct Tables<'t> {
    records: Table<'t, &'static [u8], (u64, &'static [u8])>,
    expiry: Table<'t, (u64, &'static [u8]), ()>,
    scores: Table<'t, [u8; 16], u64>,
    queue: Table<'t, Place, ()>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            records: transaction.open_table(RECORDS)?,
            expiry: transaction.open_table(EXPIRY)?,
            scores: transaction.open_table(SCORES)?,
            queue: transaction.open_table(QUEUE)?,
        })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error> {
        value(&self.records, key)
    }

    /// Writes a record, to be kept until the instant.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8], until: Timestamp) -> Result<(), redb::Error> {
        let until = u64::try_from(until.as_millis()).unwrap_or(0);
        let before = self.records.insert(key, (until, value))?.map(|old| old.value().0);
        if before != Some(until) {
            if let Some(before) = before {
                self.expiry.remove((before, key))?;
            }
            self.expiry.insert((until, key), ())?;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Result<(), redb::Error> {
        let until = self.records.remove(key)?.map(|old| old.value().0);
        if let Some(until) = until {
            self.expiry.remove((until, key))?;
        }
        Ok(())
    }

    /// Where a session stands in the due queue.
    pub(super) fn score(&self, id: StoredId) -> Result<Option<Score>, redb::Error> {
        Ok(self.scores.get(id.as_bytes())?.map(|score| Score::from_number(score.value())))
    }

    /// Moves a session in the due queue, puts it in, or takes it out.
    pub(super) fn set_score(&mut self, id: StoredId, score: Option<Score>) -> Result<(), redb::Error> {
        let bytes = *id.as_bytes();
        let before = match score {
            Some(score) => self.scores.insert(bytes, score.number())?,
            None => self.scores.remove(bytes)?,
        };
        if let Some(before) = before.map(|before| before.value()) {
            self.queue.remove(place(id, before))?;
        }
        if let Some(score) = score {
            self.queue.insert(place(id, score.number()), ())?;
        }
        Ok(())
    }

    /// Up to `limit` sessions with their scores, lowest first, none above `last`.
    pub(super) fn queued(
        &self,
        (lane, partition): (Lane, u8),
        last: Score,
        limit: usize,
    ) -> Result<Vec<(StoredId, Score)>, redb::Error> {
        let found = self.queue.range(queue_up_to(lane, partition, last.number()))?.take(limit);
        let pairs = found.map(|entry| {
            let (_, _, score, id) = entry?.0.value();
            Ok((StoredId::from_bytes(id), Score::from_number(score)))
        });
        pairs.collect()
    }

    /// Removes up to `limit` records that need not be kept any longer; a session leaves the due queue too.
    pub(super) fn sweep(&mut self, now: Timestamp, limit: usize) -> Result<(), redb::Error> {
        let now = u64::try_from(now.as_millis()).unwrap_or(0);
        let over: Vec<Vec<u8>> = self
            .expiry
            .range(..(now, &[][..]))?
            .take(limit)
            .map(|entry| Ok(entry?.0.value().1.to_vec()))
            .collect::<Result<_, redb::Error>>()?;
        for key in over {
            self.remove(&key)?;
            if let Some((&kind, Ok(id))) = key.split_first().map(|(kind, id)| (kind, id.try_into()))
                && kind == Kind::Session as u8
            {
                self.set_score(StoredId::from_bytes(id), None)?;
            }
        }
        Ok(())
    }
}

/// A record, as the last commit left it.
pub(super) fn read(transaction: &ReadTransaction, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error> {
    value(&transaction.open_table(RECORDS)?, key)
}

/// The ends of all keys with a prefix.
pub(super) fn members(transaction: &ReadTransaction, prefix: &[u8]) -> Result<Vec<StoredId>, redb::Error> {
    let records = transaction.open_table(RECORDS)?;
    let last = [prefix, &[u8::MAX; 16]].concat();
    let ids = records.range(prefix..=last.as_slice())?.map(|entry| {
        let (key, _) = entry?;
        Ok(key.value()[prefix.len()..].try_into().ok().map(StoredId::from_bytes))
    });
    ids.filter_map(Result::transpose).collect()
}

/// The sessions of a partition's due queues.
pub(super) fn live(transaction: &ReadTransaction, partition: u8) -> Result<Vec<StoredId>, redb::Error> {
    let queue = transaction.open_table(QUEUE)?;
    let ids = queue.range((partition, 0, 0, [0; 16])..=(partition, u16::MAX, u64::MAX, [u8::MAX; 16]))?;
    ids.map(|entry| Ok(StoredId::from_bytes(entry?.0.value().3))).collect()
}

/// How many sessions stand in a due queue, and how many of them are not above `last`.
pub(super) fn count(
    transaction: &ReadTransaction,
    lane: Lane,
    partition: u8,
    last: Score,
) -> Result<Queued, redb::Error> {
    let queue = transaction.open_table(QUEUE)?;
    let count = |last| Ok::<_, redb::Error>(queue.range(queue_up_to(lane, partition, last))?.count() as u64);
    let first = queue.range(queue_up_to(lane, partition, last.number()))?.next().transpose()?;
    let since = first.map(|(place, _)| Score::from_number(place.value().2).instant());
    Ok(Queued { all: count(u64::MAX)?, due: count(last.number())?, since })
}

const fn place(id: StoredId, score: u64) -> Place {
    (id.partition(), id.lane().number(), score, *id.as_bytes())
}

fn queue_up_to(lane: Lane, partition: u8, last: u64) -> std::ops::RangeInclusive<Place> {
    let lane = lane.number();
    (partition, lane, 0, [0; 16])..=(partition, lane, last, [u8::MAX; 16])
}

fn value(
    records: &impl ReadableTable<&'static [u8], (u64, &'static [u8])>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, redb::Error> {
    Ok(records.get(key)?.map(|found| found.value().1.to_vec()))
}
