//! Chromium, driven by chromedriver.

use std::process::Command;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::programs::process::Process;
use crate::programs::wait::{free_port, until_listening};

/// Ends with its driver, whose process group it is in, and leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Chromium {
    page: Client,
    _driver: Process,
    _home: TempDir,
}

impl Chromium {
    /// With a profile of its own, and calling nobody that the test does not visit.
    pub(crate) async fn start() -> Self {
        let (port, home) = (free_port(), TempDir::new().unwrap());
        // Both leave what they do not need any more in the directory for such things.
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).env("TMPDIR", home.path());
        let driver = Process::spawn(&mut command);
        until_listening("chromedriver", port);
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let mut arguments = arguments.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", home.path().join("profile").display()));
        let wishes = json!({ "goog:chromeOptions": { "args": arguments } });
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wishes.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { page, _driver: driver, _home: home }
    }

    pub(crate) const fn page(&self) -> &Client {
        &self.page
    }
}
