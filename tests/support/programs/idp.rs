//! `hourgate-idp` as a process.

use std::process::Command;

use super::browser::Browser;
use super::process::Process;

/// The bundled test identity provider, where alice signs in without a page.
#[derive(Debug)]
pub(crate) struct Idp {
    _process: Process,
    base: String,
    http: Browser,
}

impl Idp {
    pub(crate) async fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hourgate-idp"));
        command.args(["--listen", "127.0.0.1:0"]).env_remove("HOURGATE_ENV");
        let mut process = Process::spawn(&mut command);
        let base = format!("http://{}", process.line("listening   "));
        let mut idp = Self { _process: process, base, http: Browser::new() };
        idp.put("/auto-login", r#"{"user":"alice"}"#).await;
        idp
    }

    /// For the gateway's configuration.
    pub(crate) fn provider(&self) -> String {
        format!(
            "[[provider]]\nid = \"test\"\nissuer = \"{}/t1\"\nclient_id = \"hourgate\"\nclient_secret = \"any\"\n",
            self.base
        )
    }

    pub(crate) async fn disable(&mut self, user: &str) {
        self.control("POST", &format!("/users/{user}/disable"), "").await;
    }

    pub(crate) async fn put(&mut self, path: &str, body: &str) {
        self.control("PUT", path, body).await;
    }

    /// The journal; `query` may pick an endpoint.
    pub(crate) async fn requests(&mut self, query: &str) -> Vec<serde_json::Value> {
        self.get(&format!("/requests{query}")).await.as_array().unwrap().clone()
    }

    pub(crate) async fn get(&mut self, path: &str) -> serde_json::Value {
        self.http.send("GET", &format!("{}/_control/t1{path}", self.base), &[], "").await.json()
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) {
        self.control("POST", path, body).await;
    }

    async fn control(&mut self, method: &str, path: &str, body: &str) {
        let url = format!("{}/_control/t1{path}", self.base);
        let page = self.http.send(method, &url, &[("content-type", "application/json")], body).await;
        assert_eq!(page.status, 204, "{page:?}");
    }
}
