//! The sign-out request, and the clean-up that an IdP asks for by way of the browser (WS-Federation 1.2 section 13.2.4).

use url::Url;

/// Where the browser goes so that the IdP ends its session too: `wsignout1.0`. `wtrealm` is no part of it there, but AD FS wants to
/// know who asks before it sends people back to `reply`.
#[must_use]
pub fn url(endpoint: &Url, realm: &str, reply: &str) -> Url {
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("wa", "wsignout1.0")
        .append_pair("wtrealm", realm)
        .append_pair("wreply", reply);
    url
}

/// Does the IdP say, by this query, that the session is over? `wreply` and everything else beside it is ignored. IdPs that know
/// only one of the two actions send `wsignout1.0`.
#[must_use]
pub fn is_clean_up(query: &str) -> bool {
    let mut actions = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "wa");
    let is_one = actions.next().is_some_and(|(_, wa)| wa == "wsignoutcleanup1.0" || wa == "wsignout1.0");
    is_one && actions.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_out_says_who_asks_and_where_to_go_after() {
        let endpoint = Url::parse("https://adfs.example/adfs/ls/").unwrap();
        assert_eq!(
            url(&endpoint, "urn:r", "https://app.example/out").as_str(),
            "https://adfs.example/adfs/ls/?wa=wsignout1.0&wtrealm=urn%3Ar&wreply=https%3A%2F%2Fapp.example%2Fout"
        );
    }

    #[test]
    fn a_clean_up_is_one_action() {
        for good in
            ["wa=wsignoutcleanup1.0", "wreply=https%3A%2F%2Fevil&wa=wsignoutcleanup1.0", "wa=wsignout1.0"]
        {
            assert!(is_clean_up(good), "{good}");
        }
        for bad in ["", "wa=wsignin1.0", "wa=WSIGNOUTCLEANUP1.0", "wa=wsignoutcleanup1.0&wa=wsignin1.0"] {
            assert!(!is_clean_up(bad), "{bad}");
        }
    }
}
