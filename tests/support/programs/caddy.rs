//! A real Caddy with the manual's recipe.

use std::process::Command;

use tempfile::TempDir;

use super::process::Process;
use super::wait::until_listening;

const RECIPE: &str = include_str!("../../../src/manual/Caddyfile");

#[derive(Debug)]
pub(crate) struct Caddy {
    _process: Process,
    _dir: TempDir,
}

impl Caddy {
    /// The recipe, with the ports of a test and without TLS.
    pub(crate) fn start(port: u16, gateway: u16, app: u16) -> Self {
        let dir = TempDir::new().unwrap();
        let mut config = RECIPE.to_owned();
        for (from, to) in [
            ("app.example.com {", format!("http://app.localhost:{port} {{\n\tbind 127.0.0.1")),
            ("127.0.0.1:4180", format!("127.0.0.1:{gateway}")),
            ("127.0.0.1:8080", format!("127.0.0.1:{app}")),
        ] {
            assert!(config.contains(from), "the recipe has {from:?}");
            config = config.replace(from, &to);
        }
        let file = dir.path().join("Caddyfile");
        std::fs::write(&file, format!("{{\n\tadmin off\n\tauto_https off\n}}\n{config}")).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(variable, dir.path());
        }
        let process = Process::spawn(&mut command);
        until_listening("caddy", port);
        Self { _process: process, _dir: dir }
    }
}
