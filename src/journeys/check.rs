//! A request is let pass, or not: the hot path. One store read, never a call to the IdP, and no write but that of somebody
//! who comes back before `inactivity_timeout` or `dormant_after`.

use std::sync::Arc;

use super::cookies::{NonceCookie, SessionCookie};
use super::settings::ensure_known;
use super::{Services, activity};
use crate::policy::decide::{Decision, Verdict, decide};
use crate::policy::environment::Environment;
use crate::policy::exemption::Exempt;
use crate::policy::facts::{Browser, Facts, Standing};
use crate::policy::schedule;
use crate::policy::settings::Settings;
use crate::session::Session;
use crate::session::id::StoredId;
use crate::store::StoreError;
use crate::store::sessions::Found;
use crate::time::Timestamp;

/// What a request presents.
#[derive(Clone)]
pub struct Presented {
    /// The session cookie.
    pub session: SessionCookie,
    /// The nonce cookie.
    pub nonce: Option<NonceCookie>,
    /// What does not count for its kind of client.
    pub exempt: Exempt,
}

/// Does asking count as using the session?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Somebody uses the app.
    Activity,
    /// A script of the app asks for something: perhaps for somebody, perhaps by itself. Counts until the page script reports
    /// what somebody does (row C10).
    Script,
    /// Somebody only looks at the session (`/session`, `/userinfo`).
    Peek,
}

impl Usage {
    /// Does it count as use of this session?
    #[must_use]
    pub const fn slides(self, session: &Session) -> bool {
        match self {
            Self::Activity => true,
            Self::Script => !session.reports_input,
            Self::Peek => false,
        }
    }
}

/// The decision, and what it was made of.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The session's public id, if an authentic cookie names one.
    pub id: Option<StoredId>,
    /// What is known about it.
    pub facts: Facts,
    /// The settings it was judged by.
    pub settings: Settings,
    /// The decision.
    pub decision: Decision,
}

/// Decides about a request in an environment.
///
/// # Errors
///
/// [`StoreError`]: unknown. The answer is 503, never a sign-out and never a pass.
pub async fn check(
    services: &Services,
    environment: &Environment,
    presented: &Presented,
    usage: Usage,
    now: Timestamp,
) -> Result<Checked, StoreError> {
    let id = presented.session.id().map(|id| id.stored());
    let standing = match id {
        Some(id) => standing(services, environment, id).await?,
        None => Standing::Absent,
    };
    let settings = match &standing {
        Standing::Live(session) => {
            ensure_known(services).await?;
            services.settings_of(environment, session).exempting(presented.exempt)
        }
        Standing::Absent | Standing::Ended(_) => services.settings_for_sign_in(environment),
    };
    let facts = Facts {
        browser: browser(presented, &standing),
        idp_is_away: idp_is_away(services, &settings, &standing, now),
        last_activity: match (&standing, id) {
            (Standing::Live(session), Some(id)) => {
                last_activity(services, &settings, id, session, now).await?
            }
            _ => now,
        },
        standing,
    };
    let decision = decide(&settings, &facts, now);
    if let (Verdict::Allow(permit), Some(id)) = (&decision.verdict, id)
        && usage.slides(permit.session())
    {
        if is_back_in_time(&settings, &facts, now) {
            activity::note_for_all_nodes(services, id, now).await;
        } else {
            services.activity.note(id, now);
        }
    }
    if facts.browser == Browser::Other
        && let (Some(id), Standing::Live(session)) = (id, &facts.standing)
    {
        super::audit::alarm(id, session, decision.reason.code());
    }
    Ok(Checked { id, facts, settings, decision })
}

async fn standing(
    services: &Services,
    environment: &Environment,
    id: StoredId,
) -> Result<Standing, StoreError> {
    Ok(match services.sessions.find(id).await? {
        Found::Live(_, session)
            if session.environment == environment.id
                && environment.providers.contains(&session.identity.provider) =>
        {
            Standing::Live(session)
        }
        // A session of another environment is nobody's business here, nor is one of an IdP that the environment no longer
        // has: its people are not let in, nor made to wait for a check that nobody can make. It is kept; it may come back.
        Found::Live(..) | Found::Absent => Standing::Absent,
        Found::Ended(tombstone) => Standing::Ended(tombstone),
    })
}

/// Has the session's IdP been silent lately? Asked only where it can matter: past the proof.
#[must_use]
pub fn idp_is_away(services: &Services, settings: &Settings, standing: &Standing, now: Timestamp) -> bool {
    let Standing::Live(session) = standing else { return false };
    schedule::proof_until(settings, session) <= now
        && services.providers.get(&session.identity.provider).is_some_and(|idp| idp.breaker().is_away())
}

/// Does somebody come back shortly before they would count as gone? Then the other nodes must know at once: what is
/// written with the rest would come too late for the next request, and end the session of somebody who is there (C10), or
/// send them to and fro between a node that finds it dormant and one that knows better.
fn is_back_in_time(settings: &Settings, facts: &Facts, now: Timestamp) -> bool {
    let used = facts.last_activity;
    now.since(used) >= schedule::unused_matters_from(settings, used).since(used) / 2
}

fn browser(presented: &Presented, standing: &Standing) -> Browser {
    match (&presented.nonce, standing) {
        (None, _) => Browser::Unknown,
        (Some(nonce), Standing::Live(session)) if nonce.browser() == session.browser => Browser::Same,
        (Some(_), Standing::Live(_)) => Browser::Other,
        (Some(_), _) => Browser::Same,
    }
}

/// When the session was last used, as far as the decision needs to know: the store is asked only where what this node
/// knows would end the session or make it dormant.
async fn last_activity(
    services: &Services,
    settings: &Settings,
    id: StoredId,
    session: &Arc<Session>,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let known = services.activity.last_seen(id).unwrap_or(session.signed_in_at).max(session.signed_in_at);
    if schedule::unused_matters_from(settings, known) > now {
        return Ok(known);
    }
    activity::last_used(services, settings, id, session, now).await
}
