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

/// What a text may take. A longer one is not known, rather than cut: a part of a mail address may be somebody else's.
const LONGEST_TEXT_BYTES: usize = 1024;

/// Every header of the profile with its value, empty where it is unknown.
pub fn headers(identity: &Identity) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let (groups, truncated) = groups(&identity.groups);
    let values = [
        value(fit(&identity.subject)),
        value(fit(identity.email.as_deref().unwrap_or_default())),
        value(fit(identity.preferred_username.as_deref().unwrap_or_default())),
        value(&groups),
        HeaderValue::from_static(if truncated || identity.groups_truncated { "true" } else { "" }),
    ];
    NAMES.map(HeaderName::from_static).into_iter().zip(values)
}

/// What is fit is always a value; should it not be, the header is blank rather than missing.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

/// UTF-8, as peers send it; nothing where there is a control character, blanks around it, or too much: no header can carry it, and
/// without it, it would be another name, perhaps somebody's.
fn fit(text: &str) -> &str {
    let is_kept = text.trim() == text && !text.contains(char::is_control) && text.len() <= LONGEST_TEXT_BYTES;
    if is_kept { text } else { "" }
}

/// The groups, joined by commas, and whether there are more. A comma within a name is percent-encoded, so that no name
/// makes two.
fn groups(groups: &[String]) -> (String, bool) {
    let (mut joined, mut truncated) = (String::new(), false);
    for group in groups {
        let group = fit(group);
        if group.is_empty() {
            truncated = true;
            continue;
        }
        let before = joined.len();
        if before > 0 {
            joined.push(',');
        }
        for part in group.split_inclusive(['%', ',']) {
            match (part.strip_suffix('%'), part.strip_suffix(',')) {
                (Some(plain), _) => joined.extend([plain, "%25"]),
                (_, Some(plain)) => joined.extend([plain, "%2C"]),
                _ => joined.push_str(part),
            }
        }
        if joined.len() > GROUPS_BUDGET_BYTES {
            joined.truncate(before);
            return (joined, true);
        }
    }
    (joined, truncated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn pxy_13_no_claim_breaks_out_of_its_header_nor_fills_the_proxys_buffer(
            subject in ".{1,60}",
            email in prop::option::of(prop_oneof![any::<String>(), "[a-z]{0,9}".prop_map(|part| part.repeat(8000))]),
            name in prop::option::of("[\\r\\n\\x00,;: a-zé\u{7f}\u{85}]{0,40}"),
            groups in prop::collection::vec(any::<String>(), 0..100),
        ) {
            let identity = Identity {
                provider: "idp".parse().unwrap(),
                issuer: "https://idp.example".into(),
                subject,
                tenant: None,
                idp_session: None,
                authenticated_at: None,
                email,
                preferred_username: name,
                name: None,
                groups,
                groups_truncated: false,
            };
            let headers: Vec<_> = headers(&identity).collect();
            prop_assert_eq!(headers.len(), NAMES.len());
            let mut size = 0;
            for (name, value) in &headers {
                size += name.as_str().len() + value.len() + 4;
                prop_assert!(!value.as_bytes().iter().any(|byte| byte.is_ascii_control()), "{:?}", value);
            }
            prop_assert!(size <= 8 * 1024, "{} bytes", size);
            let joined = headers[3].1.as_bytes();
            let several = identity.groups.iter().filter(|group| !fit(group).is_empty()).count();
            prop_assert!(joined.split(|byte| *byte == b',').filter(|name| !name.is_empty()).count() <= several);
        }
    }

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
