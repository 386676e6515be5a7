//! Where to go after a sign-in: a URL that is proved to be ours. The guard against open redirects.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use super::origin::Origin;

/// A longer return address loses its query, so that the sealed transaction stays within 1.5 KB.
const MAX_LEN: usize = 700;

/// A URL on one of the environment's own origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(Url);

impl ReturnTo {
    /// Reads an untrusted address: a path on `own`, or a URL on one of `allowed`.
    ///
    /// Whatever is not exactly that, or lies under the gateway's own `prefix`, becomes the front page of `own`; it is
    /// never repaired. The browser's own parser (WHATWG) judges, and what was judged is what is used.
    #[must_use]
    pub fn parse(untrusted: &str, own: &Origin, allowed: &[Origin], prefix: &str) -> Self {
        Self::judge(untrusted, own, allowed, prefix).unwrap_or_else(|| Self::front_page(own))
    }

    /// The front page of an origin.
    ///
    /// # Panics
    ///
    /// Never: an origin is a valid URL.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an Origin came out of a URL and goes back into one")]
    pub fn front_page(own: &Origin) -> Self {
        Self(Url::parse(&own.to_string()).expect("an origin is a URL"))
    }

    /// A page of the gateway's own on an origin; `path` is known to be one.
    ///
    /// # Panics
    ///
    /// Never: an origin with a fixed path is a URL.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an origin with a fixed path is a URL")]
    pub fn own_page(own: &Origin, path: &'static str) -> Self {
        Self(Url::parse(&format!("{own}{path}")).expect("an origin with a fixed path is a URL"))
    }

    fn judge(untrusted: &str, own: &Origin, allowed: &[Origin], prefix: &str) -> Option<Self> {
        // What browsers strip or turn into slashes has no place in an address that somebody means well.
        let suspicious = |c: char| c.is_control() || c == '\\' || c.is_whitespace();
        if untrusted.is_empty() || untrusted.len() > 8192 || untrusted.contains(suspicious) {
            return None;
        }
        let mut url = match untrusted.strip_prefix('/') {
            Some(path) if path.starts_with('/') => return None,
            Some(_) => Self::front_page(own).0.join(untrusted).ok()?,
            None if untrusted.starts_with("https://") || untrusted.starts_with("http://") => {
                Url::parse(untrusted).ok()?
            }
            None => return None,
        };
        let origin = Origin::of(&url)?;
        let is_ours = origin == *own || allowed.contains(&origin);
        if !is_ours || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        // Routers decode a path before they look where it leads.
        let path = percent_decode_str(url.path()).decode_utf8_lossy();
        if path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return None;
        }
        url.set_fragment(None);
        if url.as_str().len() > MAX_LEN {
            url.set_query(None);
        }
        (url.as_str().len() <= MAX_LEN).then_some(Self(url))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(untrusted: &str) -> String {
        let own: Origin = "app.example.com".parse().unwrap();
        let other: Origin = "two.example.com".parse().unwrap();
        ReturnTo::parse(untrusted, &own, &[other], "/_hourgate").to_string()
    }

    #[test]
    fn our_own_addresses_are_kept() {
        assert_eq!(parse("/a/b?c=d&e=/f"), "https://app.example.com/a/b?c=d&e=/f");
        assert_eq!(parse("https://app.example.com/x"), "https://app.example.com/x");
        assert_eq!(parse("https://two.example.com/x#frag"), "https://two.example.com/x");
    }

    #[test]
    fn aut_16_whatever_is_not_ours_becomes_the_front_page() {
        let long = format!("/{}", "a".repeat(65_536));
        for hostile in [
            "//evil.com",
            "///evil.com",
            "/\\evil.com",
            "\\/evil.com",
            "\\\\evil.com",
            "https:evil.com",
            "https:/evil.com",
            "https:///evil.com",
            "/\t/evil.com",
            "/%09//evil.com\r\nSet-Cookie: a=b",
            "https://evil.com",
            "https://app.example.com@evil.com",
            "https://user@app.example.com/",
            "https://evil-app.example.com",
            "https://app.example.com.evil.com",
            "https://example.com",
            "http://app.example.com/",
            "https://app.example.com:8443/",
            "javascript:alert(1)",
            "data:text/html,x",
            "JaVaScRiPt:alert(1)",
            "ftp://app.example.com/",
            "//app.example.com",
            "https://аpp.example.com/",
            "",
            " /a",
            "/a b",
            "/_hourgate/signout",
            "/_hourgate",
            "/x/../_hourgate/start",
            "/%5f/../_hourgate/x",
            "/%5fhourgate/signout",
            "/%5Fho%75rgate",
            &long,
            "evil.com",
            "?rd=x",
            "#x",
            "https://app.example.com\u{2028}/",
        ] {
            assert_eq!(parse(hostile), "https://app.example.com/", "{hostile:?}");
        }
    }

    #[test]
    fn a_long_address_loses_its_query_and_only_that() {
        assert_eq!(parse(&format!("/report?q={}", "x".repeat(2000))), "https://app.example.com/report");
    }

    proptest! {
        #[test]
        fn aut_16_no_text_leads_anywhere_else(text in "\\PC{0,80}", lead in prop::sample::select(vec!["", "/", "//", "https://", "/\\", "https:/"])) {
            let to = parse(&format!("{lead}{text}"));
            prop_assert!(to.starts_with("https://app.example.com/") || to.starts_with("https://two.example.com/"), "{}", to);
        }
    }
}
