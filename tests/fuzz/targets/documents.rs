//! What IdPs publish: `m` and metadata, or `k` and a key set.

use hourgate::oidc::algorithm::SigningAlgorithm;
use hourgate::oidc::metadata;
use hourgate::oidc::rp_initiated_logout;
use url::Url;

use super::id_token;
use super::json::{self, Json};

const ENDPOINTS: [&str; 6] = [
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "end_session_endpoint",
    "revocation_endpoint",
];

/// Metadata counts only for its issuer, byte for byte, and never leads from HTTPS to plain HTTP; a key set verifies nothing
/// but what its own keys signed.
pub fn run(data: &[u8]) -> bool {
    let Some((kind, document)) = data.split_first() else { return false };
    if json::is_deep(document) {
        return false;
    }
    match kind {
        b'm' => metadata(document),
        b'k' => keys(document),
        _ => false,
    }
}

fn metadata(document: &[u8]) -> bool {
    let Ok(parsed) = metadata::parse(id_token::ISSUER, document) else { return false };
    let mine = json::read(document).expect("what is no JSON was read");
    let text = |name: &str| mine.only(name).and_then(Json::text);
    assert_eq!(text("issuer"), Some(id_token::ISSUER));
    for (place, name) in ENDPOINTS.into_iter().enumerate() {
        match text(name) {
            Some(url) => assert_eq!(Url::parse(url).expect("no URL").scheme(), "https", "{name}"),
            None => assert!(place >= 3, "{name} is missing"),
        }
    }
    let token_endpoint = parsed.token_endpoint().expect("it was looked for");
    assert_eq!(Some(token_endpoint.as_str()), text("token_endpoint"));
    assert_eq!(Some(parsed.jwks_uri().as_str()), text("jwks_uri"));
    let sign_out = rp_initiated_logout::url(&parsed, "hourgate", None, "https://app.example.com/bye");
    let meant = text("end_session_endpoint").and_then(|url| Url::parse(url).ok());
    assert_eq!(sign_out.map(|url| url.origin()), meant.map(|url| url.origin()));
    true
}

fn keys(document: &[u8]) -> bool {
    let Ok(keys) = metadata::parse_keys(document) else { return false };
    let mine = json::read(document).expect("what is no JSON was read");
    let Some(Json::List(listed)) = mine.only("keys") else { panic!("no list of keys was read") };
    assert!((1..=100).contains(&keys.keys().len()) && keys.keys().len() <= listed.len());
    // The tokens of an issuer whose public keys we know: whoever verifies one must have been given that key.
    for (token, members) in id_token::signed_tokens() {
        if id_token::verify(token, &keys, &SigningAlgorithm::ALL).is_ok() {
            let given = |key: &Json| {
                members.iter().all(|(name, value)| key.only(name).and_then(Json::text) == Some(value))
            };
            assert!(listed.iter().any(given), "verified by a key that is not in the set");
        }
    }
    true
}
