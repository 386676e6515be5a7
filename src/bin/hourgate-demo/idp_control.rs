//! The test IdP's control API: people are disabled and enabled there.

use serde::Deserialize;
use url::Url;

use crate::pages::Error;

/// The tenant that the demo has to itself.
pub(crate) const TENANT: &str = "demo";

/// Someone whom the IdP knows.
#[derive(Debug, Deserialize)]
pub(crate) struct Person {
    /// The subject.
    pub(crate) sub: String,
    /// Does the IdP refuse them?
    pub(crate) disabled: bool,
}

/// The control API of the demo's tenant.
pub(crate) struct IdpControl {
    client: reqwest::Client,
    users: Url,
}

impl IdpControl {
    /// Of the IdP that listens at `address`.
    pub(crate) fn new(client: reqwest::Client, address: std::net::SocketAddr) -> Result<Self, Error> {
        Ok(Self { client, users: Url::parse(&format!("http://{address}/_control/{TENANT}/users"))? })
    }

    /// Everyone.
    pub(crate) async fn people(&self) -> Result<Vec<Person>, Error> {
        let answer = self.client.get(self.users.clone()).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// Refuses a person from now on.
    pub(crate) async fn disable(&self, sub: &str) -> Result<(), Error> {
        self.client.post(self.below(&[sub, "disable"])).send().await?.error_for_status()?;
        Ok(())
    }

    /// Lets a person in again.
    pub(crate) async fn enable(&self, sub: &str) -> Result<(), Error> {
        self.client.post(self.below(&[sub, "enable"])).send().await?.error_for_status()?;
        Ok(())
    }

    /// Forgets a person.
    pub(crate) async fn delete(&self, sub: &str) -> Result<(), Error> {
        self.client.delete(self.below(&[sub])).send().await?.error_for_status()?;
        Ok(())
    }

    fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.users.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }
}
