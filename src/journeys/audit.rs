//! Who did what: one line for each thing that matters to an auditor, under the log target `audit`. Never a secret.

use crate::policy::settings::live::Change;
use crate::session::Session;
use crate::session::end::Tombstone;
use crate::session::id::StoredId;
use crate::session::names::{EnvironmentId, ProviderId};
use crate::telemetry::sampling;

/// Somebody signed in.
pub fn signed_in(id: StoredId, session: &Session) {
    proved(id, session, "sign_in", "signed in");
}

/// The browser brought a new proof, which it was sent for without wanting a question; this session takes the place of the one
/// before.
pub fn renewed(id: StoredId, session: &Session) {
    proved(id, session, "renewal", "renewed by the browser");
}

fn proved(id: StoredId, session: &Session, action: &'static str, message: &'static str) {
    tracing::info!(
        target: "audit",
        action, outcome = "success", session = %id, environment = %session.environment,
        provider = %session.identity.provider, issuer = session.identity.issuer, subject = session.identity.subject,
        "{message}"
    );
}

/// A sign-in was refused.
pub fn sign_in_refused(
    environment: &EnvironmentId,
    provider: &ProviderId,
    reason: &'static str,
    detail: &str,
) {
    // Anybody can have a sign-in refused, as often as they like.
    let Some(suppressed) = sampling::admit(reason) else { return };
    tracing::warn!(
        target: "audit",
        action = "sign_in", outcome = "failure", %environment, %provider, reason, detail, suppressed, "sign-in refused"
    );
}

/// A code came back that this very sign-in did not ask for: somebody may have put a stolen one in (RFC 9700 section 4.5).
pub fn code_injection_suspected(environment: &EnvironmentId, provider: &ProviderId, reason: &'static str) {
    tracing::error!(
        target: "audit",
        action = "alarm", %environment, %provider, reason, "code_injection_suspected"
    );
}

/// A session ended.
pub fn session_ended(id: StoredId, session: &Session, tombstone: &Tombstone) {
    tracing::info!(
        target: "audit",
        action = "session_end", session = %id, environment = %session.environment,
        provider = %session.identity.provider, issuer = session.identity.issuer, subject = session.identity.subject,
        reason = tombstone.reason.code(), remark = tombstone.remark, "session ended"
    );
}

/// Something that should never happen to honest people: a stolen cookie, an IdP that answers for somebody else.
pub fn alarm(id: StoredId, session: &Session, reason: &'static str) {
    tracing::error!(
        target: "audit",
        action = "alarm", session = %id, environment = %session.environment, provider = %session.identity.provider,
        issuer = session.identity.issuer, subject = session.identity.subject, reason, "security alarm"
    );
}

/// An IdP proved that it has ended a session of its own. The token is named by its `jti`.
pub fn logged_out_by_idp(provider: &ProviderId, token: &str, sessions: usize) {
    tracing::info!(
        target: "audit",
        action = "backchannel_logout", %provider, token, sessions, "signed out by the identity provider"
    );
}

/// An admin changed a setting.
pub fn settings_changed(change: &Change) {
    let environment = change.scope.as_ref().map(EnvironmentId::as_str);
    tracing::info!(
        target: "audit",
        action = "settings_change", version = change.version, environment, setting = change.setting, from = change.from(),
        to = change.to(), applied = change.applied, who = change.who, remark = change.remark, "settings changed"
    );
}

/// An admin voided every sign-in of a user.
pub fn user_revoked(issuer: &str, subject: &str, sessions: usize, remark: Option<&str>) {
    tracing::info!(
        target: "audit",
        action = "user_revoke", issuer, subject, sessions, remark, "user revoked"
    );
}
