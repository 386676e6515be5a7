//! Federation metadata of a WS-Federation IdP.

use std::sync::OnceLock;

use hourgate::saml::TrustedKeys;
use hourgate::wsfed::metadata::{FederationMetadata, parse};
use roxmltree::Document;
use url::Url;

use super::saml_response::ISSUER;

const ENDPOINT: &str = "https://fs.example.test/adfs/ls/";

/// Metadata counts only for its issuer, byte for byte; under a pinned key it says what was signed, and nothing else.
pub fn run(data: &[u8]) -> bool {
    static KEYS: OnceLock<TrustedKeys> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let certificates: [&[u8]; 2] =
            [include_bytes!("saml_keys/first.der"), include_bytes!("saml_keys/second.der")];
        TrustedKeys::from_certificates(certificates).unwrap()
    });
    if let Ok(trusted) = parse(data, ISSUER, Some(keys)) {
        let endpoint = Url::parse(ENDPOINT).unwrap();
        let signed = FederationMetadata {
            entity_id: ISSUER.to_owned(),
            sign_in_url: endpoint.clone(),
            sign_out_url: endpoint,
            keys: keys.clone(),
            skipped: 0,
            is_test_idp: false,
        };
        assert_eq!(trusted, signed);
    }
    let Ok(metadata) = parse(data, ISSUER, None) else { return false };
    assert_eq!(metadata.entity_id, ISSUER);
    for url in [&metadata.sign_in_url, &metadata.sign_out_url] {
        assert!(["http", "https"].contains(&url.scheme()), "{url}");
    }
    let text = std::str::from_utf8(data)
        .expect("it is read, and is no UTF-8")
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let document = Document::parse(text.trim_start_matches('\u{feff}')).expect("what is no XML was read");
    assert_eq!(document.root_element().attribute("entityID"), Some(ISSUER));
    let mut addresses = document.descendants().filter(|node| node.tag_name().name() == "Address");
    let is_there = addresses.any(|node| {
        let address: String = node.children().filter_map(|child| child.text()).collect();
        Url::parse(address.trim()).is_ok_and(|address| address == metadata.sign_in_url)
    });
    assert!(is_there, "{} is nowhere in {text}", metadata.sign_in_url);
    let says_test = text.contains("urn:hourgate:test-idp");
    assert!(says_test || !metadata.is_test_idp, "{text}");
    true
}
