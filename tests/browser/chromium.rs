//! Chromium, driven by chromedriver.

use std::process::Command;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::programs::process::Process;
use crate::programs::wait::{free_port, until_listening};

/// Ends with its driver, whose process group it is in.
#[derive(Debug)]
pub(crate) struct Chromium {
    page: Client,
    _driver: Process,
    _profile: TempDir,
}

impl Chromium {
    /// With a profile of its own, and calling nobody that the test does not visit.
    pub(crate) async fn start() -> Self {
        let (port, profile) = (free_port(), TempDir::new().unwrap());
        let driver = Process::spawn(Command::new("chromedriver").arg(format!("--port={port}")));
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
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wishes = json!({ "goog:chromeOptions": { "args": arguments } });
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wishes.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { page, _driver: driver, _profile: profile }
    }

    pub(crate) const fn page(&self) -> &Client {
        &self.page
    }
}
