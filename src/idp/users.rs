//! The people of a tenant.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::issuer::jws::Object;

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// What tokens and userinfo say of them.
    pub(crate) claims: Object,
    /// Signs in no more, and every refresh is refused.
    pub(crate) disabled: bool,
}

/// All people, by subject.
#[derive(Debug)]
pub(crate) struct Users(pub(crate) BTreeMap<String, User>);

impl Users {
    /// alice, bob and admin.
    pub(crate) fn of_tenant(tenant: &str) -> Self {
        let people = [
            ("alice", "Alice Example", ["staff", "finance"].as_slice()),
            ("bob", "Bob Example", &["staff"]),
            ("admin", "Ada Admin", &["staff", "admins"]),
        ];
        let user = |(sub, name, groups): (&str, &str, &[&str])| {
            let claims = Object::from_iter([
                ("email".to_owned(), json!(format!("{sub}@{tenant}.example"))),
                ("email_verified".to_owned(), json!(true)),
                ("preferred_username".to_owned(), json!(format!("{sub}@{tenant}.example"))),
                ("name".to_owned(), json!(name)),
                ("groups".to_owned(), json!(groups)),
                ("oid".to_owned(), json!(stable_uuid(&format!("{tenant}/{sub}")))),
                ("tid".to_owned(), json!(stable_uuid(tenant))),
            ]);
            (sub.to_owned(), User { claims, disabled: false })
        };
        Self(people.into_iter().map(user).collect())
    }

    /// Someone who exists and may sign in.
    pub(crate) fn active(&self, subject: &str) -> Option<&User> {
        self.0.get(subject).filter(|user| !user.disabled)
    }

    /// The subject that a login hint means: itself, an e-mail address or a user name.
    pub(crate) fn named(&self, hint: &str) -> Option<&str> {
        let is = |user: &User, claim: &str| user.claims.get(claim).and_then(Value::as_str) == Some(hint);
        let means = |user: &User| is(user, "email") || is(user, "preferred_username");
        self.0.iter().find(|(sub, user)| *sub == hint || means(user)).map(|(sub, _)| sub.as_str())
    }
}

/// The same text gives the same UUID, so that ids survive a reset (RFC 9562 section 5.8, version 8).
fn stable_uuid(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_finds_people_by_any_of_their_names() {
        let users = Users::of_tenant("t1");
        for hint in ["alice", "alice@t1.example"] {
            assert_eq!(users.named(hint), Some("alice"));
        }
        assert_eq!(users.named("mallory"), None);
    }

    #[test]
    fn object_ids_are_stable_and_differ_between_tenants() {
        let oid = |tenant| Users::of_tenant(tenant).0["alice"].claims["oid"].clone();
        assert_eq!(oid("t1"), oid("t1"));
        assert_ne!(oid("t1"), oid("t2"));
    }
}
