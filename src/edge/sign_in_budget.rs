//! How often strangers may begin or end a sign-in: token buckets for each address and for all.
//!
//! What they could cost is little: nothing is stored and nobody is called for them. The budgets keep a flood from taking the
//! processor's time from checks, which are never limited.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{NotUntil, Quota, RateLimiter};

use super::error::EdgeError;
use super::limits::Limits;
use super::{Edge, headers};

/// Buckets, each of 8 bytes.
const BUCKETS: usize = 1 << 16;
/// What may come at once, in seconds' worth.
const BURST_SECS: u32 = 10;

type Limiter<K, S, C> = RateLimiter<K, S, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The budgets of a node.
#[derive(Debug)]
pub struct SignInBudget<C: Clock = MonotonicClock> {
    of_address: Limiter<IpAddr, Buckets, C>,
    of_all: Limiter<NotKeyed, InMemoryState, C>,
    clock: C,
}

impl SignInBudget {
    /// Full ones.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self::with_clock(limits, MonotonicClock)
    }
}

impl<C: Clock + Clone> SignInBudget<C> {
    fn with_clock(limits: &Limits, clock: C) -> Self {
        Self {
            of_address: RateLimiter::new(
                quota(limits.sign_in_rate_per_address),
                Buckets::default(),
                clock.clone(),
            ),
            of_all: RateLimiter::new(quota(limits.sign_in_rate), InMemoryState::default(), clock.clone()),
            clock,
        }
    }

    /// Takes one from the budget of an address, if it is known, and one from that of all.
    ///
    /// # Errors
    ///
    /// How long to wait, where either is used up. An address that has none left takes nothing from the others'.
    pub fn take(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let wait = |until: NotUntil<C::Instant>| until.wait_time_from(self.clock.now());
        if let Some(address) = address {
            self.of_address.check_key(&address).map_err(wait)?;
        }
        self.of_all.check().map_err(wait)
    }
}

fn quota(a_second: u32) -> Quota {
    let a_second = NonZeroU32::new(a_second).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(a_second)
        .allow_burst(a_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECS - 1)))
}

/// A bucket for every address that there is, many addresses to a bucket: strangers cannot make it grow, and none of them can
/// choose whose bucket they share.
#[derive(Debug)]
struct Buckets {
    buckets: Box<[InMemoryState]>,
    hasher: RandomState,
}

impl Default for Buckets {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| InMemoryState::default()).collect();
        Self { buckets, hasher: RandomState::new() }
    }
}

impl StateStore for Buckets {
    type Key = IpAddr;

    fn measure_and_replace<T, F, E>(&self, address: &IpAddr, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // BUCKETS is a power of two far below the range of either type.
        let index = self.hasher.hash_one(network(*address)) as usize % BUCKETS;
        self.buckets[index].measure_and_replace(&NotKeyed::NonKey, f)
    }
}

/// One subscriber: an IPv4 address, or what a provider gives a customer of IPv6, a /56.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !(u128::MAX >> 56)).into()),
        v4 => v4,
    }
}

/// Some proxies name the port, too.
fn address_of(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    text.parse().ok().or_else(with_port)
}

impl Edge {
    /// Takes a sign-in's start or callback from the budgets.
    ///
    /// # Errors
    ///
    /// [`EdgeError::TooMany`].
    pub fn take_from_budget(&self, request: &HttpRequest) -> Result<(), EdgeError> {
        self.sign_in_budget.take(self.client_address(request)).map_err(|wait| EdgeError::TooMany {
            retry_after_secs: u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1),
        })
    }

    /// Who asks: the peer, or behind trusted proxies the last address that is none of them. `None` where a proxy does not say.
    fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        if !self.trusts(peer) {
            return Some(peer);
        }
        headers::list(request, "x-forwarded-for")
            .rev()
            .map(address_of)
            .find(|address| address.is_none_or(|address| !self.trusts(address)))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn budget(per_address: u32, of_all: u32) -> (SignInBudget<FakeRelativeClock>, FakeRelativeClock) {
        let limits =
            Limits { sign_in_rate_per_address: per_address, sign_in_rate: of_all, ..Limits::default() };
        let clock = FakeRelativeClock::default();
        (SignInBudget::with_clock(&limits, clock.clone()), clock)
    }

    fn v4(n: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(n.into()))
    }

    #[test]
    fn dos_02_an_address_that_floods_uses_up_its_own_budget_and_no_other() {
        let (budget, clock) = budget(2, 1000);
        let (flood, person) = (v4(0x0a00_0001), v4(0x0a00_0002));
        let passed = (0..10_000).filter(|_| budget.take(flood).is_ok()).count();
        assert_eq!(passed, 20, "ten seconds' worth at once");
        assert!(budget.take(flood).unwrap_err() <= Duration::from_millis(500));
        assert_eq!((0..20).filter(|_| budget.take(person).is_ok()).count(), 20);
        clock.advance(Duration::from_secs(1));
        assert_eq!((0..100).filter(|_| budget.take(flood).is_ok()).count(), 2);
    }

    #[test]
    fn dos_02_the_budget_of_all_bounds_what_a_thousand_addresses_send() {
        let (budget, clock) = budget(20, 100);
        let mut passed = 0;
        for _ in 0..10 {
            passed += (0..10_000).filter(|n| budget.take(v4(*n)).is_ok()).count();
        }
        assert_eq!(passed, 1000);
        clock.advance(Duration::from_secs(1));
        assert_eq!((0..10_000).filter(|n| budget.take(v4(100_000 + n)).is_ok()).count(), 100);
    }

    #[test]
    fn dos_02_a_thousand_flooding_addresses_take_hardly_anybodys_budget() {
        let (budget, _) = budget(1, 100_000);
        for n in 0..1000 {
            while budget.of_address.check_key(&IpAddr::V4((0x0100_0000 + n).into())).is_ok() {}
        }
        let people = (0..10_000).filter(|n| budget.take(v4(0x0a00_0000 + n)).is_ok()).count();
        assert!(people > 9_500, "{people} of 10,000: about 1,000 in 65,536 share a bucket with one of them");
    }

    #[test]
    fn a_customer_of_ipv6_is_one_address() {
        let ip = |text: &str| network(text.parse().unwrap());
        assert_eq!(ip("2001:db8:1:2ff::1"), ip("2001:db8:1:200:ffff::2"));
        assert_ne!(ip("2001:db8:1:2ff::1"), ip("2001:db8:1:300::1"));
        assert_eq!(ip("::ffff:10.0.0.1"), ip("10.0.0.1"));
    }

    #[test]
    fn who_is_not_known_takes_from_the_budget_of_all_alone() {
        let (budget, _) = budget(1, 100);
        assert_eq!((0..2000).filter(|_| budget.take(None).is_ok()).count(), 1000);
    }
}
