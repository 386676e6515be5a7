//! The identity headers that apps get: the `X-Auth-Request-*` profile.

use std::borrow::Cow;

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
        clean(&identity.subject),
        text(identity.email.as_deref()),
        text(identity.preferred_username.as_deref()),
        groups.into(),
        if truncated { "true" } else { "" }.into(),
    ];
    NAMES.into_iter().zip(values).map(|(name, value)| {
        // What `clean` leaves is always a value; should it not be, the header is blank rather than missing.
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static(""));
        (HeaderName::from_static(name), value)
    })
}

fn text(text: Option<&str>) -> Cow<'_, str> {
    clean(text.filter(|text| text.len() <= LONGEST_TEXT_BYTES).unwrap_or_default())
}

/// UTF-8 without control characters, as peers send it.
fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        text.chars().filter(|c| !c.is_control()).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The groups, joined by commas. A comma within a name is percent-encoded, so that no name makes two.
fn groups(groups: &[String]) -> (String, bool) {
    let mut joined = String::new();
    for group in groups {
        let mut group = clean(group);
        if group.contains(['%', ',']) {
            group = group.replace('%', "%25").replace(',', "%2C").into();
        }
        if joined.len() + group.len() + 1 > GROUPS_BUDGET_BYTES {
            return (joined, true);
        }
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&group);
    }
    (joined, false)
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
            let several = identity.groups.iter().filter(|group| !clean(group).is_empty()).count();
            prop_assert!(joined.split(|byte| *byte == b',').filter(|name| !name.is_empty()).count() <= several);
        }
    }

    #[test]
    fn no_group_name_passes_for_two() {
        let names = ["staff".to_owned(), "a,admins".to_owned(), "b\r\nc".to_owned()];
        assert_eq!(groups(&names), ("staff,a%2Cadmins,bc".to_owned(), false));
    }

    #[test]
    fn too_many_groups_are_cut_and_said_to_be() {
        let names: Vec<String> = (0..1000).map(|n| format!("group-{n}")).collect();
        let (joined, truncated) = groups(&names);
        assert!(truncated && joined.len() <= GROUPS_BUDGET_BYTES && !joined.ends_with(','));
    }
}
