//! The identity headers that apps get: the `X-Auth-Request-*` profile.

use actix_web::http::header::{HeaderName, HeaderValue};

use crate::session::identity::Identity;

/// The names, all of which every 200 carries.
pub const NAMES: [&str; 5] = [
    "x-auth-request-user",
    "x-auth-request-email",
    "x-auth-request-preferred-username",
    "x-auth-request-groups",
    "x-auth-request-groups-truncated",
];

/// What all groups together may take: proxies have small header buffers.
const GROUPS_BUDGET_BYTES: usize = 3072;

/// Every header of the profile with its value, empty where it is unknown.
pub fn headers(identity: &Identity) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let (groups, truncated) = groups(&identity.groups);
    let values = [
        fit(&identity.subject).into(),
        fit(identity.email.as_deref().unwrap_or_default()).into(),
        fit(identity.preferred_username.as_deref().unwrap_or_default()).into(),
        groups,
        if truncated || identity.groups_truncated { "true" } else { "" }.into(),
    ];
    NAMES.into_iter().zip(values).map(|(name, value): (_, String)| {
        // What is fit is always a value; should it not be, the header is blank rather than missing.
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static(""));
        (HeaderName::from_static(name), value)
    })
}

/// UTF-8, as peers send it; nothing where there is a control character: no header can carry one, and without it, it would
/// be another name, perhaps somebody's.
fn fit(text: &str) -> &str {
    if text.contains(char::is_control) { "" } else { text }
}

/// The groups, joined by commas, and whether there are more. A comma within a name is percent-encoded, so that no name
/// makes two.
fn groups(groups: &[String]) -> (String, bool) {
    let (mut joined, mut truncated) = (String::new(), false);
    for group in groups {
        let group = fit(group).replace('%', "%25").replace(',', "%2C");
        if group.is_empty() {
            truncated = true;
            continue;
        }
        if joined.len() + group.len() + 1 > GROUPS_BUDGET_BYTES {
            return (joined, true);
        }
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&group);
    }
    (joined, truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_group_name_passes_for_two() {
        let names = ["staff", "a,admins", "50%"].map(String::from);
        assert_eq!(groups(&names), ("staff,a%2Cadmins,50%25".to_owned(), false));
    }

    #[test]
    fn tok_15_a_name_that_no_header_can_carry_never_becomes_another_one() {
        assert_eq!((fit("adm\u{0}in"), fit("admin\r\n"), fit("Ådmin")), ("", "", "Ådmin"));
        let names = ["staff", "adm\u{7f}ins", "b"].map(String::from);
        assert_eq!(groups(&names), ("staff,b".to_owned(), true), "and it is said that there are more");
    }

    #[test]
    fn too_many_groups_are_cut_and_said_to_be() {
        let names: Vec<String> = (0..1000).map(|n| format!("group-{n}")).collect();
        let (joined, truncated) = groups(&names);
        assert!(truncated && joined.len() <= GROUPS_BUDGET_BYTES && !joined.ends_with(','));
    }
}
