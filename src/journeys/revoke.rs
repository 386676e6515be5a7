//! An admin looks at sessions and ends them (row A5).

use std::sync::Arc;

use super::{Services, audit};
use crate::session::Session;
use crate::session::end::{EndReason, Tombstone};
use crate::session::id::{PARTITIONS, StoredId};
use crate::session::identity::Identity;
use crate::store::sessions::{Found, named_user_hash};
use crate::store::{Ended, Index, StoreError};
use crate::time::Timestamp;

/// The newest `limit` live sessions that `wanted` keeps, the newest first, and whether there were more. One that cannot be
/// read is left out, and said in the log: it is served to nobody, and must not hide the others.
///
/// # Errors
///
/// [`StoreError`].
pub async fn list(
    services: &Services,
    limit: usize,
    wanted: impl Fn(&Session) -> bool,
) -> Result<(Vec<(StoredId, Arc<Session>)>, bool), StoreError> {
    let mut found: Vec<(StoredId, Arc<Session>)> = Vec::new();
    let mut there_were_more = false;
    let mut keep_the_newest = |found: &mut Vec<(StoredId, Arc<Session>)>| {
        found.sort_by_key(|(_, session)| std::cmp::Reverse(session.signed_in_at));
        there_were_more |= found.len() > limit;
        found.truncate(limit);
    };
    for partition in 0..PARTITIONS {
        for id in services.sessions.store().live(partition).await? {
            match services.sessions.find(id).await {
                Ok(Found::Live(_, session)) if wanted(&session) => found.push((id, session)),
                Ok(_) => {}
                Err(error @ StoreError::Unreadable { .. }) => {
                    tracing::warn!(session = %id, %error, "session_not_listed");
                }
                Err(error) => return Err(error),
            }
        }
        keep_the_newest(&mut found);
    }
    Ok((found, there_were_more))
}

/// Ends one session.
///
/// # Errors
///
/// [`StoreError`]: it may or may not have ended.
pub async fn revoke_session(
    services: &Services,
    id: StoredId,
    remark: Option<String>,
    now: Timestamp,
) -> Result<Ended, StoreError> {
    match services.sessions.find(id).await? {
        Found::Live(_, session) => {
            let tombstone = Tombstone { reason: EndReason::Revoked, at: now, remark };
            services.end_session(id, &session, &tombstone).await
        }
        Found::Ended(_) => Ok(Ended::Before(Vec::new())),
        Found::Absent => Ok(Ended::Absent),
    }
}

/// A user whom an admin revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedUser {
    /// The issuer.
    pub issuer: String,
    /// The subject.
    pub subject: String,
    /// The sessions that ended.
    pub sessions: Vec<StoredId>,
}

/// Ends all sessions of a user, and voids the sign-ins that are under way. Sign-ins begun later are good.
///
/// # Errors
///
/// [`StoreError`]: some sessions may live on; ask again.
pub async fn revoke_user(
    services: &Services,
    issuer: &str,
    subject: &str,
    remark: Option<String>,
    now: Timestamp,
) -> Result<RevokedUser, StoreError> {
    let user = named_user_hash(issuer, subject);
    // The watermark first: a sign-in that completes meanwhile finds it, or stands in the index already.
    services.sessions.revoke_before(user, now).await?;
    let tombstone = Tombstone { reason: EndReason::Revoked, at: now, remark: remark.clone() };
    let is_theirs =
        |_, session: &Session| session.identity.issuer == issuer && session.identity.subject == subject;
    let ended = end_indexed(services, Index::User(user), is_theirs, &tombstone).await?;
    audit::user_revoked(issuer, subject, ended.len(), remark.as_deref());
    Ok(RevokedUser { issuer: issuer.to_owned(), subject: subject.to_owned(), sessions: ended })
}

/// Ends the sessions of an index that are `wanted`. The index is a hint; each record is looked at. One that cannot be
/// read does not keep the others alive.
///
/// # Errors
///
/// The first [`StoreError`], after all have been tried: some sessions may live on.
pub(super) async fn end_indexed(
    services: &Services,
    index: Index,
    wanted: impl Fn(StoredId, &Session) -> bool,
    tombstone: &Tombstone,
) -> Result<Vec<StoredId>, StoreError> {
    let mut ended = Vec::new();
    let mut failure = None;
    for id in services.sessions.store().index_list(index).await? {
        let outcome = async {
            match services.sessions.find(id).await? {
                Found::Live(_, session) if wanted(id, &session) => {
                    services.end_session(id, &session, tombstone).await
                }
                _ => Ok(Ended::Absent),
            }
        };
        match outcome.await {
            Ok(Ended::Now) => ended.push(id),
            Ok(Ended::Before(_) | Ended::Absent) => {}
            Err(error) => {
                tracing::warn!(session = %id, %error, "session_not_ended");
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(ended),
    }
}

/// Does an admin who writes `name` mean this person? Subject, user name or e-mail address, whole.
#[must_use]
pub fn is_called(identity: &Identity, name: &str) -> bool {
    identity.subject == name
        || identity.preferred_username.as_deref().is_some_and(|username| username.eq_ignore_ascii_case(name))
        || identity.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(name))
}
