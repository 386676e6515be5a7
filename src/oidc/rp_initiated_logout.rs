//! RP-Initiated Logout 1.0: where the browser goes so that the IdP ends its session too.

use url::Url;

use super::metadata::ProviderMetadata;

/// A logout request (section 2).
#[derive(Clone, Copy)]
pub struct LogoutRequest<'a> {
    /// Our client id.
    pub client_id: &'a str,
    /// The ID token of the session, if it is known.
    pub id_token_hint: Option<&'a str>,
    /// Where the IdP sends the browser after; must be registered there, byte for byte.
    pub post_logout_redirect_uri: &'a str,
    /// Comes back with the browser.
    pub state: &'a str,
}

impl LogoutRequest<'_> {
    /// The URL of the IdP's end session endpoint; `None` where it has none.
    #[must_use]
    pub fn url(&self, metadata: &ProviderMetadata) -> Option<Url> {
        let mut url = metadata.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
        let mut query = url.query_pairs_mut();
        // The crate's own request wants a parsed ID token; ours is the text that was kept.
        if let Some(hint) = self.id_token_hint {
            query.append_pair("id_token_hint", hint);
        }
        query
            .append_pair("client_id", self.client_id)
            .append_pair("post_logout_redirect_uri", self.post_logout_redirect_uri)
            .append_pair("state", self.state);
        drop(query);
        Some(url)
    }
}
