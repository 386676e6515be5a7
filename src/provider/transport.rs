//! The one outbound HTTP client: no redirects, one deadline for the whole call, answers of at most 1 MiB.

use std::path::Path;
use std::time::Duration;

use oauth2::{HttpRequest, HttpResponse};

use crate::session::names::ProviderId;

/// A longer answer is refused: metadata, keys and tokens are far smaller.
const LARGEST_ANSWER: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportSetupError {
    /// The CA file cannot be read.
    #[error("cannot read the CA file {path}: {cause}")]
    CaFile {
        /// The file.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The CA file holds no certificate, or TLS cannot be set up.
    #[error("cannot set up TLS for the identity provider {provider}: {cause}")]
    Tls {
        /// Which IdP.
        provider: String,
        /// What is wrong.
        cause: reqwest::Error,
    },
}

/// A call that brought no answer. Holds the host, never a query or a body.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There was no connection: the other side has seen nothing of the request.
    #[error("{what}")]
    NotSent {
        /// What failed, in words that hold no URL.
        what: String,
    },
    /// TLS, the deadline, or the answer's framing failed.
    #[error("{what}")]
    Failed {
        /// What failed, in words that hold no URL.
        what: String,
    },
    /// The answer is larger than anything that could be meant.
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
}

/// The way to one IdP.
#[derive(Clone, Debug)]
pub struct Transport(reqwest::Client);

impl Transport {
    /// Makes the client for an IdP; a call may take as long as `within`, from connecting to the last byte.
    ///
    /// # Errors
    ///
    /// Where the CA file is unreadable or TLS cannot be set up.
    pub fn new(
        provider: &ProviderId,
        ca_file: Option<&Path>,
        within: Duration,
        https_only: bool,
    ) -> Result<Self, TransportSetupError> {
        let tls = |cause| TransportSetupError::Tls { provider: provider.to_string(), cause };
        #[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(within))
            .timeout(within)
            .https_only(https_only)
            .user_agent(concat!("hourgate/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = ca_file {
            for certificate in certificates(path)?.map_err(tls)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self(builder.build().map_err(tls)?))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// [`TransportError`]: there was no complete answer. What the other side did is unknown.
    pub async fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.0.execute(request).await.map_err(failed)?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            std::mem::swap(headers, answer.headers_mut());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        response.body(body).map_err(|error| TransportError::Failed { what: error.to_string() })
    }

    /// Fetches a document.
    ///
    /// # Errors
    ///
    /// As [`Transport::call`]; any status but 200 is an error too.
    pub async fn get(
        &self,
        url: &str,
        accept: &str,
        bearer: Option<&str>,
    ) -> Result<Vec<u8>, TransportError> {
        let mut request = http::Request::get(url).header(http::header::ACCEPT, accept);
        if let Some(token) = bearer {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request =
            request.body(Vec::new()).map_err(|error| TransportError::Failed { what: error.to_string() })?;
        let response = self.call(request).await?;
        match response.status().as_u16() {
            200 => Ok(response.into_body()),
            status => Err(TransportError::Failed { what: format!("HTTP status {status}") }),
        }
    }
}

fn certificates(
    path: &Path,
) -> Result<Result<Vec<reqwest::Certificate>, reqwest::Error>, TransportSetupError> {
    let pem = std::fs::read(path)
        .map_err(|cause| TransportSetupError::CaFile { path: path.display().to_string(), cause })?;
    Ok(reqwest::Certificate::from_pem_bundle(&pem))
}

/// The error and its causes in one line, without the URL: a query can hold a token.
fn failed(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut what = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        what.push_str(": ");
        what.push_str(&error.to_string());
        cause = error.source();
    }
    if error.is_connect() { TransportError::NotSent { what } } else { TransportError::Failed { what } }
}
