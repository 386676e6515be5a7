//! The API's side in the CLI: HTTP over the gateway's Unix socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::Problem;

/// Listing a million sessions takes a while.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The gateway did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket, or this user may not open it.
    #[error(
        "cannot reach the gateway at {socket}: {cause}; is it running, and may this user open the socket?"
    )]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The gateway says no.
    #[error("{}", .0.message)]
    Refused(Problem),
    /// The answer makes no sense.
    #[error("the gateway at the socket answers in another version's words: {0}")]
    Unintelligible(String),
}

/// A connection to the running gateway.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    socket: PathBuf,
}

impl Client {
    /// Speaks to the gateway behind a socket. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Where the HTTP client cannot be made.
    #[expect(clippy::disallowed_methods, reason = "this one goes to a socket of our own, not to an IdP")]
    pub fn new(socket: &Path) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder().no_proxy().unix_socket(socket).timeout(TIMEOUT).build();
        let http = http.map_err(|error| ClientError::Unintelligible(error.to_string()))?;
        Ok(Self { http, socket: socket.to_owned() })
    }

    /// `GET`.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.send(self.http.get(url(path, query))).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.send(self.http.delete(url(path, query))).await
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(with_body(self.http.post(url(path, &[])), body)?).await
    }

    /// `PUT` of a JSON body.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(with_body(self.http.put(url(path, &[])), body)?).await
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let unreachable = |error: reqwest::Error| {
            let mut deepest: &dyn std::error::Error = &error;
            while let Some(cause) = deepest.source() {
                deepest = cause;
            }
            ClientError::Unreachable { socket: self.socket.clone(), cause: deepest.to_string() }
        };
        let response = request.send().await.map_err(unreachable)?;
        let is_success = response.status().is_success();
        let body = response.bytes().await.map_err(unreachable)?;
        let unintelligible = |error: serde_json::Error| ClientError::Unintelligible(error.to_string());
        if is_success {
            serde_json::from_slice(&body).map_err(unintelligible)
        } else {
            Err(ClientError::Refused(serde_json::from_slice(&body).map_err(unintelligible)?))
        }
    }
}

fn with_body(
    request: reqwest::RequestBuilder,
    body: &impl Serialize,
) -> Result<reqwest::RequestBuilder, ClientError> {
    let body = serde_json::to_vec(body).map_err(|error| ClientError::Unintelligible(error.to_string()))?;
    Ok(request.header("content-type", "application/json").body(body))
}

/// The host is a placeholder: the socket is where it goes.
fn url(path: &str, query: &[(&str, String)]) -> String {
    let mut url = format!("http://gateway{path}");
    if !query.is_empty() {
        let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        url = format!("{url}?{pairs}");
    }
    url
}
