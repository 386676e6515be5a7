//! Telling the clients of a single sign-on session that it is over: the back channel and the front channel.

use std::collections::VecDeque;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::courier::Courier;
use super::logout_token::{self, Variant};
use super::sso::SsoSession;
use super::tenant::{State, Tenant};
use crate::time::Timestamp;

/// How many deliveries a tenant remembers; the oldest go first.
const KEPT: usize = 1000;

/// A logout token on its way to a client.
pub(super) struct Notice {
    pub(super) client_id: String,
    pub(super) subject: Option<String>,
    pub(super) sid: Option<String>,
    pub(super) uri: String,
    pub(super) token: String,
    pub(super) at: Timestamp,
}

/// What became of a notice.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    client_id: String,
    sub: Option<String>,
    sid: Option<String>,
    /// The status that the client answered; null where there was no answer.
    status: Option<u16>,
    /// When it was sent, by the tenant's clock.
    at: String,
}

impl Delivery {
    pub(crate) const fn status(&self) -> Option<u16> {
        self.status
    }
}

/// The latest deliveries, without their tokens.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(VecDeque<Delivery>);

impl Deliveries {
    pub(crate) fn all(&self) -> &VecDeque<Delivery> {
        &self.0
    }

    fn record(&mut self, delivery: Delivery) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(delivery);
    }
}

/// The notices for all clients of a session that want one (Back-Channel Logout section 2.5).
pub(super) fn notices(state: &State, issuer: &str, session: &SsoSession, now: Timestamp) -> Vec<Notice> {
    let of_client = |client_id: &String| {
        let uri = state.clients.registered.get(client_id)?.backchannel_logout_uri.clone()?;
        let named = (Some(session.subject.as_str()), Some(session.sid.as_str()));
        let token = logout_token::sign(state.keys.current(), issuer, client_id, named, Variant::Good, now);
        Some(Notice {
            client_id: client_id.clone(),
            subject: Some(session.subject.clone()),
            sid: Some(session.sid.clone()),
            uri,
            // A key that cannot sign has made no token in this session either.
            token: token.ok()?,
            at: now,
        })
    };
    session.clients.iter().filter_map(of_client).collect()
}

/// Sends the notices, all at once, and remembers what became of them.
pub(super) async fn deliver(tenant: &Tenant, courier: &Courier, notices: Vec<Notice>) -> Vec<Delivery> {
    let sent = notices.into_iter().map(|notice| async move {
        let status = courier.post(&notice.uri, &[("logout_token", &notice.token)]).await;
        let Notice { client_id, subject, sid, at, .. } = notice;
        Delivery { client_id, sub: subject, sid, status, at: at.to_string() }
    });
    let deliveries = join_all(sent).await;
    let (mut state, _) = tenant.lock();
    deliveries.iter().for_each(|delivery| state.deliveries.record(delivery.clone()));
    deliveries
}

/// What the sign-out page shows in iframes (Front-Channel Logout section 2): `iss` and `sid` only for clients that ask
/// for them. Relying parties of WS-Federation clean up there too.
pub(super) fn frames(state: &State, issuer: &str, session: &SsoSession) -> Vec<Url> {
    let of_client = |client_id: &String| {
        let client = state.clients.registered.get(client_id)?;
        let mut url = Url::parse(client.frontchannel_logout_uri.as_ref()?).ok()?;
        if client.frontchannel_logout_session_required {
            url.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", &session.sid);
        }
        Some(url)
    };
    let clean_ups = state.relying_parties.clean_ups(session);
    session.clients.iter().filter_map(of_client).chain(clean_ups).collect()
}

/// A session as the control API shows it.
pub(super) fn shown(session: &SsoSession) -> serde_json::Value {
    json!({ "sid": session.sid, "sub": session.subject, "clients": session.clients, "realms": session.realms })
}
