//! Three gateways, their Redis and their IdP, all of them processes.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::hourgate_program::program;
use crate::idp::{Idp, Profile};
use crate::node::{Common, Node};
use crate::redis_server::RedisServer;
use crate::wait::eventually;

/// A request that hangs longer than this is given up, as front proxies do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How a world is made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: usize,
    /// Such as `6s`.
    pub(crate) policy_check_interval: &'static str,
    /// How long a gateway waits for the IdP's answer.
    pub(crate) idp_timeout: &'static str,
    /// The address of Redis, where the nodes do not reach it directly.
    pub(crate) redis_url: Option<String>,
    /// Variables of the environment for each node, by its number; those without get none.
    pub(crate) variables: Vec<Vec<(String, String)>>,
    /// Further settings of every provider.
    pub(crate) provider: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: 3,
            policy_check_interval: "6s",
            idp_timeout: "2s",
            redis_url: None,
            variables: Vec::new(),
            provider: "",
        }
    }
}

#[derive(Debug)]
pub(crate) struct World {
    redis: Mutex<RedisServer>,
    pub(crate) idp: Idp,
    pub(crate) nodes: Vec<Node>,
    pub(crate) http: reqwest::Client,
    /// When everything began; histories count from here.
    epoch: Instant,
    _keys: TempDir,
}

impl World {
    pub(crate) async fn start(plan: Plan) -> Self {
        Self::start_on(RedisServer::durable(), plan).await
    }

    pub(crate) async fn start_on(redis: RedisServer, plan: Plan) -> Self {
        let http = client(|builder| builder);
        let idp = Idp::start(client(|builder| builder.pool_max_idle_per_host(0))).await;
        let dir = TempDir::new().unwrap();
        let keys = dir.path().join("keys");
        let made = program().args(["keys", "new", "--file"]).arg(&keys).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let common = Common {
            keys,
            redis: plan.redis_url.unwrap_or_else(|| redis.url()),
            policy_check_interval: plan.policy_check_interval.to_owned(),
            tables: tables(&idp, plan.idp_timeout, plan.provider),
        };
        let mut nodes = Vec::new();
        for number in 0..plan.nodes {
            let variables = plan.variables.get(number).cloned().unwrap_or_default();
            nodes.push(Node::start(&common, variables, &http).await);
        }
        let world = Self { redis: Mutex::new(redis), idp, nodes, http, epoch: Instant::now(), _keys: dir };
        for node in &world.nodes {
            eventually("the gateway is ready", async || node.is_ready().await.then_some(())).await;
        }
        world
    }

    pub(crate) fn redis(&self) -> MutexGuard<'_, RedisServer> {
        self.redis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap()
    }
}

/// The app of a profile.
pub(crate) fn host(profile: Profile) -> String {
    format!("{}.example", profile.name())
}

fn tables(idp: &Idp, timeout: &str, further: &str) -> String {
    let mut text = String::new();
    for profile in Profile::ALL {
        let (name, issuer, host, rotation) =
            (profile.name(), idp.issuer(profile), host(profile), profile.settings());
        write!(
            text,
            r#"
[[provider]]
id = "{name}"
issuer = "{issuer}"
client_id = "hourgate"
client_secret = "any"
timeout = "{timeout}"
{rotation}
{further}
[environment.{name}]
hosts = ["{host}"]
providers = ["{name}"]
"#
        )
        .unwrap();
    }
    text
}

fn client(further: fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    // A second installation is refused, and means that the first one is in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
    let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    further(builder.redirect(reqwest::redirect::Policy::none())).build().unwrap()
}
