//! The tokens of the tests of Microsoft's IdentityModel, and metadata of real AD FS servers: see `microsoft/NOTICE`.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hourgate::saml::{AssertionError, Expected, TrustedKeys, VerifiedAssertion, Version};
use hourgate::time::Timestamp;
use hourgate::wsfed::metadata::{self, FederationMetadata, MetadataError};
use hourgate::wsfed::response;

/// When most of the tokens of SAML 2.0 were issued, and the one of SAML 1.1.
const MARCH: &str = "2017-03-20T15:52:31.957Z";
const AUGUST: &str = "2017-08-25T21:17:29.561Z";

fn file(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/saml/microsoft");
    std::fs::read_to_string(format!("{folder}/{name}.xml")).unwrap()
}

/// The certificates that Microsoft's tests trust: those of Azure AD then, and the one of the tests' own key.
fn keys() -> TrustedKeys {
    let jwks: serde_json::Value = serde_json::from_str(&file("AADJWKS")).unwrap();
    let listed =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["x5c"][0].as_str().unwrap().to_owned());
    let own = file("SamlToken_Valid");
    let own = own.split_once("<X509Certificate>").unwrap().1.split_once('<').unwrap().0.to_owned();
    TrustedKeys::from_certificates(listed.chain([own]).map(|text| BASE64_STANDARD.decode(text).unwrap()))
        .unwrap()
}

fn instant(text: &str) -> Timestamp {
    hourgate::saml::instant::parse(text).unwrap()
}

fn verify(name: &str, issuer: &str, audience: &str, now: &str) -> Result<VerifiedAssertion, AssertionError> {
    let wresult = format!(
        r#"<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:RequestedSecurityToken>{}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>"#,
        file(name)
    );
    let expected = Expected {
        issuer,
        audience,
        keys: &keys(),
        decryption: None,
        accepts_sha1: false,
        accepts_cbc: false,
        requires_bearer: true,
        longest_life: Duration::from_secs(24 * 3600),
        skew: Duration::from_secs(60),
    };
    response::verify(&wresult, &expected, instant(now))
}

fn entra(name: &str) -> Result<VerifiedAssertion, AssertionError> {
    let issuer = "https://sts.windows.net/add29489-7269-41f4-8841-b63c95564420/";
    verify(name, issuer, "spn:fe78e0b4-6fe7-47e6-812c-fb75cee266a4", MARCH)
}

fn identity_model(name: &str) -> Result<VerifiedAssertion, AssertionError> {
    verify(name, "http://Default.Issuer.com", "http://Default.Audience.com", AUGUST)
}

#[test]
fn probe() {
    let mut names: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/saml/microsoft"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap().replace(".xml", ""))
        .collect();
    names.sort();
    for name in names {
        if name.starts_with("Saml2") {
            eprintln!("{name}: {:?}", entra(&name).map(|a| a.claims().len()).map_err(|e| e.code()));
        } else if name.starts_with("Saml") {
            eprintln!("{name}: {:?}", identity_model(&name).map(|a| a.claims().len()).map_err(|e| e.code()));
        }
    }
    let _ = (
        Version::V1_1,
        metadata::parse(b"", "", None).map(|_: FederationMetadata| ()) as Result<(), MetadataError>,
    );
}
