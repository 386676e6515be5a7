//! One tenant: everything it holds, behind one lock that is never held across an await.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clients::Clients;
use super::faults::Faults;
use super::journal::Journal;
use super::logout::Deliveries;
use super::outage::Outage;
use super::secrets::Secrets;
use super::settings::{LifetimeSettings, PolicyCheckInterval, PushedPolicy, TokensPolicy};
use super::sso::SsoSessions;
use super::users::Users;
use super::wsfed::relying_parties::RelyingParties;
use tokio::sync::Semaphore;

use crate::issuer::bearer::BearerKey;
use crate::issuer::grants::Grants;
use crate::issuer::key_ring::KeyRing;
use crate::issuer::keys::{Algorithm, KeyError, SigningKey};
use crate::issuer::pushed_requests::PushedRequests;
use crate::time::{Clock, Timestamp};

/// How many grants a tenant keeps alive.
const GRANTS: usize = 200_000;

/// An issuer of its own.
pub(crate) struct Tenant {
    /// Its issuer, byte for byte as tokens spell it.
    pub(crate) issuer: String,
    /// As many requests as have permits here are let go of those that a fault holds.
    pub(crate) held: Semaphore,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// What can change about a tenant.
pub(crate) struct State {
    /// The difference between the tenant's clock and the configured one.
    offset_millis: i64,
    pub(crate) keys: KeyRing,
    /// Its own as a relying party, in the metadata. It signs nothing, and nobody encrypts anything to it.
    pub(crate) encryption_key: SigningKey,
    pub(crate) users: Users,
    pub(crate) clients: Clients,
    pub(crate) relying_parties: RelyingParties,
    pub(crate) grants: Grants,
    pub(crate) sso: SsoSessions,
    pub(crate) lifetimes: LifetimeSettings,
    pub(crate) tokens_policy: TokensPolicy,
    pub(crate) pushed_policy: PushedPolicy,
    pub(crate) pushed: PushedRequests,
    pub(crate) policy_check_interval: Option<PolicyCheckInterval>,
    /// Who signs in without a page.
    pub(crate) auto_login: Option<String>,
    pub(crate) faults: Faults,
    pub(crate) outage: Option<Outage>,
    pub(crate) journal: Journal,
    pub(crate) deliveries: Deliveries,
    pub(crate) secrets: Secrets,
}

impl Tenant {
    pub(crate) fn new(
        name: &str,
        issuer: String,
        strict: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let state = State {
            offset_millis: 0,
            keys: KeyRing::generate(Algorithm::Es256)?,
            encryption_key: SigningKey::generate(Algorithm::Es256)?,
            users: Users::of_tenant(name),
            clients: Clients::new(strict),
            relying_parties: RelyingParties::new(strict),
            grants: Grants::new(BearerKey::new(), GRANTS),
            sso: SsoSessions::default(),
            lifetimes: LifetimeSettings::default(),
            tokens_policy: TokensPolicy::default(),
            pushed_policy: PushedPolicy::default(),
            pushed: PushedRequests::default(),
            policy_check_interval: None,
            auto_login: None,
            faults: Faults::default(),
            outage: None,
            journal: Journal::default(),
            deliveries: Deliveries::default(),
            secrets: Secrets::default(),
        };
        Ok(Self { issuer, held: Semaphore::new(0), clock, state: Mutex::new(state) })
    }

    /// The state, and the tenant's present instant.
    pub(crate) fn lock(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = shifted(self.clock.now(), state.offset_millis);
        (state, now)
    }

    /// Moves the tenant's clock; says the new instant.
    pub(crate) fn move_clock(&self, to: ClockMove) -> Timestamp {
        let (mut state, now) = self.lock();
        let base = self.clock.now();
        let target = match to {
            ClockMove::Set(at) => at,
            ClockMove::Advance(span) => now.plus(span),
            ClockMove::Real => base,
        };
        state.offset_millis = target.as_millis().saturating_sub(base.as_millis());
        target
    }
}

/// How a tenant's clock is moved.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClockMove {
    /// To an instant, running on from there.
    Set(Timestamp),
    /// Forward.
    Advance(Duration),
    /// Back to the configured clock.
    Real,
}

const fn shifted(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_add(millis))
}
