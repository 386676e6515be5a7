//! From verified claims to an [`Identity`]: made here only, out of a [`VerifiedIdToken`].

use std::time::Duration;

use serde_json::{Map, Value};

use super::settings::{ClaimNames, Settings};
use crate::oidc::id_token::VerifiedIdToken;
use crate::session::identity::{Identity, TenantUser};

/// More groups than this are cut off, and said to be: identity headers have a budget.
pub(super) const MOST_GROUPS: usize = 500;

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
        groups_truncated: false,
    };
    let described = described(settings, bare, token.claims());
    match userinfo {
        Some(userinfo) => self::described(settings, described, userinfo),
        None => described,
    }
}

/// `identity` with the descriptive claims that are in `claims`; what is not there stays as it is.
#[must_use]
pub fn described(settings: &Settings, identity: Identity, claims: &Map<String, Value>) -> Identity {
    let names = &settings.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let (groups, groups_truncated) =
        groups(names, claims).unwrap_or((identity.groups, identity.groups_truncated));
    Identity {
        email: match claims.get(&names.email) {
            Some(claim) => email(settings, claim, claims.get("email_verified")),
            None => identity.email,
        },
        preferred_username: text(&names.preferred_username).or(identity.preferred_username),
        name: text(&names.name).or(identity.name),
        groups,
        groups_truncated,
        ..identity
    }
}

/// An e-mail address that apps may be told: one address, and none that the IdP says it did not verify (TOK-15). Nothing here
/// decides by it, but apps do.
fn email(settings: &Settings, claim: &Value, verified: Option<&Value>) -> Option<String> {
    let address = claim.as_str()?;
    // `email_verified` is about `email`, whatever claim the address is taken from. Some IdPs send it as text.
    let is_denied = settings.claims.email == "email"
        && verified.is_some_and(|verified| *verified == false || *verified == "false");
    (one_address(address) && (!is_denied || settings.unverified_email)).then(|| address.to_owned())
}

/// Is it one address, and nothing else?
pub(super) fn one_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(char::is_control)
    })
}

/// The groups, and whether there are more than these; `None` where nothing is said of groups. Entra names an endpoint
/// instead of groups where they are too many for a token (TOK-17): that is "more than none", never "none".
fn groups(names: &ClaimNames, claims: &Map<String, Value>) -> Option<(Vec<String>, bool)> {
    match claims.get(&names.groups) {
        Some(Value::String(one)) => Some((vec![one.clone()], false)),
        Some(Value::Array(many)) => {
            let mut texts = many.iter().filter_map(Value::as_str).map(str::to_owned);
            Some((texts.by_ref().take(MOST_GROUPS).collect(), texts.next().is_some()))
        }
        Some(_) => Some((Vec::new(), false)),
        None => {
            let elsewhere =
                claims.get("_claim_names").is_some_and(|names_of| names_of.get(&names.groups).is_some());
            let overage =
                elsewhere || claims.get("hasgroups").is_some_and(|has| *has == true || *has == "true");
            overage.then(|| (Vec::new(), true))
        }
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

    fn groups_of(claims: Value) -> Option<(Vec<String>, bool)> {
        groups(&ClaimNames::default(), claims.as_object().unwrap())
    }

    #[test]
    fn groups_are_a_list_or_one_text() {
        assert_eq!(groups_of(json!({"groups": ["a", 1, "b"]})), Some((vec!["a".into(), "b".into()], false)));
        assert_eq!(groups_of(json!({"groups": "a"})), Some((vec!["a".into()], false)));
        assert_eq!(groups_of(json!({"groups": {"a": 1}})), Some((Vec::new(), false)));
        assert_eq!(groups_of(json!({})), None);
    }

    #[test]
    fn tok_17_groups_that_are_elsewhere_are_never_taken_for_no_groups() {
        let entra = json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}});
        for claims in [entra, json!({"hasgroups": true}), json!({"hasgroups": "true"})] {
            assert_eq!(groups_of(claims), Some((Vec::new(), true)));
        }
        let many: Vec<String> = (0..=MOST_GROUPS).map(|n| format!("g{n}")).collect();
        let (kept, truncated) = groups_of(json!({ "groups": many })).unwrap();
        assert_eq!((kept.len(), truncated), (MOST_GROUPS, true));
    }
}
