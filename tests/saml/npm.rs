//! Tokens of npm `saml` and npm `wsfed`, as issuers out there make them.

use std::path::Path;
use std::process::Command;

use hourgate::saml::VerifiedAssertion;
use serde::Deserialize;

use crate::documents::{Document, Verifier};
use crate::workshop;

const ALICE: &str = "alice@example.test";
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
const GROUPS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";

/// What the program prints.
#[derive(Debug, Deserialize)]
struct Made {
    /// Milliseconds since the epoch.
    now: i64,
    tokens: Vec<Token>,
}

#[derive(Debug, Deserialize)]
struct Token {
    name: String,
    version: String,
    wresult: String,
}

fn made() -> Made {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    assert!(here.join("node_modules/saml").is_dir(), "run `npm ci` in tests/peers, or tests/run, which does");
    let settings = &Document::named("as_ad_fs_sends_it_20").settings;
    let output = Command::new("node")
        .arg(here.join("saml_tokens.mjs"))
        .arg(workshop::corpus().join("keys"))
        .args([&settings.issuer, &settings.audience])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What becomes of the tokens of this name, each with its version: by default, and with what an operator may allow.
fn judged(name: &str) -> Vec<(String, [Result<VerifiedAssertion, &'static str>; 2])> {
    let made = made();
    let mut settings = Document::named("as_ad_fs_sends_it_20").settings.clone();
    settings.now = made.now / 1000;
    let strict = Verifier::new(&settings);
    (settings.sha1, settings.cbc) = (true, true);
    let lenient = Verifier::new(&settings);
    let of_name: Vec<_> = made.tokens.into_iter().filter(|token| token.name == name).collect();
    assert!(!of_name.is_empty(), "no token is {name}");
    of_name
        .into_iter()
        .map(|token| (token.version, [&strict, &lenient].map(|it| it.judge(token.wresult.as_bytes()))))
        .collect()
}

fn assert_is_alice(version: &str, assertion: &VerifiedAssertion) {
    assert_eq!(assertion.name_id(), Some(ALICE), "{version}");
    assert_eq!(assertion.claim(&format!("{CLAIMS}/emailaddress")), Some(ALICE));
    assert_eq!(assertion.claim(&format!("{CLAIMS}/name")), Some("Zoë <Alice> & \"李雷\" 😀"));
    assert_eq!(assertion.claims()[GROUPS], ["staff", "readers"]);
    assert_eq!(assertion.claims().len(), 3);
}

#[test]
fn tokens_of_npm_saml_are_accepted_in_both_versions() {
    let tokens = judged("saml");
    assert_eq!(tokens.len(), 2);
    for (version, [strict, lenient]) in tokens {
        assert_is_alice(&version, &strict.unwrap());
        assert_is_alice(&version, &lenient.unwrap());
    }
}

#[test]
fn tokens_of_npm_saml_with_sha_1_are_accepted_by_the_operators_word_only() {
    for (version, [strict, lenient]) in judged("saml sha1") {
        assert_eq!(strict.unwrap_err(), "signature_alg");
        assert_is_alice(&version, &lenient.unwrap());
    }
}

#[test]
fn wsf_15_tokens_that_npm_saml_encrypted_with_gcm_are_opened() {
    for (version, [strict, lenient]) in judged("saml gcm") {
        assert_is_alice(&version, &strict.unwrap());
        assert_is_alice(&version, &lenient.unwrap());
    }
}

#[test]
fn wsf_15_tokens_that_npm_saml_encrypted_with_cbc_are_opened_by_the_operators_word_only() {
    for (version, [strict, lenient]) in judged("saml cbc") {
        assert_eq!(strict.unwrap_err(), "encryption_alg");
        assert_is_alice(&version, &lenient.unwrap());
    }
}

#[test]
fn responses_of_npm_wsfed_are_accepted_and_its_jwt_is_not() {
    for (_, [strict, _]) in judged("wsfed") {
        let assertion = strict.unwrap();
        assert_eq!(assertion.name_id(), Some(ALICE));
        assert_eq!(assertion.claim(&format!("{CLAIMS}/emailaddress")), Some(ALICE));
        assert_eq!(assertion.claim(&format!("{CLAIMS}/surname")), Some("A"));
        // It says that the credentials were entered when the token will end; whoever asks for fresh ones must know.
        assert_eq!(assertion.authenticated_at(), Some(assertion.expires_at()));
    }
    for (_, [strict, lenient]) in judged("wsfed jwt") {
        assert_eq!((strict.unwrap_err(), lenient.unwrap_err()), ("token_type", "token_type"));
    }
}
