//! The store in Redis 6 or later: one server, or whatever one address leads to.
//!
//! All that belongs to one session lives in one slot and changes in one script. Nothing is sent twice and nothing is
//! guessed: each failure is [`StoreError::Unavailable`], and only Redis' own nil means "not there".

mod error;
mod keys;
mod link;
mod scripts;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use redis::{Client, Cmd, IntoConnectionInfo, TlsCertificates, cmd};
use secrecy::{ExposeSecret, SecretString};

use self::link::Links;
pub use self::link::Patience;
use self::scripts::Scripts;
use super::queue::Score;
use super::{
    Claim, Claimed, Completion, Ended, Fence, Hashed, Index, KeptSettings, NewSession, Pace, Queued,
    Replaced, Spent, Store, StoreError, Stored, TimeSource, Version, record,
};
use crate::session::id::{Lane, StoredId};
use crate::time::Timestamp;

/// Lua unpacks a batch onto its stack, which ends somewhere above 7,000 values.
const LARGEST_BATCH: usize = 1000;
/// Sessions in one note of activity: what Redis does in about a millisecond.
const LARGEST_NOTE: usize = 256;
/// The longest `keep`; Redis refuses what overflows.
const LONGEST_KEEP: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Sessions in Redis.
#[derive(Debug)]
pub struct RedisStore {
    links: Links,
    scripts: Scripts,
    time: TimeSource,
}

impl RedisStore {
    /// Reads the address; does not connect yet, so that a process can start while Redis is away.
    ///
    /// # Errors
    ///
    /// The URL is not one of Redis, or the certificate file cannot be read. Neither is quoted.
    pub fn new(
        url: &SecretString,
        ca_file: Option<&Path>,
        time: TimeSource,
        patience: Patience,
    ) -> Result<Self, StoreError> {
        let client = client(url, ca_file)
            .map_err(|cause| StoreError::Unavailable { doing: "reading the settings of Redis", cause })?;
        Ok(Self { links: Links::new(client, patience), scripts: Scripts::new(), time })
    }

    /// The instant for a script: empty where the script is to ask the server.
    fn instant(&self, now: Timestamp) -> String {
        match self.time {
            TimeSource::Server => String::new(),
            TimeSource::Caller => now.as_millis().to_string(),
        }
    }

    async fn instant_at(&self, doing: &'static str, key: String) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<i64> = self.links.query(doing, &get(&key)).await?;
        Ok(found.map(Timestamp::from_millis))
    }
}

fn client(url: &SecretString, ca_file: Option<&Path>) -> Result<Client, String> {
    let url = url.expose_secret();
    if !url.starts_with("redis://") && !url.starts_with("rediss://") {
        return Err("the URL must begin with redis:// or rediss://".to_owned());
    }
    let info = url.into_connection_info().map_err(|_| {
        "the URL is not like rediss://user:password@host:6379/0; are /, @ and : in the password percent-encoded?"
            .to_owned()
    })?;
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    let redis = info.redis_settings().clone().set_protocol(redis::ProtocolVersion::RESP3); // it tells of a hang-up
    let info = info.set_tcp_settings(tcp).set_redis_settings(redis);
    let Some(path) = ca_file else { return Client::open(info).map_err(|e| error::words(&e)) };
    let pem = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(pem) }).map_err(|_| {
        format!(
            "{} is given as certificate authority: that takes a PEM file and a rediss:// URL",
            path.display()
        )
    })
}

#[async_trait]
impl Store for RedisStore {
    async fn create(&self, id: StoredId, new: NewSession<'_>) -> Result<(), StoreError> {
        let doing = "creating a session";
        let mut script = self.scripts.create.key(keys::session(id));
        script.key(keys::tokens(id)).key(keys::activity(id)).key(keys::due_of(id));
        script.arg(millis(new.keep)).arg(record::live(Version(1), new.session));
        script.arg(record::live(Version(1), new.tokens)).arg(new.active_at.as_millis());
        script.key(keys::lanes(id.partition()));
        script.arg(Score::due(new.due).number()).arg(id.as_bytes()).arg(id.lane().number());
        match self.links.run(doing, &script).await? {
            true => Ok(()),
            false => Err(StoreError::taken(doing)),
        }
    }

    async fn session(&self, id: StoredId) -> Result<Option<Stored>, StoreError> {
        let found: Option<Vec<u8>> = self.links.query("reading a session", &get(&keys::session(id))).await?;
        found
            .map(|bytes| record::read(bytes).ok_or_else(|| StoreError::unknown_head("session", id)))
            .transpose()
    }

    async fn tokens(&self, id: StoredId) -> Result<Option<(Version, Vec<u8>)>, StoreError> {
        let found: Option<Vec<u8>> = self.links.query("reading tokens", &get(&keys::tokens(id))).await?;
        match found.map(record::read) {
            None => Ok(None),
            Some(Some(Stored::Live(version, bytes))) => Ok(Some((version, bytes))),
            Some(_) => Err(StoreError::unknown_head("tokens", id)),
        }
    }

    async fn replace_session(
        &self,
        id: StoredId,
        seen: Version,
        session: &[u8],
        keep: Duration,
        completion: Option<Completion>,
    ) -> Result<Replaced, StoreError> {
        let next = record::next(seen);
        let mut script = self.scripts.replace_session.key(keys::session(id));
        script.key(keys::due_of(id));
        script.arg(millis(keep)).arg(&record::head(seen)).arg(record::live(next, session)).arg(id.as_bytes());
        match completion {
            Some(done) => script.arg(done.fence.0).arg(next_score(done)),
            None => script.arg("").arg(""),
        };
        let answer: String = self.links.run("replacing a session", &script).await?;
        Ok(replaced(&answer, next))
    }

    async fn replace_tokens(
        &self,
        id: StoredId,
        seen: Version,
        tokens: &[u8],
        keep: Duration,
    ) -> Result<Replaced, StoreError> {
        let next = record::next(seen);
        let mut script = self.scripts.replace_tokens.key(keys::session(id));
        script.key(keys::tokens(id));
        script.arg(millis(keep)).arg(&record::head(seen)).arg(record::live(next, tokens));
        let answer: String = self.links.run("replacing tokens", &script).await?;
        Ok(replaced(&answer, next))
    }

    async fn end(&self, id: StoredId, tombstone: &[u8], keep: Duration) -> Result<Ended, StoreError> {
        let mut script = self.scripts.end.key(keys::session(id));
        script.key(keys::tokens(id)).key(keys::activity(id)).key(keys::due_of(id));
        script.arg(millis(keep)).arg(record::tombstone(tombstone)).arg(id.as_bytes());
        let (answer, before): (String, Vec<u8>) = self.links.run("ending a session", &script).await?;
        Ok(match answer.as_str() {
            "now" => Ended::Now,
            "before" => Ended::Before(before),
            _ => Ended::Absent,
        })
    }

    async fn note_activity(&self, seen: &[(StoredId, Timestamp)], keep: Duration) -> Result<(), StoreError> {
        let mut queues: HashMap<String, Vec<(StoredId, Timestamp)>> = HashMap::new();
        for note in seen {
            queues.entry(keys::due_of(note.0)).or_default().push(*note);
        }
        let chunks = queues
            .iter()
            .flat_map(|(queue, notes)| notes.chunks(LARGEST_NOTE).map(move |notes| (queue, notes)));
        let notes = chunks.map(|(queue, notes)| async move {
            let mut script = self.scripts.note_activity.key(queue);
            script.arg(millis(keep));
            for (id, at) in notes {
                script.key(keys::session(*id)).key(keys::activity(*id));
                script.arg(at.as_millis().max(0)).arg(id.as_bytes());
            }
            self.links.run("noting activity", &script).await
        });
        try_join_all(notes).await.map(|_: Vec<()>| ())
    }

    async fn last_activity(&self, id: StoredId) -> Result<Option<Timestamp>, StoreError> {
        self.instant_at("reading the last activity", keys::activity(id)).await
    }

    async fn live(&self, partition: u8) -> Result<Vec<StoredId>, StoreError> {
        let doing = "listing sessions";
        let lanes: Vec<u16> = self.links.query(doing, cmd("SMEMBERS").arg(keys::lanes(partition))).await?;
        let mut live = Vec::new();
        for lane in lanes {
            let queue = keys::due(Lane::from_number(lane), partition);
            live.extend(ids(self.links.query(doing, cmd("ZRANGE").arg(queue).arg(0).arg(-1)).await?)?);
        }
        Ok(live)
    }

    async fn claim_due(
        &self,
        lane: Lane,
        partition: u8,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut script = self.scripts.claim_due.key(keys::due(lane, partition));
        script.arg(self.instant(now)).arg(millis(lease)).arg(limit.min(LARGEST_BATCH));
        let claims: Vec<(Vec<u8>, u64)> = self.links.run("claiming due sessions", &script).await?;
        claims.into_iter().map(|(id, fence)| Ok(Claim { id: stored_id(&id)?, fence: Fence(fence) })).collect()
    }

    async fn claim(&self, id: StoredId, now: Timestamp, lease: Duration) -> Result<Claimed, StoreError> {
        let mut script = self.scripts.claim.key(keys::due_of(id));
        script.key(keys::session(id));
        script.arg(self.instant(now)).arg(millis(lease)).arg(id.as_bytes());
        let (answer, score): (String, u64) = self.links.run("claiming a session", &script).await?;
        let score = Score::from_number(score);
        Ok(match answer.as_str() {
            "ours" => Claimed::Ours(score.fence()),
            "busy" => Claimed::Busy(score.instant()),
            _ => Claimed::Absent,
        })
    }

    async fn renew(
        &self,
        id: StoredId,
        fence: Fence,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Fence>, StoreError> {
        let mut script = self.scripts.renew.key(keys::due_of(id));
        script.arg(self.instant(now)).arg(millis(lease)).arg(id.as_bytes()).arg(fence.0);
        let renewed: Option<u64> = self.links.run("renewing a claim", &script).await?;
        Ok(renewed.map(Fence))
    }

    async fn complete(&self, id: StoredId, completion: Completion) -> Result<bool, StoreError> {
        let mut script = self.scripts.complete.key(keys::due_of(id));
        script.arg(id.as_bytes()).arg(completion.fence.0).arg(next_score(completion));
        self.links.run("giving a claim back", &script).await
    }

    async fn queued(&self, lane: Lane, partition: u8, now: Timestamp) -> Result<Queued, StoreError> {
        let mut script = self.scripts.queued.key(keys::due(lane, partition));
        script.arg(self.instant(now));
        let (all, due, first) = self.links.run("counting due sessions", &script).await?;
        let since = (due > 0).then(|| Score::from_number(first).instant());
        Ok(Queued { all, due, since })
    }

    async fn take_turns(
        &self,
        bucket: &str,
        pace: Pace,
        wanted: u32,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut script = self.scripts.take_turns.key(keys::turns(bucket));
        script.arg(self.instant(now)).arg(pace.micros()).arg(pace.burst.max(1)).arg(wanted);
        self.links.run("taking turns", &script).await
    }

    async fn index_add(&self, index: Index, id: StoredId, keep: Duration) -> Result<(), StoreError> {
        let mut script = self.scripts.index_add.key(keys::index(index));
        self.links.run("adding to an index", script.arg(millis(keep)).arg(id.as_bytes())).await
    }

    async fn index_list(&self, index: Index) -> Result<Vec<StoredId>, StoreError> {
        ids(self
            .links
            .query("reading an index", cmd("ZRANGE").arg(keys::index(index)).arg(0).arg(-1))
            .await?)
    }

    async fn index_remove(&self, index: Index, id: StoredId) -> Result<(), StoreError> {
        let mut command = cmd("ZREM");
        self.links.query("taking out of an index", command.arg(keys::index(index)).arg(id.as_bytes())).await
    }

    async fn spend(&self, value: Hashed, keep: Duration) -> Result<Spent, StoreError> {
        let mut command = cmd("SET");
        command.arg(keys::once(value)).arg(1).arg("NX").arg("PX").arg(millis(keep));
        let first: bool = self.links.query("spending a single-use value", &command).await?;
        Ok(if first { Spent::First } else { Spent::Again })
    }

    async fn set_revoked_before(
        &self,
        whose: Hashed,
        before: Timestamp,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let mut script = self.scripts.raise.key(keys::revoked_before(whose));
        self.links.run("revoking sign-ins", script.arg(millis(keep)).arg(before.as_millis())).await
    }

    async fn revoked_before(&self, whose: Hashed) -> Result<Option<Timestamp>, StoreError> {
        self.instant_at("reading whether a sign-in is revoked", keys::revoked_before(whose)).await
    }

    async fn put_document(&self, name: &str, document: &[u8]) -> Result<(), StoreError> {
        self.links.query("keeping a document", cmd("SET").arg(keys::document(name)).arg(document)).await
    }

    async fn document(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.links.query("reading a document", &get(&keys::document(name))).await
    }

    async fn settings(&self, known: Version) -> Result<KeptSettings, StoreError> {
        let doing = "reading the live settings";
        let mut head = cmd("GETRANGE");
        head.arg(keys::SETTINGS).arg(0).arg(record::HEAD - 1);
        let head: Vec<u8> = self.links.query(doing, &head).await?;
        if head == record::head(known) {
            return Ok(KeptSettings::AsKnown);
        }
        let found: Option<Vec<u8>> = self.links.query(doing, &get(keys::SETTINGS)).await?;
        record::settings(found, known).ok_or_else(StoreError::unknown_settings)
    }

    async fn replace_settings(
        &self,
        seen: Version,
        next: Version,
        settings: &[u8],
    ) -> Result<Replaced, StoreError> {
        let mut script = self.scripts.replace_settings.key(keys::SETTINGS);
        match seen {
            Version(0) => script.arg(""),
            seen => script.arg(&record::head(seen)),
        };
        script.arg(record::live(next, settings));
        let answer: String = self.links.run("replacing the live settings", &script).await?;
        Ok(replaced(&answer, next))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let (secs, micros): (i64, i64) = self.links.query("reading its clock", &cmd("TIME")).await?;
        Ok(Some(Timestamp::from_millis(secs.saturating_mul(1000).saturating_add(micros / 1000))))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // A write: PING would be answered by a replica and by a full server too.
        self.links.query("being tried out", cmd("SET").arg(keys::PING).arg(1).arg("PX").arg(1000)).await
    }
}

fn get(key: &str) -> Cmd {
    let mut get = cmd("GET");
    get.arg(key);
    get
}

/// At least one millisecond: Redis refuses zero.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.min(LONGEST_KEEP).as_millis()).unwrap_or(u64::MAX).max(1)
}

fn next_score(completion: Completion) -> u64 {
    Score::from_number(completion.fence.0).given_back(completion.next_due).number()
}

fn replaced(answer: &str, next: Version) -> Replaced {
    match answer {
        "done" => Replaced::Done(next),
        "ended" => Replaced::Ended,
        _ => Replaced::Conflict,
    }
}

fn stored_id(bytes: &[u8]) -> Result<StoredId, StoreError> {
    bytes.try_into().map(StoredId::from_bytes).map_err(|_| StoreError::Unreadable {
        what: "the due queue or an index".to_owned(),
        cause: format!("a member of {} bytes instead of 16", bytes.len()),
    })
}

fn ids(found: Vec<Vec<u8>>) -> Result<Vec<StoredId>, StoreError> {
    found.iter().map(|bytes| stored_id(bytes)).collect()
}
