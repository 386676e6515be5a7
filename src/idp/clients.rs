//! Which clients there are: the registered ones and, unless strict, everyone.

use std::collections::BTreeMap;
use std::net::IpAddr;

use secrecy::ExposeSecret;
use url::{Host, Url};

use crate::issuer::client::{Client, Credentials, Presented, Registered, same_secret};
use crate::issuer::client_assertion::Spent;
use crate::issuer::error::{ErrorCode, OAuthError};
use crate::time::Timestamp;

/// The clients of a tenant.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) strict: bool,
    pub(crate) registered: BTreeMap<String, Client>,
    spent: Spent,
}

impl Clients {
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, registered: BTreeMap::new(), spent: Spent::default() }
    }

    /// Whether an answer for this client may go there.
    pub(crate) fn may_redirect(&self, client_id: &str, uri: &str) -> bool {
        match self.registered.get(client_id) {
            Some(client) => client.allows_redirect(uri),
            None => !self.strict && is_harmless(uri),
        }
    }

    /// Whether the browser may go there after a sign-out of this client.
    pub(crate) fn may_return_from_sign_out(&self, client_id: &str, uri: &str) -> bool {
        match self.registered.get(client_id) {
            Some(client) => client.allows_post_logout_redirect(uri),
            None => !self.strict && is_harmless(uri),
        }
    }

    /// Checks a client's secret or assertion; says its id. A client that signs must be registered: its keys are.
    pub(crate) fn authenticate(
        &mut self,
        presented: Credentials,
        issuer: &str,
        now: Timestamp,
    ) -> Result<String, OAuthError> {
        let refused =
            || OAuthError::new(ErrorCode::InvalidClient, "the client is unknown or its secret is wrong");
        let registered = self.registered.get(&presented.client_id).map(|client| &client.proof);
        match (registered, &presented.proof) {
            (None, Presented::Secret(_)) if !self.strict => {}
            (Some(Registered::Secret(secret)), Presented::Secret(said)) if same_secret(secret, said) => {}
            (Some(Registered::Keys(keys)), Presented::Assertion(jwt)) => {
                self.spent.accept(jwt.expose_secret(), keys, &presented.client_id, issuer, now)?;
            }
            _ => return Err(refused()),
        }
        Ok(presented.client_id)
    }
}

/// `https`, or plain HTTP on this very machine; no credentials, no fragment, nothing that a URL parser would drop.
pub(crate) fn is_harmless(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let local = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    let scheme = url.scheme() == "https" || url.scheme() == "http" && local;
    let printable = uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    scheme && printable && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_01_an_open_tenant_redirects_to_https_and_to_this_machine() {
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1:8080/cb",
            "http://[::1]/cb",
            "http://localhost/cb",
            "http://a.localhost:1/cb?x=1",
        ] {
            assert!(is_harmless(good), "{good}");
        }
        for bad in [
            "http://app.example/cb",
            "http://localhost.evil.example/cb",
            "http://notlocalhost/cb",
            "https://user@app.example/cb",
            "https://app.example/cb#f",
            "https:\\\\app.example",
            "https://app.example/\r\nx",
            "javascript:alert(1)",
            "data:text/html,x",
            "/cb",
            "",
        ] {
            assert!(!is_harmless(bad), "{bad:?}");
        }
    }
}
