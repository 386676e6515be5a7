//! All tenants, and the addresses they are reached at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::tenant::Tenant;
use crate::issuer::discovery::Addresses;
use crate::issuer::keys::KeyError;
use crate::time::Clock;

/// How many tenants there may be: strangers make them by asking.
const MOST: usize = 256;

/// Why there is no such tenant.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum NoTenant {
    #[error("a tenant's name has 1 to 32 of a-z, 0-9 and -, a letter or digit first")]
    BadName,
    #[error("there are 256 tenants already; delete one at /_control/{{tenant}}")]
    Full,
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl NoTenant {
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::BadName => 404,
            Self::Full => 503,
            Self::Key(_) => 500,
        }
    }
}

/// The tenants of a test IdP.
pub(crate) struct Tenants {
    base: Url,
    public: Option<Url>,
    strict: bool,
    clock: Arc<dyn Clock>,
    by_name: Mutex<HashMap<String, Arc<Tenant>>>,
}

impl Tenants {
    pub(crate) fn new(base: Url, public: Option<Url>, strict: bool, clock: Arc<dyn Clock>) -> Self {
        Self { base, public, strict, clock, by_name: Mutex::default() }
    }

    /// Where browsers reach it.
    pub(crate) fn base(&self) -> &Url {
        self.public.as_ref().unwrap_or(&self.base)
    }

    /// The issuer of a tenant.
    pub(crate) fn issuer(&self, tenant: &str) -> String {
        below(self.base(), tenant)
    }

    /// The tenant of that name, made now if there was none.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Tenant>, NoTenant> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 32 || name.starts_with('-') || !name.bytes().all(allowed) {
            return Err(NoTenant::BadName);
        }
        let mut tenants = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = tenants.get(name) {
            return Ok(tenant.clone());
        }
        if tenants.len() >= MOST {
            return Err(NoTenant::Full);
        }
        let tenant = Arc::new(Tenant::new(name, self.issuer(name), self.strict, self.clock.clone())?);
        tenants.insert(name.to_owned(), tenant.clone());
        Ok(tenant)
    }

    /// Forgets a tenant; the next use makes a new one.
    pub(crate) fn reset(&self, name: &str) {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// The addresses that go into the discovery document for someone who asks with this `Host`. Split only where a
    /// public address is configured and the asker came another way. `None`: that is no host.
    pub(crate) fn addresses(&self, tenant: &str, host: &str) -> Option<Addresses> {
        let issuer = self.issuer(tenant);
        let back_channel = match &self.public {
            Some(public) if !public.authority().eq_ignore_ascii_case(host) => {
                let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
                let seen = Url::parse(&format!("http://{host}")).ok().filter(|_| plain)?;
                below(&seen, tenant)
            }
            _ => issuer.clone(),
        };
        Some(Addresses { issuer, back_channel })
    }
}

fn below(base: &Url, tenant: &str) -> String {
    format!("{}/{tenant}", base.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SystemClock;

    fn tenants(public: Option<&str>) -> Tenants {
        let base = "http://127.0.0.1:9400".parse().unwrap();
        Tenants::new(base, public.map(|url| url.parse().unwrap()), false, Arc::new(SystemClock))
    }

    #[test]
    fn addresses_are_split_only_for_who_comes_another_way() {
        let seen = |public, host| {
            tenants(public).addresses("t1", host).map(|found| (found.issuer, found.back_channel))
        };
        let both = |text: &str| Some((text.to_owned(), text.to_owned()));
        assert_eq!(seen(None, "anything:1"), both("http://127.0.0.1:9400/t1"));
        let public = Some("https://idp.example/sub/");
        assert_eq!(seen(public, "idp.example"), both("https://idp.example/sub/t1"));
        assert_eq!(
            seen(public, "idp:9400"),
            Some(("https://idp.example/sub/t1".into(), "http://idp:9400/t1".into()))
        );
        for host in ["", "a/b", "a@b", "a b", "a?b", "a#b"] {
            assert_eq!(seen(public, host), None, "{host:?}");
        }
    }

    #[test]
    fn strangers_cannot_make_tenants_without_end() {
        let tenants = tenants(None);
        for n in 0..MOST {
            tenants.get(&n.to_string()).unwrap();
        }
        assert!(matches!(tenants.get("one-more"), Err(NoTenant::Full)));
        tenants.reset("0");
        assert!(tenants.get("one-more").is_ok());
    }

    #[test]
    fn a_tenant_has_a_plain_name() {
        for bad in ["", "-a", "A", "_control", "a.b", "ä", "favicon.ico"] {
            assert!(matches!(tenants(None).get(bad), Err(NoTenant::BadName)), "{bad}");
        }
    }
}
