//! Which environment and origin a request is for. The host decides, and only a host that the front proxy vouches for, or
//! that was asked for directly, is looked at.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;

use super::Edge;
use super::headers::{AmbiguousHeader, one};
use crate::policy::environment::Environment;
use crate::session::origin::{Origin, Scheme};

/// Where a request is.
#[derive(Clone, Debug)]
pub struct Site {
    /// The environment.
    pub environment: Arc<Environment>,
    /// The origin that the browser sees.
    pub origin: Origin,
    /// Does an IdP of the environment have its answers posted here, by a page of its own site?
    pub is_posted_to: bool,
}

/// The request is for no place that we know.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// No environment has this host.
    #[error(
        "no environment has the host {host:?}; add it to `hosts`, or, if a front proxy forwards it, add the proxy to `server.trusted_proxies`"
    )]
    UnknownHost {
        /// What was asked for, cut to a length that fits a log line.
        host: String,
    },
    /// The front proxy says that the browser came without TLS.
    #[error("{origin} was asked for over plain HTTP; redirect to HTTPS in the front proxy")]
    PlainHttp {
        /// The origin as configured.
        origin: Origin,
    },
    /// A header that counts is ambiguous.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousHeader),
}

impl Edge {
    /// The site of a request to one of the gateway's own pages.
    ///
    /// # Errors
    ///
    /// [`SiteError`].
    pub fn site(&self, request: &HttpRequest) -> Result<Site, SiteError> {
        let forwarded = self.forwarded(request, "x-forwarded-host")?;
        let host = match forwarded {
            Some(host) => host,
            None => one(request, "host")?.unwrap_or_default(),
        };
        let proto = self.forwarded(request, "x-forwarded-proto")?;
        self.site_at(host, proto)
    }

    /// The site of an authority, with the scheme that the front proxy names, if it names one.
    ///
    /// # Errors
    ///
    /// [`SiteError`].
    pub fn site_at(&self, authority: &str, proto: Option<&str>) -> Result<Site, SiteError> {
        let found = self.services.environments.values().find_map(|environment| {
            environment.origin_of(authority).map(|origin| (environment.clone(), origin.clone()))
        });
        let (environment, origin) = found.ok_or_else(|| SiteError::UnknownHost {
            host: authority.chars().filter(|c| !c.is_control()).take(120).collect(),
        })?;
        if origin.scheme() == Scheme::Https && proto.is_some_and(|proto| !proto.eq_ignore_ascii_case("https"))
        {
            return Err(SiteError::PlainHttp { origin });
        }
        let mut providers = environment.providers.iter().filter_map(|id| self.services.providers.get(id));
        let is_posted_to = providers.any(|provider| provider.answers_by_post());
        Ok(Site { environment, origin, is_posted_to })
    }

    /// A forwarded header, if a trusted proxy sent it; anybody else's is ignored.
    ///
    /// # Errors
    ///
    /// Where it stands there twice.
    pub fn forwarded<'a>(
        &self,
        request: &'a HttpRequest,
        name: &'static str,
    ) -> Result<Option<&'a str>, AmbiguousHeader> {
        if self.is_from_trusted_proxy(request) { one(request, name) } else { Ok(None) }
    }

    fn is_from_trusted_proxy(&self, request: &HttpRequest) -> bool {
        request.peer_addr().is_some_and(|peer| self.trusts(peer.ip()))
    }
    /// Is this address a trusted proxy's?
    pub(super) fn trusts(&self, ip: IpAddr) -> bool {
        // A v4 proxy seen on a v6 socket is still that proxy.
        let ip = ip.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&ip))
    }
}
