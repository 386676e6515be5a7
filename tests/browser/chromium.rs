//! Chromium, driven by chromedriver.

use std::process::Command;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

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
        Self::with(json!({})).await
    }

    /// One of those that take and send cookies of third parties, or of those that do not; what they do by themselves changes.
    pub(crate) async fn that_takes_third_party_cookies(takes: bool) -> Self {
        Self::with(json!({ "profile": { "cookie_controls_mode": i32::from(!takes) } })).await
    }

    async fn with(preferences: Value) -> Self {
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
        let wishes = json!({ "goog:chromeOptions": { "args": arguments, "prefs": preferences } });
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

/// What only the developer tools can do: a command of the DevTools protocol with its parameters.
pub(crate) async fn devtools(page: &Client, command: &str, parameters: Value) {
    page.issue_cmd(DevTools(json!({ "cmd": command, "params": parameters }))).await.unwrap();
}

#[derive(Debug)]
struct DevTools(Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}
