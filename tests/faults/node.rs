//! One `hourgate serve` among several.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hourgate::admin::client::Client as Admin;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::hourgate_program::program;
use crate::process::Process;
use crate::wait::free_port;

/// Only ends a test that hangs.
const LIMIT: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What all nodes of a world have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) keys: PathBuf,
    pub(crate) redis: String,
    pub(crate) policy_check_interval: String,
    /// The tables `[[provider]]` and `[environment.…]`.
    pub(crate) tables: String,
}

#[derive(Debug)]
pub(crate) struct Node {
    dir: TempDir,
    public: SocketAddr,
    management: SocketAddr,
    http: reqwest::Client,
    admin: Admin,
    /// For the program alone, such as the library that moves its clock.
    variables: Vec<(String, String)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` while it is down.
    process: Option<Process>,
    /// What processes before this one said.
    said: Vec<String>,
}

impl Node {
    /// Returns when it serves.
    pub(crate) async fn start(
        common: &Common,
        variables: Vec<(String, String)>,
        http: &reqwest::Client,
    ) -> Self {
        let dir = TempDir::new().unwrap();
        let address = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (public, management) = (address(), address());
        let Common { keys, redis, policy_check_interval, tables } = common;
        let config = format!(
            r#"
[server]
listen = "{public}"
trusted_proxies = ["loopback"]
[management]
listen = "{management}"
socket = "{socket}"
[keys]
file = "{keys}"
[store]
url = "{redis}"
[session]
policy_check_interval = "{policy_check_interval}"
[danger]
short_policy_check = true
insecure_test_idp = true
[log]
format = "json"
{tables}
"#,
            socket = dir.path().join("admin.sock").display(),
            keys = keys.display(),
        );
        std::fs::write(dir.path().join("hourgate.toml"), config).unwrap();
        let state = Mutex::new(State { process: None, said: Vec::new() });
        let admin = Admin::new(&dir.path().join("admin.sock")).unwrap();
        let node = Self { dir, public, management, http: http.clone(), admin, variables, state };
        node.restart().await;
        node
    }

    /// Where front proxies reach it.
    pub(crate) const fn public(&self) -> SocketAddr {
        self.public
    }

    /// The admin API, as the commands of the program use it.
    pub(crate) const fn admin(&self) -> &Admin {
        &self.admin
    }

    /// SIGKILL; returns when it is gone.
    pub(crate) fn kill(&self) {
        let mut state = self.lock();
        if let Some(mut process) = state.process.take() {
            process.kill();
            let lines = process.lines_from(0);
            state.said.extend(lines);
        }
    }

    /// SIGTERM; returns when it has ended by itself.
    pub(crate) async fn terminate(&self) {
        self.signal("TERM");
        let limit = Instant::now() + LIMIT;
        while !self.has_ended() {
            assert!(Instant::now() < limit, "the gateway does not stop");
            sleep(LOOK_EVERY).await;
        }
        self.kill();
    }

    /// Sends the process a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        if let Some(process) = &self.lock().process {
            process.signal(name);
        }
    }

    /// Starts it, after [`Self::kill`] or [`Self::terminate`]; returns when it serves. Its store may be away.
    pub(crate) async fn restart(&self) {
        let mut command = program();
        command.arg("--config").arg(self.dir.path().join("hourgate.toml")).arg("serve");
        command.env("RUST_LOG", "warn,audit=info");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        self.lock().process = Some(Process::spawn(&mut command));
        let limit = Instant::now() + LIMIT;
        while self.management("/livez").await != Some(200) {
            assert!(!self.has_ended(), "the gateway ended: {:?}", self.lock().process);
            assert!(Instant::now() < limit, "the gateway does not serve");
            sleep(LOOK_EVERY).await;
        }
    }

    fn has_ended(&self) -> bool {
        self.lock().process.as_mut().is_none_or(Process::has_ended)
    }

    /// Does it say that it is ready?
    pub(crate) async fn is_ready(&self) -> bool {
        self.management("/readyz").await == Some(200)
    }

    /// The status of an address of the management listener, if it answers.
    async fn management(&self, path: &str) -> Option<u16> {
        let answer = self.http.get(format!("http://{}{path}", self.management)).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// The lines of the audit log, of this and all earlier processes. A line that a kill cut off is left out.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let state = self.lock();
        let now = state.process.as_ref().map_or_else(Vec::new, |process| process.lines_from(0));
        let lines = state.said.iter().chain(&now).filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &Value| line["target"] == "audit").collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
