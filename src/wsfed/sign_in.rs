//! The sign-in request and the form that comes back (WS-Federation 1.2 sections 13.2 and 13.6).

use url::Url;

use crate::time::Timestamp;

/// A request to sign somebody in.
#[derive(Clone, Copy, Debug)]
pub struct SignInRequest<'a> {
    /// The IdP's passive endpoint.
    pub endpoint: &'a Url,
    /// `wtrealm`: what the IdP calls the gateway; the audience of the token.
    pub realm: &'a str,
    /// `wreply`: where the token is posted to.
    pub reply: &'a str,
    /// `wctx`: comes back as it was.
    pub context: &'a str,
    /// `wfresh=0`: the person must enter credentials, whatever the IdP remembers.
    pub wants_credentials: bool,
    /// `wauth`: how the person must sign in, as the IdP calls it.
    pub method: Option<&'a str>,
    /// `whr`: the organisation where the person has an account.
    pub home_realm: Option<&'a str>,
    /// `username`: who is expected. No part of the specification; AD FS and Entra fill it in.
    pub user_name: Option<&'a str>,
}

impl SignInRequest<'_> {
    /// Where the browser goes. `wct` tells the IdP when this was.
    #[must_use]
    pub fn url(&self, now: Timestamp) -> Url {
        let mut url = self.endpoint.clone();
        let optional = [
            ("wfresh", self.wants_credentials.then_some("0")),
            ("wauth", self.method),
            ("whr", self.home_realm),
            ("username", self.user_name),
        ];
        url.query_pairs_mut()
            .append_pair("wa", "wsignin1.0")
            .append_pair("wtrealm", self.realm)
            .append_pair("wreply", self.reply)
            .append_pair("wctx", self.context)
            .append_pair("wct", &Timestamp::from_secs(now.as_secs()).to_string())
            .extend_pairs(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        url
    }
}

/// What was posted in answer, of which nothing is proved.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedSignInResponse {
    /// `wctx`, as it was sent. Nobody signs it.
    pub wctx: String,
    /// `wresult`: the token in its wrapping.
    pub wresult: String,
}

/// Why a form is no answer to a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum FormError {
    #[error("{0} is given twice")]
    Twice(&'static str),
    #[error("wa is not wsignin1.0")]
    NotASignIn,
    #[error(
        "there is no wctx: the gateway asked for nothing, or the identity provider does not return what it was given"
    )]
    NoContext,
    #[error("there is no wresult")]
    NoResult,
    #[error(
        "it points to the token (wresultptr) instead of bringing it; the gateway fetches nothing that strangers name"
    )]
    ByPointer,
}

impl FormError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoContext => "no_pending",
            Self::ByPointer => "wresultptr",
            Self::Twice(_) | Self::NotASignIn | Self::NoResult => "malformed_response",
        }
    }
}

impl UnverifiedSignInResponse {
    /// Reads a form (`application/x-www-form-urlencoded`). Parameters of other names are ignored.
    ///
    /// # Errors
    ///
    /// [`FormError`].
    pub fn parse(form: &str) -> Result<Self, FormError> {
        let (mut wa, mut wctx, mut wresult) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
            let (place, name) = match name.as_ref() {
                "wa" => (&mut wa, "wa"),
                "wctx" => (&mut wctx, "wctx"),
                "wresult" => (&mut wresult, "wresult"),
                "wresultptr" => return Err(FormError::ByPointer),
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(FormError::Twice(name));
            }
        }
        if wa.as_deref() != Some("wsignin1.0") {
            return Err(FormError::NotASignIn);
        }
        Ok(Self {
            wctx: wctx.filter(|wctx| !wctx.is_empty()).ok_or(FormError::NoContext)?.into_owned(),
            wresult: wresult.ok_or(FormError::NoResult)?.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_who_asks_where_to_answer_and_when_it_was() {
        let endpoint = Url::parse("https://adfs.example/adfs/ls/?tenant=1").unwrap();
        let request = SignInRequest {
            endpoint: &endpoint,
            realm: "urn:hourgate:prod",
            reply: "https://app.example/_hourgate/wsfed/adfs",
            context: "a+b",
            wants_credentials: true,
            method: None,
            home_realm: Some("partner.example"),
            user_name: None,
        };
        assert_eq!(
            request.url(Timestamp::from_millis(1_790_000_000_123)).as_str(),
            "https://adfs.example/adfs/ls/?tenant=1&wa=wsignin1.0&wtrealm=urn%3Ahourgate%3Aprod\
             &wreply=https%3A%2F%2Fapp.example%2F_hourgate%2Fwsfed%2Fadfs&wctx=a%2Bb&wct=2026-09-21T14%3A13%3A20Z\
             &wfresh=0&whr=partner.example"
        );
    }

    #[test]
    fn an_answer_has_each_of_its_parameters_once() {
        let parse = |form| UnverifiedSignInResponse::parse(form).err();
        let good = "wa=wsignin1.0&wresult=%3Ct%3E&wctx=c&other=1&other=2";
        let response = UnverifiedSignInResponse::parse(good).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((response.wctx.as_str(), response.wresult.as_str()), ("c", "<t>"));
        assert_eq!(parse("wa=wsignin1.0&wa=wsignin1.0&wresult=t&wctx=c"), Some(FormError::Twice("wa")));
        assert_eq!(parse("wa=wsignin1.0&wresult=t&wresult=t&wctx=c"), Some(FormError::Twice("wresult")));
        assert_eq!(parse("wa=wsignin1.0&wresult=t&wctx=c&wctx=d"), Some(FormError::Twice("wctx")));
        assert_eq!(parse("wa=wsignout1.0&wresult=t&wctx=c"), Some(FormError::NotASignIn));
        assert_eq!(parse("wresult=t&wctx=c"), Some(FormError::NotASignIn));
        assert_eq!(parse("wa=wsignin1.0&wresult=t"), Some(FormError::NoContext));
        assert_eq!(parse("wa=wsignin1.0&wresult=t&wctx="), Some(FormError::NoContext));
        assert_eq!(parse("wa=wsignin1.0&wctx=c"), Some(FormError::NoResult));
        assert_eq!(parse("wa=wsignin1.0&wctx=c&wresultptr=http://x"), Some(FormError::ByPointer));
    }
}
