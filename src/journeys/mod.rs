//! The stories, told once: a journey is a file. Async, but without any HTTP server's types.
//!
//! | journey | file |
//! |---|---|
//! | a person signs in | [`sign_in`] |
//! | a request is let pass, or not | [`check`] |
//! | a person is there and says so | [`presence`] |
//! | the IdP is asked whether a session may go on | [`policy_check`] |
//! | a person signs out | [`sign_out`] |
//! | the IdP says that a session of its own is over | [`idp_logout`] |
//! | refresh tokens that nobody needs are revoked at the IdP | [`token_revocation`] |
//! | an admin looks at sessions and ends them | [`revoke`] |
//! | an admin changes how long sessions live | [`settings`] |
//! | the IdPs' metadata and keys outlive a restart | [`idp_documents`] |

pub mod activity;
pub mod audit;
pub mod check;
pub mod clean_up_mark;
pub mod cookies;
pub mod credentials_mark;
pub mod idp_documents;
pub mod idp_logout;
pub mod policy_check;
pub mod presence;
pub mod revoke;
mod sealed;
pub mod settings;
pub mod sign_in;
pub mod sign_out;
pub mod sign_out_state;
pub mod token_revocation;
pub mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::keys::KeyRing;
use crate::policy::environment::Environment;
use crate::policy::settings::Settings;
use crate::policy::settings::live::EnvironmentSettings;
use crate::provider::Provider;
use crate::session::names::{EnvironmentId, ProviderId};
use crate::session::{Session, SignInSettings};
use crate::store::StoreError;
use crate::store::sessions::Sessions;
use crate::telemetry::{Metrics, ReasonLabels};
use crate::time::{Clock, Timestamp};
use activity::Activity;
use policy_check::Visits;
use settings::CurrentSettings;
use token_revocation::Revocations;

/// Sign-outs that wait for the store at once.
pub const MOST_WAITING_SIGN_OUTS: usize = 1024;

/// What the journeys work with. Made once by `gateway`, shared by all.
#[derive(Debug)]
pub struct Services {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The gateway's own keys.
    pub keys: Arc<KeyRing>,
    /// The sessions of all nodes.
    pub sessions: Sessions,
    /// When sessions were last used, as this node saw it.
    pub activity: Activity,
    /// The IdPs.
    pub providers: BTreeMap<ProviderId, Arc<Provider>>,
    /// The environments.
    pub environments: BTreeMap<EnvironmentId, Arc<Environment>>,
    /// How long sessions live, as far as it is known now.
    pub settings: CurrentSettings,
    /// What is counted.
    pub metrics: Metrics,
    /// Held, shared, by every policy check under way; whoever has it alone knows that there is none and begins none.
    pub checks: tokio::sync::RwLock<()>,
    /// The sessions that somebody waits for.
    pub visits: Visits,
    /// Refresh tokens on their way back to the IdP.
    pub revocations: Revocations,
    /// Places for sign-outs that wait for the store.
    pub sign_outs: Arc<Semaphore>,
}

impl Services {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The settings that a live session goes by (row C14). Everybody who judges a session asks here.
    #[must_use]
    pub fn settings_of(&self, environment: &Environment, session: &Session) -> Settings {
        self.settings.of(&environment.id, |settings| settings.of_session(session.signed_in_under.as_ref()))
    }

    /// The settings that a sign-in to an environment begins with.
    #[must_use]
    pub fn settings_for_sign_in(&self, environment: &Environment) -> Settings {
        self.settings.of(&environment.id, |settings| settings.now().clone())
    }

    /// What a sign-in writes down of the settings: those of now, or those that a session began with which goes on.
    pub(crate) fn signed_in_under(
        &self,
        environment: &Environment,
        goes_on: Option<&Session>,
    ) -> SignInSettings {
        let before = goes_on.and_then(|session| session.signed_in_under.clone());
        before.unwrap_or_else(|| self.settings.of(&environment.id, EnvironmentSettings::snapshot))
    }

    /// The settings that a session goes by that was signed in under these.
    pub(crate) fn settings_under(&self, environment: &Environment, under: &SignInSettings) -> Settings {
        self.settings.of(&environment.id, |settings| settings.of_session(Some(under)))
    }

    /// Ends a session, counts it and writes it into the audit log. Already ended ones stay as they are.
    pub(crate) async fn end_session(
        &self,
        id: crate::session::id::StoredId,
        session: &Session,
        tombstone: &crate::session::end::Tombstone,
    ) -> Result<crate::store::Ended, StoreError> {
        // Before the end, which takes the tokens with it. What cannot be read is left to the IdP's own limits.
        let revokes = tombstone.reason.revokes_tokens() && self.revokes_tokens(&session.identity.provider);
        let tokens = if revokes { self.sessions.tokens(id).await.ok().flatten() } else { None };
        let tokens = tokens.map(|(_, tokens)| tokens).filter(|tokens| self.has_given(session, tokens));
        let ended = self.sessions.end(id, tombstone).await?;
        if ended == crate::store::Ended::Now {
            if let Some(refresh_token) = tokens.and_then(|tokens| tokens.refresh_token) {
                self.revoke_at_idp(&session.identity.provider, refresh_token);
            }
            self.metrics
                .sessions_ended
                .get_or_create(&ReasonLabels { reason: tombstone.reason.code() })
                .inc();
            audit::session_ended(id, session, tombstone);
            // Hints only: the tombstone is what counts, so a failure here loses nothing.
            for index in crate::store::sessions::indexes(&session.identity) {
                if let Err(error) = self.sessions.store().index_remove(index, id).await {
                    tracing::debug!(session = %id, %error, "index_not_cleaned");
                }
            }
        }
        Ok(ended)
    }
}
