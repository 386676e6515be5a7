//! The claims of an ID token (OIDC Core section 2).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::jws::Object;
use crate::time::Timestamp;

/// Claims that the protocol fills in; no user attribute may take their place.
pub const PROTOCOL_CLAIMS: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "sid",
    "jti",
];

/// What an ID token says.
#[derive(Clone, Debug)]
pub struct IdToken<'a> {
    /// Who says it.
    pub issuer: &'a str,
    /// Of whom.
    pub subject: &'a str,
    /// To which client; also the authorized party.
    pub client_id: &'a str,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// When the person authenticated.
    pub auth_time: Timestamp,
    /// The client's nonce.
    pub nonce: Option<&'a str>,
    /// The access token that comes with it, for `at_hash`.
    pub access_token: &'a str,
    /// The single sign-on session.
    pub sid: &'a str,
    /// The authentication context class.
    pub acr: &'a str,
    /// The authentication methods (RFC 8176).
    pub amr: &'a [&'a str],
    /// Everything else that is known of the person. [`PROTOCOL_CLAIMS`] among them are ignored.
    pub attributes: &'a Object,
}

impl IdToken<'_> {
    /// As a JSON object.
    #[must_use]
    pub fn to_claims(&self) -> Object {
        let mut claims = self.attributes.clone();
        claims.retain(|name, _| !PROTOCOL_CLAIMS.contains(&name.as_str()));
        let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        set("iss", self.issuer.into());
        set("sub", self.subject.into());
        set("aud", self.client_id.into());
        set("azp", self.client_id.into());
        set("iat", self.issued_at.as_secs().into());
        set("exp", self.expires_at.as_secs().into());
        set("auth_time", self.auth_time.as_secs().into());
        set("sid", self.sid.into());
        set("acr", self.acr.into());
        set("amr", json!(self.amr));
        set("at_hash", at_hash(self.access_token).into());
        if let Some(nonce) = self.nonce {
            set("nonce", nonce.into());
        }
        claims
    }
}

/// The left half of the access token's SHA-256 (OIDC Core section 3.1.3.6, for ES256 and RS256).
fn at_hash(access_token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, access_token.as_bytes()).as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked value of OIDC Core appendix A.3.
    #[test]
    fn the_example_of_the_specification_matches() {
        assert_eq!(at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }

    #[test]
    fn attributes_never_stand_in_for_protocol_claims() {
        let attributes = json!({ "sub": "eve", "nonce": "x", "email": "a@b.example" });
        let claims = IdToken {
            issuer: "https://i",
            subject: "alice",
            client_id: "app",
            issued_at: Timestamp::from_secs(10),
            expires_at: Timestamp::from_secs(20),
            auth_time: Timestamp::from_secs(5),
            nonce: None,
            access_token: "a",
            sid: "s",
            acr: "1",
            amr: &["pwd"],
            attributes: attributes.as_object().unwrap(),
        }
        .to_claims();
        assert_eq!((claims["sub"].as_str(), claims.get("nonce")), (Some("alice"), None));
        assert_eq!(claims["email"], "a@b.example");
        assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(10), Some(20)));
    }
}
