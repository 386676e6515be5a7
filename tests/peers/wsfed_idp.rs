//! npm `wsfed`, an identity provider of WS-Federation, signs people in through the gateway.

use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs::browser::{Browser, Form, Page};
use crate::programs::gateway::{Gateway, Setup};
use crate::programs::hourgate::program;
use crate::programs::process::Process;
use crate::programs::redis_server::RedisServer;
use crate::programs::wait::free_port;

const REALM: &str = "urn:hourgate:peer";
const METADATA: &str = "/FederationMetadata/2007-06/FederationMetadata.xml";

/// An RSA key of 2048 bits in a file, and a certificate of it in another.
struct Key {
    pair: KeyPair,
    file: String,
    certificate: String,
    certificate_file: String,
}

impl Key {
    fn new(dir: &TempDir, name: &str) -> Self {
        let path = |kind: &str| dir.path().join(format!("{name}.{kind}")).display().to_string();
        let (file, certificate_file) = (path("key"), path("crt"));
        let made = program().args(["keys", "client", "new", "--rsa", "--file", &file]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let pair = KeyPair::from_pem(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let certificate = CertificateParams::default().self_signed(&pair).unwrap().pem();
        std::fs::write(&certificate_file, &certificate).unwrap();
        Self { pair, file, certificate, certificate_file }
    }
}

struct House {
    idp: String,
    gateway: Gateway,
    port: u16,
    /// What tokens can be encrypted to.
    own: Key,
    _wsfed: Process,
    _redis: RedisServer,
    _keys: TempDir,
}

/// How the gateway learns the IdP's endpoint and key.
enum Trust {
    Metadata,
    Pinned,
}

impl House {
    async fn start(trust: Trust, more: &str) -> Self {
        let keys = TempDir::new().unwrap();
        let (theirs, own) = (Key::new(&keys, "wsfed"), Key::new(&keys, "own"));
        let (redis, port) = (RedisServer::start(), free_port());
        let origin = format!("http://app.localhost:{port}");
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        assert!(here.join("node_modules").is_dir(), "run `npm ci` in tests/peers, or tests/run, which does");
        let mut wsfed = Process::spawn(
            Command::new("node")
                .arg(here.join("wsfed_idp.mjs"))
                .arg(REALM)
                .arg(format!("{origin}/_hourgate/wsfed/peer"))
                .args([&theirs.file, &theirs.certificate_file]),
        );
        let idp = wsfed.line("listening ");
        let trust = match trust {
            Trust::Metadata => format!("metadata_url = \"{idp}{METADATA}\""),
            Trust::Pinned => {
                let file = &theirs.certificate_file;
                format!("endpoint = \"{idp}/wsfed\"\nsigning_certificate_file = \"{file}\"")
            }
        };
        let providers = format!(
            r#"
[[provider]]
id = "peer"
protocol = "ws_federation"
issuer = "urn:npm:wsfed"
realm = "{REALM}"
{trust}
{more}
[provider.claims]
preferred_username = "http://schemas.passportjs.com/login"
groups = "http://schemas.passportjs.com/groups"
"#
        )
        .replace("{own}", &own.file);
        let gateway = Gateway::start(&Setup {
            port,
            redis: &redis.url(),
            providers: &providers,
            hosts: &[&origin],
            policy_check_interval: "60m",
        });
        Self { idp, gateway, port, own, _wsfed: wsfed, _redis: redis, _keys: keys }
    }

    fn url(&self, path: &str) -> String {
        format!("http://app.localhost:{}/_hourgate{path}", self.port)
    }

    /// Changes what its tokens are like.
    async fn tokens(&self, options: Value) {
        let url = format!("{}/control/tokens", self.idp);
        let done = Browser::new().send("POST", &url, &[], &options.to_string()).await;
        assert_eq!(done.status, 204, "{done:?}");
    }

    /// Goes as far as the page that posts the token.
    async fn up_to_the_answer(&self, browser: &mut Browser) -> (Page, Form) {
        let page = browser.navigate(&self.url("/start?rd=/&login_hint=bob&ask=1")).await;
        assert!(page.status == 200 && page.url.as_str().starts_with(&self.idp), "{page:?}");
        let form = page.form();
        assert_eq!(form.action, self.url("/wsfed/peer"));
        (page, form)
    }

    /// Goes to the sign-in and wherever its answer leads.
    async fn sign_in(&self, browser: &mut Browser) -> Page {
        let (page, form) = self.up_to_the_answer(browser).await;
        browser.submit_from(&page.url, &form).await
    }

    fn sessions(&self) -> usize {
        self.gateway.ask(&["sessions", "list"])["sessions"].as_array().unwrap().len()
    }
}

/// There is no app behind: the front page is nobody's.
fn is_in(page: &Page) {
    assert_eq!((page.status, page.url.path()), (404, "/"), "{page:?}");
}

fn is_refused(page: &Page, code: &str) {
    let says_why = page.body.contains(&format!("<code>{code}</code>"));
    assert!(page.status == 400 && says_why, "{code}: {page:?}");
}

#[tokio::test]
async fn people_sign_in_and_are_known_by_name_mail_and_groups() {
    for trust in [Trust::Metadata, Trust::Pinned] {
        let house = House::start(trust, "").await;
        let mut browser = Browser::new();
        is_in(&house.sign_in(&mut browser).await);
        let who = browser.fetch(&house.url("/userinfo")).await.json();
        let expected = json!({
            "user": "bob",
            "email": "bob@peer.example",
            "groups": ["staff", "finance"],
            "preferredUsername": "bob@login.example",
        });
        assert_eq!(who, expected);
        let session = house.gateway.session();
        assert_eq!((&session["renewal"], &session["issuer"]), (&"browser".into(), &"urn:npm:wsfed".into()));
        let seen = browser.fetch(&house.url("/session")).await.json();
        let hours = seen["proof"]["ends_in"].as_u64().unwrap().div_ceil(3600);
        assert_eq!(hours, 8, "as long as the token is good: {seen}");
    }
}

#[tokio::test]
async fn the_configuration_for_it_is_valid_and_what_is_wrong_with_another_is_said() {
    let house = House::start(Trust::Pinned, "").await;
    let check = || house.gateway.cli(&["config", "check"]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let good = check();
    assert!(good.status.success() && good.stderr.is_empty(), "{good:?}");
    assert!(text(good.stdout).contains("is valid: 1 provider, 1 environment, 1 host"));

    let config = std::fs::read_to_string(house.gateway.config()).unwrap();
    let realm = format!("realm = \"{REALM}\"\n");
    let no_key = format!("id = \"peer\"\ndecryption_key_file = \"{}\"", house.own.certificate_file);
    for (from, to, words) in [
        (realm.as_str(), "", "provider[0].realm is missing"),
        ("endpoint = \"http://127.0.0.1", "endpoint = \"http://idp.example.com", "is plain http"),
        ("issuer = \"urn:npm:wsfed\"", "issuer = \"urn:npm:wsfed\"\nclient_id = \"x\"", "client_id"),
        (
            "endpoint = ",
            "metadata_url = \"http://127.0.0.1/\"\nendpoint = ",
            "has no use beside metadata_url",
        ),
        ("signing_certificate_file = ", "#", "signing_certificate_file is missing"),
        ("id = \"peer\"", no_key.as_str(), "holds no usable key"),
    ] {
        let changed = config.replace(from, to);
        assert_ne!(changed, config, "{from}");
        std::fs::write(house.gateway.config(), changed).unwrap();
        let bad = check();
        assert_eq!(bad.status.code(), Some(78), "{from}: {bad:?}");
        let said = text(bad.stderr);
        assert!(said.contains(words), "{words} is not in {said}");
    }
}

#[tokio::test]
async fn wsf_12_and_wsf_13_a_token_is_good_once_and_in_the_browser_that_asked() {
    let house = House::start(Trust::Metadata, "").await;
    let (mut owner, mut thief) = (Browser::new(), Browser::new());
    let (page, answer) = house.up_to_the_answer(&mut owner).await;
    is_refused(&thief.submit_from(&page.url, &answer).await, "other_browser");
    let (_, own) = house.up_to_the_answer(&mut thief).await;
    is_refused(&thief.submit_from(&page.url, &answer).await, "other_browser");
    assert_eq!(house.sessions(), 0);

    is_in(&owner.submit_from(&page.url, &answer).await);
    let stolen = own.with("wresult", answer.field("wresult"));
    is_refused(&thief.submit_from(&page.url, &stolen).await, "replayed");
    assert_eq!(thief.fetch(&house.url("/userinfo")).await.status, 401);
    is_in(&owner.submit_from(&page.url, &answer).await);
    assert_eq!(house.sessions(), 1, "a reload signs nobody in");
}

#[tokio::test]
async fn wsf_07_and_wsf_10_and_wsf_11_tokens_for_others_or_of_a_weaker_kind_are_refused() {
    let house = House::start(Trust::Metadata, "longest_token = \"8h\"").await;
    for (options, code) in [
        (json!({ "audience": "urn:hourgate:other" }), "audience"),
        (json!({ "audience": "urn:hourgate:peer2" }), "audience"),
        (json!({ "issuer": "urn:npm:other" }), "issuer"),
        (json!({ "lifetime": 8 * 3600 + 1 }), "lifetime"),
        (json!({ "signatureAlgorithm": "rsa-sha1" }), "signature_alg"),
        (json!({ "digestAlgorithm": "sha1" }), "digest_alg"),
        (json!({ "jwt": true }), "token_type"),
        (
            json!({
                "key": house.own.pair.serialize_pem(),
                "cert": house.own.certificate,
            }),
            "signature_value",
        ),
    ] {
        house.tokens(options).await;
        let mut browser = Browser::new();
        is_refused(&house.sign_in(&mut browser).await, code);
        assert_eq!(browser.fetch(&house.url("/userinfo")).await.status, 401, "{code}");
    }
    assert_eq!(house.sessions(), 0);
    house.tokens(json!({})).await;
    is_in(&house.sign_in(&mut Browser::new()).await);
}

/// It signs in whoever comes, and says that credentials were entered 8 hours from now.
#[tokio::test]
async fn a2_credentials_that_are_yet_to_be_entered_are_not_those_that_were_asked_for() {
    let house = House::start(Trust::Metadata, "").await;
    let mut browser = Browser::new();
    is_in(&house.sign_in(&mut browser).await);
    let out = browser.submit(&house.url("/signout"), &[]).await;
    assert!(out.url.as_str().starts_with(&format!("{}/wsfed?wa=wsignout1.0&", house.idp)), "{out:?}");
    assert_eq!(house.sessions(), 0);
    let (page, answer) = house.up_to_the_answer(&mut browser).await;
    assert!(page.url.as_str().contains("wfresh=0"), "{page:?}");
    is_refused(&browser.submit_from(&page.url, &answer).await, "authn_instant");
    assert_eq!(house.sessions(), 0);
}

#[tokio::test]
async fn wsf_15_its_encrypted_tokens_are_read_where_the_operator_takes_cbc() {
    for (cbc, code) in [(true, None), (false, Some("encryption_alg"))] {
        let more = format!("decryption_key_file = \"{{own}}\"\ncbc = {cbc}");
        let house = House::start(Trust::Metadata, &more).await;
        let public_key = house.own.pair.public_key_pem();
        let to_us = json!({ "encryptionCert": house.own.certificate, "encryptionPublicKey": public_key });
        house.tokens(to_us).await;
        let mut browser = Browser::new();
        let (page, answer) = house.up_to_the_answer(&mut browser).await;
        // No base64 has an @ in it.
        let wresult = answer.field("wresult");
        assert!(wresult.contains("xmlenc#aes256-cbc") && !wresult.contains("bob@"), "{wresult}");
        let back = browser.submit_from(&page.url, &answer).await;
        match code {
            None => is_in(&back),
            Some(code) => is_refused(&back, code),
        }
    }
}
