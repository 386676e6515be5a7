//! Clients: who they are, and where the browser may be sent for them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::client_assertion::{self, ClientKeys};
use super::error::{ErrorCode, OAuthError};
use super::params::Params;

/// What a client was registered to prove itself with.
#[derive(Clone, Debug)]
pub enum Registered {
    /// A secret: `client_secret_basic` or `client_secret_post`.
    Secret(SecretString),
    /// Public keys: `private_key_jwt`.
    Keys(ClientKeys),
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it proves itself with…
    pub proof: Registered,
    /// Where the browser may return after a sign-in; none listed means none allowed.
    pub redirect_uris: Vec<String>,
    /// Where the browser may return after a sign-out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it takes logout tokens (Back-Channel Logout section 2.2).
    pub backchannel_logout_uri: Option<String>,
    /// What its sign-out is in a browser (Front-Channel Logout section 2).
    pub frontchannel_logout_uri: Option<String>,
    /// It wants `iss` and `sid` there. Logout tokens always have both `sub` and `sid`.
    pub frontchannel_logout_session_required: bool,
}

impl Client {
    /// Byte for byte, without any normalisation (OIDC Core section 3.1.2.1).
    #[must_use]
    pub fn allows_redirect(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|allowed| allowed == uri)
    }

    /// Byte for byte, without any normalisation (RP-Initiated Logout section 3).
    #[must_use]
    pub fn allows_post_logout_redirect(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|allowed| allowed == uri)
    }
}

/// Compares in constant time.
#[must_use]
pub fn same_secret(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

/// What a client presents of itself (OIDC Core section 9).
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Its id; only said, not proved.
    pub client_id: String,
    /// What is to prove it.
    pub proof: Presented,
}

/// What is to prove a client.
#[derive(Clone, Debug)]
pub enum Presented {
    /// `client_secret_basic` or `client_secret_post`; not empty.
    Secret(SecretString),
    /// `private_key_jwt`.
    Assertion(SecretString),
}

impl Credentials {
    /// Reads them from the `Authorization` header or from the body, never in two ways at once.
    ///
    /// # Errors
    ///
    /// `invalid_client` where there are none or they are malformed, `invalid_request` where there are two.
    pub fn read(authorization: Option<&str>, body: &Params) -> Result<Self, OAuthError> {
        let missing = OAuthError::new(ErrorCode::InvalidClient, "the client did not authenticate");
        let (secret, assertion) = (body.get("client_secret"), body.get("client_assertion"));
        if [authorization, secret, assertion].iter().flatten().count() > 1 {
            return Err(OAuthError::invalid_request("the client authenticated in two ways at once"));
        }
        if let Some(assertion) = assertion {
            return Self::from_assertion(assertion, body);
        }
        let Some(header) = authorization else {
            let (id, secret) = body.get("client_id").zip(secret).ok_or(missing)?;
            return Ok(Self { client_id: id.to_owned(), proof: Presented::Secret(secret.into()) });
        };
        let malformed = OAuthError::new(ErrorCode::InvalidClient, "the Authorization header is not Basic");
        let credentials = Self::from_basic(header).ok_or(malformed)?;
        match body.get("client_id") {
            Some(other) if other != credentials.client_id => {
                Err(OAuthError::invalid_request("header and body name different clients"))
            }
            _ => Ok(credentials),
        }
    }

    /// RFC 7521 section 4.2: whom it speaks of is the client, which may be named beside it.
    fn from_assertion(assertion: &str, body: &Params) -> Result<Self, OAuthError> {
        if body.get("client_assertion_type") != Some(client_assertion::TYPE) {
            return Err(OAuthError::invalid_request("client_assertion_type is not jwt-bearer"));
        }
        let malformed = OAuthError::new(ErrorCode::InvalidClient, "the assertion is no JWT with a sub");
        let client_id = client_assertion::named_client(assertion).ok_or(malformed)?;
        match body.get("client_id") {
            Some(other) if other != client_id => {
                Err(OAuthError::invalid_request("assertion and body name different clients"))
            }
            _ => Ok(Self { client_id, proof: Presented::Assertion(assertion.into()) }),
        }
    }

    /// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
    fn from_basic(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
        let pair = String::from_utf8(decoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let (id, secret) = pair.split_once(':')?;
        let (client_id, secret) = (form_decode(id), form_decode(secret));
        (!client_id.is_empty() && !secret.is_empty())
            .then(|| Self { client_id, proof: Presented::Secret(secret.into()) })
    }
}

/// Undoes the form encoding of one value; `&` and `=` stand for themselves.
fn form_decode(text: &str) -> String {
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    fn read(header: Option<&str>, body: &str) -> Result<(String, String), ErrorCode> {
        Credentials::read(header, &Params::parse(body.as_bytes()))
            .map(|found| match found.proof {
                Presented::Secret(secret) | Presented::Assertion(secret) => {
                    (found.client_id, secret.expose_secret().to_owned())
                }
            })
            .map_err(|error| error.code)
    }

    #[test]
    fn basic_credentials_are_form_decoded() {
        let found = read(Some(&basic("my%20app:p%3Aq%25&=+")), "").unwrap();
        assert_eq!(found, ("my app".into(), "p:q%&= ".into()));
    }

    #[test]
    fn one_way_of_authenticating_is_enough() {
        let header = basic("a:s");
        assert!(read(Some(&header), "client_id=a").is_ok());
        assert_eq!(read(Some(&header), "client_id=b"), Err(ErrorCode::InvalidRequest));
        assert_eq!(read(Some(&header), "client_id=a&client_secret=s"), Err(ErrorCode::InvalidRequest));
    }

    #[test]
    fn an_assertion_names_its_client_and_stands_alone() {
        let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"a"}"#);
        let assertion = format!("client_assertion=e30.{claims}.AA");
        assert_eq!(read(None, &format!("{kind}&{assertion}")).unwrap().0, "a");
        assert!(read(None, &format!("{kind}&{assertion}&client_id=a")).is_ok());
        for (header, body) in [
            (None, format!("{kind}&{assertion}&client_id=b")),
            (None, format!("{kind}&{assertion}&client_secret=s")),
            (Some(basic("a:s")), format!("{kind}&{assertion}")),
            (None, assertion.clone()),
        ] {
            assert_eq!(read(header.as_deref(), &body), Err(ErrorCode::InvalidRequest), "{body}");
        }
        assert_eq!(read(None, &format!("{kind}&client_assertion=x")), Err(ErrorCode::InvalidClient));
    }

    #[test]
    fn nothing_and_nonsense_are_refused() {
        for header in [None, Some("Basic"), Some("Basic !"), Some("Bearer abc"), Some("Basic YTo=")] {
            assert_eq!(read(header, "client_id=a"), Err(ErrorCode::InvalidClient), "{header:?}");
        }
    }

    #[test]
    fn redirects_are_compared_byte_for_byte() {
        let client = Client {
            proof: Registered::Secret("s".to_owned().into()),
            redirect_uris: vec!["https://app.example/cb".into()],
            post_logout_redirect_uris: vec![],
            backchannel_logout_uri: None,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
        };
        assert!(client.allows_redirect("https://app.example/cb"));
        for other in [
            "https://app.example/cb/",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/cb?x",
        ] {
            assert!(!client.allows_redirect(other), "{other}");
        }
        assert!(!client.allows_post_logout_redirect("https://app.example/cb"));
    }
}
