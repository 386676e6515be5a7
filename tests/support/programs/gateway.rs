//! `hourgate serve` as a process, and the commands that speak to it.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use super::browser::Browser;
use super::hourgate::program;
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
    management: u16,
    environment: Vec<(String, String)>,
    process: Process,
}

impl Gateway {
    /// Returns when it is ready.
    pub(crate) fn start(setup: &Setup<'_>) -> Self {
        Self::start_with(setup, "", &[])
    }

    /// The same with further tables of the configuration, and variables of the environment.
    pub(crate) fn start_with(setup: &Setup<'_>, tables: &str, environment: &[(&str, &str)]) -> Self {
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
{tables}
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
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let process = serve(&dir, &environment, &[]);
        let gateway = Self { dir, management, environment, process };
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
        self.process = serve(&self.dir, &self.environment, arguments);
    }

    /// What it logged since it was started.
    pub(crate) fn log(&self) -> String {
        self.process.output()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Health and metrics.
    pub(crate) fn management(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.management)
    }

    /// The sum of a metric's samples whose line has all of these in it.
    pub(crate) async fn metric(&self, parts: &[&str]) -> f64 {
        let page = Browser::new().send("GET", &self.management("/metrics"), &[], "").await;
        let lines = page.body.lines().filter(|line| !line.starts_with('#'));
        let values = lines.filter(|line| parts.iter().all(|part| line.contains(part)));
        values.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
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

fn serve(dir: &TempDir, environment: &[(String, String)], arguments: &[&str]) -> Process {
    let mut command = program();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let config = dir.path().join("hourgate.toml");
    Process::spawn(command.arg("--config").arg(config).arg("serve").args(arguments))
}
