//! Who may use an environment's apps, of those who can sign in: groups, claims and mail domains, judged at each proof.

use serde_json::{Map, Value};

use crate::session::identity::Identity;
use crate::session::judged::Denial;

/// The rules of an environment. Without any, everybody who can sign in may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRules {
    /// All of these must hold…
    pub all: Vec<Condition>,
    /// …and one of these, if there are any.
    pub any: Vec<Condition>,
}

/// One condition, as it is written: `group:staff`, `claim:department=sales`, `email_domain:example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The person is in a group of this very name or id.
    Group(String),
    /// A claim has this value, or is a list with it. Numbers and booleans are compared as they are written in JSON.
    Claim {
        /// The claim.
        name: String,
        /// Its value.
        value: String,
    },
    /// The mail address is of this very domain; a subdomain is another.
    EmailDomain(String),
}

/// A condition that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no condition; write group:<name>, claim:<name>=<value> or email_domain:<domain>")]
pub struct NoCondition;

impl std::str::FromStr for Condition {
    type Err = NoCondition;

    fn from_str(text: &str) -> Result<Self, NoCondition> {
        let (kind, rest) = text.split_once(':').ok_or(NoCondition)?;
        let rest = rest.trim();
        match (kind.trim(), rest.split_once('=')) {
            ("group", _) if !rest.is_empty() => Ok(Self::Group(rest.to_owned())),
            ("claim", Some((name, value))) if !name.trim().is_empty() => {
                Ok(Self::Claim { name: name.trim().to_owned(), value: value.trim().to_owned() })
            }
            // A domain with an `@` would be one that no address has.
            ("email_domain", _) if !rest.is_empty() && !rest.contains(['@', ' ', '*']) => {
                Ok(Self::EmailDomain(rest.to_ascii_lowercase()))
            }
            _ => Err(NoCondition),
        }
    }
}

impl AccessRules {
    /// May this person in?
    ///
    /// # Errors
    ///
    /// [`Denial`]: why not.
    pub fn judge(&self, identity: &Identity, claims: &Map<String, Value>) -> Result<(), Denial> {
        let holds = |condition: &Condition| condition.holds(identity, claims);
        let is_met = self.all.iter().all(holds) && (self.any.is_empty() || self.any.iter().any(holds));
        if is_met {
            return Ok(());
        }
        let asks_for_groups =
            self.all.iter().chain(&self.any).any(|condition| matches!(condition, Condition::Group(_)));
        let more = identity.groups_truncated && asks_for_groups;
        Err(if more { Denial::GroupsNotTold } else { Denial::NotMet })
    }
}

impl Condition {
    fn holds(&self, identity: &Identity, claims: &Map<String, Value>) -> bool {
        match self {
            Self::Group(name) => identity.groups.contains(name),
            Self::Claim { name, value } => claims.get(name).is_some_and(|claim| match claim {
                Value::Array(values) => values.iter().any(|one| is_written(one, value)),
                one => is_written(one, value),
            }),
            // Some IdPs send it as text.
            Self::EmailDomain(_)
                if claims.get("email_verified").is_some_and(|said| *said == false || *said == "false") =>
            {
                false
            }
            Self::EmailDomain(domain) => identity
                .email
                .as_deref()
                .and_then(domain_of)
                .is_some_and(|own| own.eq_ignore_ascii_case(domain)),
        }
    }
}

fn is_written(claim: &Value, text: &str) -> bool {
    match claim {
        Value::String(claim) => claim == text,
        Value::Number(number) => number.to_string() == text,
        Value::Bool(flag) => flag.to_string() == text,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The domain of an address that has one `@`, and something before it.
fn domain_of(address: &str) -> Option<&str> {
    let (local, domain) = address.split_once('@')?;
    (!local.is_empty() && !domain.contains('@')).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;
    use serde_json::json;

    fn person(email: Option<&str>, groups: &[&str]) -> Identity {
        Identity {
            email: email.map(str::to_owned),
            groups: groups.iter().map(ToString::to_string).collect(),
            ..Session::sample().identity
        }
    }

    fn rules(all: &[&str], any: &[&str]) -> AccessRules {
        let read = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        AccessRules { all: read(all), any: read(any) }
    }

    fn may(rules: &AccessRules, person: &Identity) -> bool {
        let claims = json!({ "department": "sales", "roles": ["a", "b"], "level": 3, "mfa": true });
        rules.judge(person, claims.as_object().unwrap()).is_ok()
    }

    #[test]
    fn without_rules_everybody_may() {
        assert!(may(&AccessRules::default(), &person(None, &[])));
    }

    #[test]
    fn all_of_all_and_one_of_any() {
        let rules = rules(&["claim:department=sales", "claim:roles=b"], &["group:staff", "group:guests"]);
        assert!(may(&rules, &person(None, &["guests"])));
        assert!(!may(&rules, &person(None, &["others"])));
        assert!(!may(&self::rules(&["claim:department=it"], &["group:guests"]), &person(None, &["guests"])));
    }

    #[test]
    fn values_are_compared_whole_and_as_they_are_written() {
        for (condition, holds) in [
            ("claim:level=3", true),
            ("claim:level=3.0", false),
            ("claim:mfa=true", true),
            ("claim:department=sale", false),
            ("claim:department=Sales", false),
            ("claim:roles=a,b", false),
            ("claim:absent=", false),
            ("group:Staff", false),
        ] {
            assert_eq!(may(&rules(&[condition], &[]), &person(None, &["staff"])), holds, "{condition}");
        }
    }

    #[test]
    fn tok_15_a_mail_domain_is_the_whole_of_what_follows_the_only_at() {
        let rules = rules(&["email_domain:Example.com"], &[]);
        for (address, holds) in [
            (Some("alice@example.com"), true),
            (Some("alice@EXAMPLE.com"), true),
            (Some("alice@evil-example.com"), false),
            (Some("alice@sub.example.com"), false),
            (Some("alice@example.com.evil.org"), false),
            (Some("alice@evil.org@example.com"), false),
            (Some("\"a@b\"@example.com"), false),
            (Some("@example.com"), false),
            (Some("example.com"), false),
            (None, false),
        ] {
            assert_eq!(may(&rules, &person(address, &[])), holds, "{address:?}");
        }
    }

    #[test]
    fn tok_15_an_address_that_the_idp_has_not_verified_opens_nothing() {
        let rules = rules(&["email_domain:example.com"], &[]);
        for (said, holds) in [(json!(true), true), (json!(false), false), (json!("false"), false)] {
            let claims = json!({ "email_verified": said });
            let judged = rules.judge(&person(Some("a@example.com"), &[]), claims.as_object().unwrap());
            assert_eq!(judged.is_ok(), holds, "{said}");
        }
    }

    #[test]
    fn tok_17_groups_that_the_idp_does_not_tell_are_a_reason_of_their_own() {
        let overage = Identity { groups_truncated: true, ..person(None, &[]) };
        let judge = |rules: &AccessRules| rules.judge(&overage, &Map::new());
        assert_eq!(judge(&rules(&[], &["group:staff"])), Err(Denial::GroupsNotTold));
        assert_eq!(judge(&rules(&["claim:department=sales"], &[])), Err(Denial::NotMet));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in [
            "",
            "staff",
            "group:",
            "claim:department",
            "claim:=x",
            "email_domain:@a.b",
            "user:alice",
            "email_domain:*.a",
        ] {
            assert_eq!(text.parse::<Condition>(), Err(NoCondition), "{text}");
        }
    }
}
