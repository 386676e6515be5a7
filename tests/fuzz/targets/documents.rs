//! What IdPs publish: `m` and metadata, or `k` and a key set.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use hourgate::oidc::algorithm::SigningAlgorithm;
use hourgate::oidc::metadata;
use hourgate::oidc::rp_initiated_logout::LogoutRequest;
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
    let sent = [
        ("id_token_hint", "a.b.c"),
        ("client_id", "hourgate"),
        ("post_logout_redirect_uri", "https://app.example.com/bye?a=b"),
        ("state", "s&t"),
    ];
    let [(_, hint), (_, client_id), (_, post_logout_redirect_uri), (_, state)] = sent;
    let request = LogoutRequest { client_id, id_token_hint: Some(hint), post_logout_redirect_uri, state };
    let sign_out = request.url(&parsed);
    let meant = text("end_session_endpoint").and_then(|url| Url::parse(url).ok());
    let way = |url: &Url| (url.origin(), url.path().to_owned());
    assert_eq!(sign_out.as_ref().map(way), meant.as_ref().map(way));
    if let (Some(sign_out), Some(meant)) = (sign_out, meant) {
        let own = meant.query_pairs().into_owned();
        let added = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(sign_out.query_pairs().into_owned().eq(own.chain(added)), "asked otherwise: {sign_out}");
    }
    true
}

/// The bytes of a member of a key, which may be spelt with spare bits that are not zero.
fn means(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::URL_SAFE, lenient).decode(text).ok()
}

fn keys(document: &[u8]) -> bool {
    let Ok((keys, _)) = hourgate::oidc::keys::parse(document) else { return false };
    let mine = json::read(document).expect("what is no JSON was read");
    let Some(Json::List(listed)) = mine.only("keys") else { panic!("no list of keys was read") };
    assert!((1..=100).contains(&keys.keys().len()) && keys.keys().len() <= listed.len());
    // The tokens of an issuer whose public keys we know: whoever verifies one must have been given that key.
    for (token, members) in id_token::signed_tokens() {
        if id_token::verify(token, &keys, &SigningAlgorithm::ALL).is_ok() {
            let given = |key: &Json| {
                let has = |name, value: &str| {
                    let found = key.only(name).and_then(Json::text);
                    found.is_some_and(|found| means(found) == means(value))
                };
                members.iter().all(|(name, value)| has(name, value))
            };
            assert!(listed.iter().any(given), "verified by a key that is not in the set");
        }
    }
    true
}
