//! The claims of a logout token (Back-Channel Logout 1.0 section 2.4).

use serde_json::json;

use super::jws::Object;
use crate::time::Timestamp;

/// The `typ` of its header.
pub const TYPE: &str = "logout+jwt";
/// The member of `events` that says what it is.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token says.
#[derive(Clone, Copy, Debug)]
pub struct LogoutToken<'a> {
    /// Who says it.
    pub issuer: &'a str,
    /// To which client.
    pub client_id: &'a str,
    /// Whose sessions are over; this or `sid` or both.
    pub subject: Option<&'a str>,
    /// Which single sign-on session is over.
    pub sid: Option<&'a str>,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// Its own name.
    pub id: &'a str,
}

impl LogoutToken<'_> {
    /// As a JSON object.
    #[must_use]
    pub fn to_claims(&self) -> Object {
        let mut claims = Object::from_iter([
            ("iss".to_owned(), json!(self.issuer)),
            ("aud".to_owned(), json!(self.client_id)),
            ("iat".to_owned(), json!(self.issued_at.as_secs())),
            ("exp".to_owned(), json!(self.expires_at.as_secs())),
            ("jti".to_owned(), json!(self.id)),
            ("events".to_owned(), json!({ EVENT: {} })),
        ]);
        claims.extend(self.subject.map(|subject| ("sub".to_owned(), json!(subject))));
        claims.extend(self.sid.map(|sid| ("sid".to_owned(), json!(sid))));
        claims
    }
}
