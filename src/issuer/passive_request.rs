//! The sign-in request of a WS-Federation passive requestor (WS-Federation 1.2 sections 13.1 and 13.2.1).

use std::time::Duration;

use super::params::Params;
use crate::time::Timestamp;

/// The longest `wtrealm`, `wreply` and `wauth` that is read, in bytes.
const LONGEST: usize = 2048;
/// The longest `wctx`, in bytes.
const LONGEST_CONTEXT: usize = 8 * 1024;

/// What signing in with a password is called. A relying party that asks for it by one of these names is told that name.
const PASSWORD: [&str; 6] = [
    "urn:oasis:names:tc:SAML:1.0:am:password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
    "urn:ietf:rfc:2246",
    "urn:oasis:names:tc:SAML:1.0:am:unspecified",
];

/// A request that may be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRequest {
    /// The relying party: `wtrealm`.
    pub realm: String,
    /// Where the token is posted: `wreply`, or what the relying party is registered with.
    pub reply: String,
    /// To be returned as it is: `wctx`.
    pub context: Option<String>,
    /// How old the authentication may be: `wfresh`.
    pub freshness: Option<Duration>,
    /// How the person must sign in: `wauth`.
    pub method: Option<String>,
    /// Who the relying party thinks it is.
    pub login_hint: Option<String>,
}

impl SignInRequest {
    /// Reads a request. `reply_for(wtrealm, wreply)` says where the token may be posted, if anywhere.
    ///
    /// # Errors
    ///
    /// Why it is not answered. The browser then stays: WS-Federation has no error that a relying party is sent.
    pub fn parse(
        params: &Params,
        reply_for: impl Fn(&str, Option<&str>) -> Option<String>,
    ) -> Result<Self, &'static str> {
        if params.has_repeats() {
            return Err("a parameter was sent twice");
        }
        if params.get("wa") != Some("wsignin1.0") {
            return Err("this is no request to sign in");
        }
        if params.get("wreqptr").is_some() || params.get("wresultptr").is_some() {
            return Err("wreqptr is not followed; send what it points at, or leave it out");
        }
        let text = |name| params.get(name).map(str::to_owned);
        let realm = text("wtrealm").ok_or("wtrealm is missing")?;
        if ["wtrealm", "wreply", "wauth"]
            .iter()
            .any(|name| params.get(name).is_some_and(|it| it.len() > LONGEST))
        {
            return Err("wtrealm, wreply or wauth is longer than 2048 bytes");
        }
        if params.get("wctx").is_some_and(|context| context.len() > LONGEST_CONTEXT) {
            return Err("wctx is longer than 8 KiB");
        }
        let reply = reply_for(&realm, params.get("wreply"))
            .ok_or("wtrealm is not known here, or wreply is not where its tokens go")?;
        let freshness = match params.get("wfresh").map(str::parse::<u32>) {
            None => None,
            Some(Ok(minutes)) => Some(Duration::from_secs(u64::from(minutes) * 60)),
            Some(Err(_)) => return Err("wfresh is not a number of minutes"),
        };
        let method = text("wauth");
        Ok(Self { realm, reply, context: text("wctx"), freshness, method, login_hint: text("login_hint") })
    }

    /// Whether what is asked for as `wauth` can be had here: a password, by any of its names.
    #[must_use]
    pub fn method_is_known(&self) -> bool {
        self.method.as_deref().is_none_or(|method| PASSWORD.contains(&method))
    }

    /// Whether an authentication of that instant is fresh enough. `wfresh=0` means "now", even where the clock has not
    /// moved since.
    #[must_use]
    pub fn takes(&self, authenticated_at: Timestamp, now: Timestamp) -> bool {
        self.freshness.is_none_or(|limit| !limit.is_zero() && now.since(authenticated_at) <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<SignInRequest, &'static str> {
        let query = format!("wa=wsignin1.0&{query}");
        SignInRequest::parse(&Params::parse(query.as_bytes()), |realm, reply| {
            (realm == "urn:app").then(|| reply.unwrap_or("https://app/").to_owned())
        })
    }

    #[test]
    fn requests_of_real_relying_parties_are_read() {
        let passport = parse("wtrealm=urn%3Aapp&whr=").unwrap();
        assert_eq!((passport.reply.as_str(), passport.context), ("https://app/", None));
        let dynamics =
            "wtrealm=urn:app&wct=2026-01-01T00:00:00Z&wctx=rm%3D1%26id%3Dx%26ru%3D%252fa&wfresh=60";
        let dynamics = parse(dynamics).unwrap();
        assert_eq!(dynamics.context.as_deref(), Some("rm=1&id=x&ru=%2fa"));
        assert_eq!(dynamics.freshness, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn what_cannot_be_answered_says_why() {
        for (query, word) in [
            ("", "wtrealm"),
            ("wa=wsignout1.0&wtrealm=urn:app", "twice"),
            ("wtrealm=urn:other", "wtrealm"),
            ("wtrealm=urn:app&wtrealm=urn:app", "twice"),
            ("wtrealm=urn:app&wctx=a&wctx=b", "twice"),
            ("wtrealm=urn:app&wreqptr=http://a/", "wreqptr"),
            ("wtrealm=urn:app&wfresh=soon", "wfresh"),
            ("wtrealm=urn:app&wfresh=-1", "wfresh"),
            (&format!("wtrealm=urn:app&wctx={}", "c".repeat(LONGEST_CONTEXT + 1)), "wctx"),
            (&format!("wtrealm=urn:app&wreply={}", "c".repeat(LONGEST + 1)), "wreply"),
        ] {
            assert!(parse(query).unwrap_err().contains(word), "{query}");
        }
        let long = format!("wtrealm=urn:app&wctx={}", "c".repeat(LONGEST_CONTEXT));
        assert!(parse(&long).is_ok());
    }

    #[test]
    fn freshness_is_counted_in_minutes_and_zero_means_now() {
        let now = Timestamp::from_secs(10_000);
        let takes = |fresh: &str, age| {
            let request = parse(&format!("wtrealm=urn:app&wfresh={fresh}")).unwrap();
            request.takes(now.minus(Duration::from_secs(age)), now)
        };
        assert!(takes("", 9000) && takes("1", 60) && !takes("1", 61) && !takes("0", 0));
    }

    #[test]
    fn only_methods_that_can_be_had_are_promised() {
        let known =
            |method: &str| parse(&format!("wtrealm=urn:app&wauth={method}")).unwrap().method_is_known();
        assert!(known("") && known("urn:oasis:names:tc:SAML:1.0:am:password"));
        assert!(!known("http://schemas.microsoft.com/claims/multipleauthn"));
    }
}
