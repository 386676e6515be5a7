//! `hourgate-idp` as a process, moved by its control API and read by its journal.

use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::process::Process;
use crate::wait::eventually;

/// How an IdP treats refresh tokens; the name is tenant, provider and environment in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Profile {
    /// The refresh token stays.
    None,
    /// It is replaced, and the old one works for half a minute more.
    Grace,
    /// It is replaced, and whoever shows the old one again loses the whole grant.
    Strict,
}

impl Profile {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Grace, Self::Strict];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Grace => "grace",
            Self::Strict => "strict",
        }
    }

    /// What the gateways are told about it.
    pub(crate) const fn settings(self) -> &'static str {
        match self {
            Self::None => "refresh_token_rotation = \"none\"",
            Self::Grace => "refresh_token_rotation = \"grace\"\nrefresh_token_grace = \"30s\"",
            Self::Strict => "refresh_token_rotation = \"strict\"",
        }
    }

    fn tokens_policy(self) -> Value {
        match self {
            Self::None => json!({ "rotation": "none" }),
            Self::Grace => json!({ "rotation": "rotate", "grace": "30s", "reuse_detection": true }),
            Self::Strict => json!({ "rotation": "rotate", "grace": "0s", "reuse_detection": true }),
        }
    }
}

/// One request at a token endpoint, as the IdP tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    #[serde(default)]
    pub(crate) grant_type: String,
    #[serde(default)]
    pub(crate) user: String,
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) reuse: bool,
    at: String,
}

impl Entry {
    /// When it came, in milliseconds since 1970.
    pub(crate) fn came_at_millis(&self) -> i64 {
        self.at.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }
}

#[derive(Debug)]
pub(crate) struct Idp {
    _process: Process,
    base: String,
    http: reqwest::Client,
}

impl Idp {
    /// With a tenant for every profile. The client keeps no connections: faults break those, and a control must arrive.
    pub(crate) async fn start(http: reqwest::Client) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hourgate-idp"));
        command.args(["--listen", "127.0.0.1:0"]).env_remove("HOURGATE_ENV");
        let mut process = Process::spawn(&mut command);
        let base = format!("http://{}", process.line("listening   "));
        let idp = Self { _process: process, base, http };
        for profile in Profile::ALL {
            idp.put(profile, "/tokens-policy", &profile.tokens_policy()).await;
        }
        idp
    }

    pub(crate) fn issuer(&self, profile: Profile) -> String {
        format!("{}/{}", self.base, profile.name())
    }

    pub(crate) async fn put(&self, profile: Profile, path: &str, body: &Value) {
        self.control(profile, "PUT", path, Some(body)).await;
    }

    pub(crate) async fn post(&self, profile: Profile, path: &str, body: &Value) {
        self.control(profile, "POST", path, Some(body)).await;
    }

    pub(crate) async fn delete(&self, profile: Profile, path: &str) {
        self.control(profile, "DELETE", path, None).await;
    }

    /// Somebody who can sign in.
    pub(crate) async fn add_user(&self, profile: Profile, user: &str) {
        self.put(profile, &format!("/users/{user}"), &json!({ "claims": {} })).await;
    }

    /// From its answer on, every refresh of theirs is refused.
    pub(crate) async fn disable(&self, profile: Profile, user: &str) {
        self.post(profile, &format!("/users/{user}/disable"), &json!({})).await;
    }

    /// A fault at the token endpoint.
    pub(crate) async fn token_fault(&self, profile: Profile, mut fault: Value) {
        fault["endpoint"] = "token".into();
        self.post(profile, "/faults", &fault).await;
    }

    /// Returns when no fault waits any more: each has struck as often as it should.
    pub(crate) async fn until_the_faults_have_struck(&self, profile: Profile) {
        eventually("the faults have struck", async || {
            let answer = self.http.get(self.control_url(profile, "/faults")).send().await.unwrap();
            (answer.text().await.unwrap() == "[]").then_some(())
        })
        .await;
    }

    /// How often this user's session was refreshed, whatever the answer was.
    pub(crate) async fn refreshes(&self, profile: Profile, user: &str) -> Vec<Entry> {
        let is_one = |entry: &Entry| entry.user == user && entry.grant_type != "authorization_code";
        self.journal(profile, 0).await.into_iter().filter(is_one).collect()
    }

    /// What the token endpoint was asked after that number.
    pub(crate) async fn journal(&self, profile: Profile, after: u64) -> Vec<Entry> {
        let url = self.control_url(profile, &format!("/requests?endpoint=token&after={after}"));
        let answer = self.http.get(url).timeout(Duration::from_secs(60)).send().await.unwrap();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let entries = body.as_array().unwrap().iter().cloned().map(without_nulls);
        entries.map(|entry| serde_json::from_value(entry).unwrap()).collect()
    }

    async fn control(&self, profile: Profile, method: &str, path: &str, body: Option<&Value>) {
        let mut request = self.http.request(method.parse().unwrap(), self.control_url(profile, path));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.timeout(Duration::from_secs(60)).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{method} {path}: {status} {:?}", answer.text().await);
    }

    fn control_url(&self, profile: Profile, path: &str) -> String {
        format!("{}/_control/{}{path}", self.base, profile.name())
    }
}

fn without_nulls(mut entry: Value) -> Value {
    entry.as_object_mut().unwrap().retain(|name, value| name == "status" || !value.is_null());
    entry
}
