//! The public address of an app: scheme, host and port, compared as browsers compare them.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// A web origin (RFC 6454) that an environment serves. Printed without its scheme's default port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// How the browser reaches the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// TLS, somewhere between the browser and the gateway.
    Https,
    /// No TLS: for `localhost` and its sub-domains, or where the configuration says `danger.insecure_http`.
    Http,
}

impl Scheme {
    /// `https` or `http`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// The text is not a host name or an origin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a host like app.example.com, or an origin like https://app.example.com:8443")]
pub struct NotAnOrigin;

impl Origin {
    /// The origin of a URL; `None` unless it is http or https with a host.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return None,
        };
        let host = url.host_str()?.to_owned();
        Some(Self { scheme, host, port: url.port_or_known_default()? })
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Does a `Host` header (`host` or `host:port`) name this origin?
    #[must_use]
    pub fn answers_to(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                (host, port.parse().ok())
            }
            _ => (authority, Some(self.scheme.default_port())),
        };
        port == Some(self.port) && host.eq_ignore_ascii_case(&self.host)
    }

    /// Is this `localhost`, one of its sub-domains, or a loopback address? Browsers treat those as secure over HTTP.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match Host::parse(&self.host) {
            Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Ok(Host::Ipv4(ip)) => ip.is_loopback(),
            Ok(Host::Ipv6(ip)) => ip.is_loopback(),
            Err(_) => false,
        }
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    /// `app.example.com` means https; a full origin says its scheme.
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| NotAnOrigin)?;
        let bare = url.path() == "/"
            && !with_scheme.ends_with('/')
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(NotAnOrigin);
        }
        Self::of(&url).ok_or(NotAnOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_header_names_an_origin_exactly() {
        let app: Origin = "app.example.com".parse().unwrap();
        assert!(app.answers_to("app.example.com"));
        assert!(app.answers_to("APP.example.com:443"));
        for other in
            ["app.example.com:8443", "evil-app.example.com", "app.example.com.", "app.example.com:", ""]
        {
            assert!(!app.answers_to(other), "{other}");
        }
    }

    #[test]
    fn an_origin_has_no_path_query_or_user() {
        for bad in ["https://a/", "a/b", "https://u@a", "https://a?x", "ftp://a", "", "https://"] {
            assert_eq!(bad.parse::<Origin>(), Err(NotAnOrigin), "{bad}");
        }
        assert_eq!(
            "http://one.localhost:8080".parse::<Origin>().unwrap().to_string(),
            "http://one.localhost:8080"
        );
        assert_eq!("https://a:443".parse::<Origin>().unwrap().to_string(), "https://a");
    }
}
