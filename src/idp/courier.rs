//! The one way out: what the test IdP sends to clients by itself.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use url::form_urlencoded::Serializer;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends forms.
#[derive(Clone, Debug)]
pub(super) struct Courier(reqwest::Client);

impl Courier {
    /// Certificates are not checked: what goes out is made for tests, and so are the certificates.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        // An error means that it was chosen before: by an earlier call, and alike.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "the test IdP is a program of its own")]
        let builder = reqwest::Client::builder();
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self(client))
    }

    /// Posts a form; the status of the answer, if there was one.
    pub(super) async fn post(&self, uri: &str, form: &[(&str, &str)]) -> Option<u16> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.0.post(uri).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        Some(request.send().await.ok()?.status().as_u16())
    }
}
