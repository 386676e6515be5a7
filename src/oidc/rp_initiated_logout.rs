//! RP-Initiated Logout 1.0: where the browser goes so that the IdP ends its session too.

use url::Url;

use super::metadata::ProviderMetadata;

/// The URL of the IdP's end session endpoint; `None` where it has none.
#[must_use]
pub fn url(
    metadata: &ProviderMetadata,
    client_id: &str,
    id_token_hint: Option<&str>,
    post_logout_redirect_uri: &str,
) -> Option<Url> {
    let mut url = metadata.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
    let mut query = url.query_pairs_mut();
    // The crate's `LogoutRequest` wants a parsed ID token; ours is the text that was kept.
    if let Some(hint) = id_token_hint {
        query.append_pair("id_token_hint", hint);
    }
    query
        .append_pair("client_id", client_id)
        .append_pair("post_logout_redirect_uri", post_logout_redirect_uri);
    drop(query);
    Some(url)
}
