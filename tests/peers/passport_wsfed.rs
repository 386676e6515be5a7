//! npm `passport-wsfed-saml2`, a relying party that takes the test IdP's tokens, and refuses the bad ones that it knows.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hourgate::idp::{Config, RunningIdp, TestIdp};
use hourgate::time::SystemClock;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use crate::programs::browser::{Browser, Page};
use crate::programs::process::Process;

const REALM: &str = "urn:passport";

struct House {
    idp: RunningIdp,
    origin: String,
    _passport: Process,
}

impl House {
    /// It knows RSA only.
    async fn start() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = Config { listen, public_url: None, strict: false, clock: Arc::new(SystemClock) };
        let idp = TestIdp::bind(config).unwrap().start();
        control(&idp, "POST", "/keys/rotate", json!({ "alg": "RS256", "overlap": false })).await;
        let issuer = idp.issuer("t1");
        let metadata = format!("{issuer}/FederationMetadata/2007-06/FederationMetadata.xml");
        let metadata = Browser::new().fetch(&metadata).await.body;
        let (_, signing) = metadata.split_once("use=\"signing\"").unwrap();
        let certificate = signing.split_once("<X509Certificate>").unwrap().1.split('<').next().unwrap();
        let certificate = BASE64_STANDARD.decode(certificate).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        assert!(here.join("node_modules").is_dir(), "run `npm ci` in tests/peers, or tests/run, which does");
        let mut command = Command::new("node");
        command.arg(here.join("passport_wsfed.mjs")).arg(format!("{issuer}/wsfed")).arg(REALM);
        let mut passport = Process::spawn(command.arg(thumbprint(&certificate)));
        let origin = passport.line("listening ");
        Self { idp, origin, _passport: passport }
    }

    async fn set(&self, method: &str, path: &str, body: Value) {
        control(&self.idp, method, path, body).await;
    }

    /// From the relying party to the identity provider, and back with the form that its page sends.
    async fn sign_in(&self, user: &str) -> Page {
        let mut browser = Browser::new();
        let query = format!("login_hint={user}&hourgate_auto=1&wctx=rm%3D0%26id%3Dpassive");
        let page = browser.navigate(&format!("{}/sign-in?{query}", self.origin)).await;
        let form = page.form();
        assert_eq!(form.action, format!("{}/callback", self.origin));
        assert_eq!(form.field("wctx"), "rm=0&id=passive");
        browser.submit_from(&page.url, &form).await
    }
}

async fn control(idp: &RunningIdp, method: &str, path: &str, body: Value) {
    let url = format!("{}_control/t1{path}", idp.base_url());
    let json = [("content-type", "application/json")];
    let page = Browser::new().send(method, &url, &json, &body.to_string()).await;
    assert!((200..300).contains(&page.status), "{page:?}");
}

fn thumbprint(certificate: &[u8]) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[tokio::test]
async fn it_takes_every_kind_of_token_in_every_kind_of_response() {
    let house = House::start().await;
    for (kind, rstr) in [("saml11", "2005/02"), ("saml11", "1.3"), ("saml20", "2005/02"), ("saml20", "1.3")] {
        house.set("PUT", "/wsfed-tokens", json!({ "type": kind, "rstr": rstr })).await;
        let page = house.sign_in("alice").await;
        assert_eq!(page.status, 200, "{kind} {rstr} {page:?}");
        let profile = &page.json()["profile"];
        let claim = |uri: &str| profile[uri].clone();
        assert_eq!(claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"), "alice");
        assert_eq!(claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"), "alice@t1.example");
        let groups = claim("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups");
        assert_eq!(groups, json!(["staff", "finance"]));
        assert_eq!(profile["issuer"], format!("{}/wsfed", house.idp.issuer("t1")));
    }
}

#[tokio::test]
async fn names_with_markup_and_control_characters_arrive() {
    let house = House::start().await;
    let odd = "\"<a>&amp;]]>'\t\r\n é \u{1F600}";
    house.set("PUT", "/users/odd", json!({ "claims": { "name": odd } })).await;
    for kind in ["saml11", "saml20"] {
        house.set("PUT", "/wsfed-tokens", json!({ "type": kind })).await;
        let profile = house.sign_in("odd").await.json()["profile"].clone();
        let name = &profile["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"];
        assert_eq!(name, "\"<a>&amp;]]>' é \u{1F600}", "{profile}");
    }
}

#[tokio::test]
async fn it_refuses_the_bad_tokens_that_it_knows() {
    let house = House::start().await;
    for (mode, word) in [
        ("unsigned", "signature is missing"),
        ("bad_sig", "signature"),
        ("embedded_key", ""),
        ("wrong_aud", "audience"),
        ("missing_aud", "audience"),
        ("expired", "expired"),
        ("not_yet", "expired"),
        ("soap_fault", "fault on demand"),
        ("bare_jwt", "valid xml"),
        ("jwt", ""),
        ("encrypted_gcm", "signature is missing"),
    ] {
        for kind in ["saml11", "saml20"] {
            house.set("PUT", "/wsfed-tokens", json!({ "type": kind })).await;
            house.set("POST", "/faults", json!({ "endpoint": "wsfed", "mode": mode, "times": 1 })).await;
            let page = house.sign_in("alice").await;
            let said = page.json()["error"].as_str().unwrap_or_default().to_lowercase();
            assert!(page.status == 403 && said.contains(word), "{mode} {kind}: {page:?}");
        }
    }
    assert_eq!(house.sign_in("alice").await.status, 200);
}
