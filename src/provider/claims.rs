//! From verified claims to an [`Identity`]: made here only, out of a [`VerifiedIdToken`].

use std::time::Duration;

use serde_json::{Map, Value};

use super::settings::{ClaimNames, Settings};
use crate::oidc::id_token::VerifiedIdToken;
use crate::session::identity::{Identity, TenantUser};

/// More groups than this are cut off: identity headers have a budget.
const MOST_GROUPS: usize = 500;

/// The identity that an ID token asserts, with what userinfo adds to it.
#[must_use]
pub fn identity(
    settings: &Settings,
    token: &VerifiedIdToken,
    userinfo: Option<&Map<String, Value>>,
) -> Identity {
    let bare = Identity {
        provider: settings.id.clone(),
        issuer: token.issuer().to_owned(),
        subject: token.subject().to_owned(),
        tenant: token.tenant().map(|tenant| TenantUser {
            tenant: tenant.to_owned(),
            object: token.object().map(str::to_owned),
        }),
        idp_session: token.idp_session().map(str::to_owned),
        authenticated_at: token.authenticated_at(),
        email: None,
        preferred_username: None,
        name: None,
        groups: Vec::new(),
    };
    let described = described(&settings.claims, bare, token.claims());
    match userinfo {
        Some(userinfo) => self::described(&settings.claims, described, userinfo),
        None => described,
    }
}

/// `identity` with the descriptive claims that are in `claims`; what is not there stays as it is.
#[must_use]
pub fn described(names: &ClaimNames, identity: Identity, claims: &Map<String, Value>) -> Identity {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    Identity {
        email: text(&names.email).or(identity.email),
        preferred_username: text(&names.preferred_username).or(identity.preferred_username),
        name: text(&names.name).or(identity.name),
        groups: claims.get(&names.groups).map_or(identity.groups, groups),
        ..identity
    }
}

fn groups(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => {
            many.iter().filter_map(Value::as_str).take(MOST_GROUPS).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The policy check interval that the IdP asks for, if it does. Zero or nonsense asks for nothing.
#[must_use]
pub fn policy_check_interval(names: &ClaimNames, claims: &Map<String, Value>) -> Option<Duration> {
    let seconds = names.policy_check_interval.iter().find_map(|name| claims.get(name))?;
    // Entra sends some numbers as text.
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok())?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn interval(claims: Value) -> Option<u64> {
        policy_check_interval(&ClaimNames::default(), claims.as_object().unwrap()).map(|span| span.as_secs())
    }

    #[test]
    fn the_idp_can_ask_for_a_shorter_interval_in_seconds() {
        assert_eq!(interval(json!({"xms_pci": 1800})), Some(1800));
        assert_eq!(interval(json!({"pci": "900"})), Some(900));
        for nonsense in
            [json!({}), json!({"pci": 0}), json!({"pci": -5}), json!({"pci": "soon"}), json!({"pci": [1]})]
        {
            assert_eq!(interval(nonsense), None);
        }
    }

    #[test]
    fn groups_are_a_list_or_one_text() {
        assert_eq!(groups(&json!(["a", 1, "b"])), ["a", "b"]);
        assert_eq!(groups(&json!("a")), ["a"]);
        assert!(groups(&json!({"a": 1})).is_empty());
    }
}
