//! What must be in nobody's log: every secret that passed the token endpoint, kept for tests that ask for it beforehand.

use serde_json::Value;

use crate::issuer::params::Params;

/// How many are kept; those that come later are not.
const KEPT: usize = 10_000;
/// The secrets of a token request.
const SENT: [&str; 6] =
    ["code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "token"];
/// Those of its answer.
const ISSUED: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// `None` until somebody asks for it.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Option<Vec<String>>);

impl Secrets {
    /// Forgets what it has, and begins to keep what passes.
    pub(crate) fn begin(&mut self) {
        self.0 = Some(Vec::new());
    }

    pub(crate) fn kept(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }

    /// What a client sent; `authorization` is its `Authorization` header.
    pub(crate) fn sent(&mut self, params: &Params, authorization: Option<&str>) {
        self.keep(SENT.iter().filter_map(|name| params.get(name)));
        self.keep(authorization.and_then(|header| header.split_once(' ')).map(|(_, secret)| secret));
    }

    /// What it got.
    pub(crate) fn issued(&mut self, answer: &Value) {
        self.keep(ISSUED.iter().filter_map(|name| answer[name].as_str()));
    }

    fn keep<'a>(&mut self, secrets: impl IntoIterator<Item = &'a str>) {
        let Some(kept) = &mut self.0 else { return };
        for secret in secrets {
            if kept.len() < KEPT && !kept.iter().any(|known| known == secret) {
                kept.push(secret.to_owned());
            }
        }
    }
}
