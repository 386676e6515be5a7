//! `hourgate serve` as a process, and the commands that speak to it.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::wait::{free_port, until};

/// What a test says about its gateway.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    /// Where it listens.
    pub(crate) port: u16,
    pub(crate) redis: &'a str,
    /// The tables `[[provider]]`.
    pub(crate) providers: &'a str,
    /// The apps, as origins.
    pub(crate) hosts: &'a [&'a str],
    pub(crate) policy_check_interval: &'a str,
}

#[derive(Debug)]
pub(crate) struct Gateway {
    dir: TempDir,
    process: Process,
}

impl Gateway {
    /// Returns when it is ready.
    pub(crate) fn start(setup: &Setup<'_>) -> Self {
        let dir = TempDir::new().unwrap();
        let management = free_port();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let Setup { port, redis, providers, hosts, policy_check_interval } = setup;
        let config = format!(
            r#"
[server]
listen = "127.0.0.1:{port}"
trusted_proxies = ["loopback"]
[management]
listen = "127.0.0.1:{management}"
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
{providers}
[environment.apps]
hosts = {hosts:?}
"#,
            socket = path("admin.sock"),
            keys = path("keys"),
        );
        std::fs::write(path("hourgate.toml"), config).unwrap();
        let made = program().args(["keys", "new", "--file", &path("keys")]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let process = serve(&dir, &[]);
        let gateway = Self { dir, process };
        gateway.until_ready();
        gateway
    }

    /// SIGKILL; returns when it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after [`Self::kill`], with the same configuration.
    pub(crate) fn restart(&mut self) {
        self.serve(&[]);
        self.until_ready();
    }

    /// As [`Self::restart`], with more arguments, and without waiting until it is ready.
    pub(crate) fn serve(&mut self, arguments: &[&str]) {
        self.process = serve(&self.dir, arguments);
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("hourgate.toml")
    }

    /// Runs a command of the program beside the running one.
    pub(crate) fn cli(&self, args: &[&str]) -> Output {
        program().arg("--config").arg(self.config()).args(args).output().unwrap()
    }

    /// A command that succeeds, and its answer for programs.
    pub(crate) fn ask(&self, args: &[&str]) -> Value {
        let output = self.cli(&[&["-o", "json"], args].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one live session.
    pub(crate) fn session(&self) -> Value {
        let mut list = self.ask(&["sessions", "list"]);
        let sessions = list["sessions"].as_array_mut().unwrap();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions.remove(0)
    }

    /// Its id.
    pub(crate) fn session_id(&self) -> String {
        self.session()["id"].as_str().unwrap().to_owned()
    }

    /// Why a session has ended, if it has. Asking leaves the session as it is.
    pub(crate) fn why_ended(&self, session: &str) -> Option<String> {
        let explanation = self.ask(&["explain", session]);
        explanation["ended"]["reason"].as_str().map(str::to_owned)
    }

    pub(crate) fn until_ready(&self) {
        until("the gateway is ready", || self.cli(&["healthcheck"]).status.success().then_some(()));
    }
}

/// The program, unimpressed by the environment that the tests run in.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hourgate"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOURGATE") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").env_remove("RUNTIME_DIRECTORY");
    command
}

fn serve(dir: &TempDir, arguments: &[&str]) -> Process {
    let config = dir.path().join("hourgate.toml");
    Process::spawn(program().arg("--config").arg(config).arg("serve").args(arguments))
}
