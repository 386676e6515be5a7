//! npm `oidc-provider`, a certified OpenID Provider.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::programs::browser::{Browser, Page};
use crate::programs::gateway::{Gateway, Setup};
use crate::programs::hourgate::program;
use crate::programs::process::Process;
use crate::programs::redis_server::RedisServer;
use crate::programs::wait::{eventually, free_port};

/// Short enough that no test waits long.
const INTERVAL: &str = "3s";

struct House {
    issuer: String,
    gateway: Gateway,
    port: u16,
    _op: Process,
    _redis: RedisServer,
    _keys: TempDir,
}

impl House {
    fn start(client_authentication: &str, rotation: &str) -> Self {
        Self::with(client_authentication, rotation, "")
    }

    /// With a secret or a private key, as the client authentication wants, and with `more` in the table of the provider.
    fn with(client_authentication: &str, rotation: &str, more: &str) -> Self {
        let keys = TempDir::new().unwrap();
        let key_file = keys.path().join("client.pem").display().to_string();
        let keys_client = |args: &[&str]| {
            let output = program().args(["keys", "client"]).args(args).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let rsa = if more.contains("PS256") { &["--rsa"][..] } else { &[] };
        keys_client(&[&["new", "--file", &key_file], rsa].concat());
        let proof = if client_authentication == "private_key_jwt" {
            format!("private_key_file = \"{key_file}\"")
        } else {
            format!("client_secret = \"secret of {client_authentication}, with % + and :\"")
        };
        let algorithm = if rsa.is_empty() { &[][..] } else { &["--key-algorithm", "PS256"] };
        let jwks = keys_client(&[&["jwks", "--file", &key_file], algorithm].concat());
        let (redis, port) = (RedisServer::start(), free_port());
        let origin = format!("http://app.localhost:{port}");
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        assert!(here.join("node_modules").is_dir(), "run `npm ci` in tests/peers, or tests/run, which does");
        let mut op = Process::spawn(
            Command::new("node")
                .arg(here.join("op.mjs"))
                .arg(format!("{origin}/_hourgate/callback/op"))
                .arg(format!("{origin}/_hourgate/signed-out"))
                .arg(rotation)
                .arg(jwks),
        );
        let issuer = op.line("issuer ");
        let providers = format!(
            r#"
[[provider]]
id = "op"
issuer = "{issuer}"
client_id = "{client_authentication}"
client_authentication = "{client_authentication}"
{proof}
{more}
"#
        );
        let gateway = Gateway::start(&Setup {
            port,
            redis: &redis.url(),
            providers: &providers,
            hosts: &[&origin],
            policy_check_interval: INTERVAL,
        });
        Self { issuer, gateway, port, _op: op, _redis: redis, _keys: keys }
    }

    fn url(&self, path: &str) -> String {
        format!("http://app.localhost:{}/_hourgate{path}", self.port)
    }

    /// Goes to the sign-in and comes back; there is no app behind, so that the front page is nobody's.
    async fn sign_in(&self, browser: &mut Browser, name: &str) -> Page {
        let page = browser.navigate(&self.url(&format!("/start?rd=/&login_hint={name}"))).await;
        assert_eq!((page.status, page.url.path()), (404, "/"), "{page:?}");
        page
    }

    async fn op(&self, method: &str, path: &str) -> Page {
        Browser::new().send(method, &format!("{}/control{path}", self.issuer), &[], "").await
    }

    async fn count(&self, what: &str) -> u64 {
        self.op("GET", "/state").await.json()[what].as_u64().unwrap()
    }

    /// Waits until the proof was renewed so many times, without a word from any browser.
    async fn see_refreshes(&self, times: usize) {
        let mut proved_at = self.proved_at();
        for _ in 0..times {
            proved_at = eventually("a newer proof", async || {
                Some(self.proved_at()).filter(|newer| *newer != proved_at)
            })
            .await;
        }
    }

    fn proved_at(&self) -> Value {
        self.gateway.session()["proved_at"].clone()
    }

    /// Once a check is not under way just now.
    async fn userinfo(&self, browser: &mut Browser) -> Value {
        eventually("the session is good", async || {
            let page = browser.fetch(&self.url("/userinfo")).await;
            (page.status == 200).then(|| page.json())
        })
        .await
    }
}

async fn signs_in_with(client_authentication: &str) {
    let house = House::start(client_authentication, "keep");
    let mut browser = Browser::new();
    house.sign_in(&mut browser, "bob").await;
    let who = house.userinfo(&mut browser).await;
    assert_eq!((&who["user"], &who["email"]), (&"bob".into(), &"bob@peer.example".into()), "{who}");
    assert_eq!(house.gateway.session()["renewal"], "background");
}

#[tokio::test]
async fn people_sign_in_with_client_secret_basic() {
    signs_in_with("client_secret_basic").await;
}

#[tokio::test]
async fn people_sign_in_with_client_secret_post() {
    signs_in_with("client_secret_post").await;
}

/// It wants this client's requests pushed, and checks every assertion's signature, audience and single use.
#[tokio::test]
async fn a_gateway_with_a_key_of_its_own_signs_people_in_and_renews_their_proof() {
    for more in ["", "key_algorithm = \"PS256\""] {
        let house = House::with("private_key_jwt", "rotate", more);
        let mut browser = Browser::new();
        house.sign_in(&mut browser, "bob").await;
        house.see_refreshes(2).await;
        assert_eq!(house.userinfo(&mut browser).await["user"], "bob");
        assert_eq!((house.count("pushes").await, house.count("sign_ins").await), (1, 1), "{more}");
    }
}

#[tokio::test]
async fn requests_are_pushed_because_it_offers_that_unless_the_operator_says_no() {
    for (wish, pushes) in [("auto", 1), ("always", 1), ("never", 0)] {
        let house = House::with(
            "client_secret_basic",
            "keep",
            &format!("pushed_authorization_requests = \"{wish}\""),
        );
        house.sign_in(&mut Browser::new(), "alice").await;
        assert_eq!(house.count("pushes").await, pushes, "{wish}");
    }
}

#[tokio::test]
async fn its_answer_by_post_is_taken() {
    let house = House::with("client_secret_basic", "keep", "response_mode = \"form_post\"");
    let mut browser = Browser::new();
    let page = browser.navigate(&house.url("/start?rd=/&login_hint=alice")).await;
    let form = page.form();
    assert_eq!(form.action, house.url("/callback/op"));
    assert!(!form.field("code").is_empty() && form.field("iss") == house.issuer, "{form:?}");
    let back = browser.submit_from(&page.url, &form).await;
    assert_eq!(back.hops[0].0, 303, "{back:?}");
    assert_eq!((back.status, back.url.path()), (404, "/"));
    assert_eq!(house.userinfo(&mut browser).await["user"], "alice");
}

#[tokio::test]
async fn the_id_token_is_renewed_silently_while_the_browser_sends_nothing() {
    let house = House::start("client_secret_basic", "keep");
    let mut browser = Browser::new();
    house.sign_in(&mut browser, "alice").await;
    house.see_refreshes(2).await;
    assert!(house.count("refreshes").await >= 2);
    assert_eq!(house.count("sign_ins").await, 1);
    assert_eq!(house.userinfo(&mut browser).await["user"], "alice");
}

/// A refresh token that was used already would end the grant: each must be the newest.
#[tokio::test]
async fn rotated_refresh_tokens_are_followed() {
    let house = House::start("client_secret_basic", "rotate");
    let mut browser = Browser::new();
    house.sign_in(&mut browser, "alice").await;
    house.see_refreshes(4).await;
    assert!(house.count("refreshes").await >= 4);
    assert_eq!(house.userinfo(&mut browser).await["user"], "alice");
}

#[tokio::test]
async fn whoever_is_removed_there_is_refused_though_their_browser_sent_nothing() {
    let house = House::start("client_secret_basic", "keep");
    let (mut alices, mut bobs) = (Browser::new(), Browser::new());
    house.sign_in(&mut alices, "alice").await;
    let session = house.gateway.session_id();
    house.sign_in(&mut bobs, "bob").await;
    assert_eq!(house.op("POST", "/remove/alice").await.status, 204);
    let why = eventually("the session has ended", async || house.gateway.why_ended(&session)).await;
    assert_eq!(why, "idp_refused");

    let seen = alices.fetch(&house.url("/session")).await.json();
    assert_eq!((&seen["authenticated"], &seen["reason"]), (&false.into(), &"idp_refused".into()), "{seen}");
    assert_eq!(alices.fetch(&house.url("/userinfo")).await.status, 401);
    assert_eq!(house.userinfo(&mut bobs).await["user"], "bob");
}

#[tokio::test]
async fn signing_out_ends_the_session_there_too() {
    let house = House::start("client_secret_basic", "keep");
    let mut browser = Browser::new();
    house.sign_in(&mut browser, "alice").await;
    let session = house.gateway.session_id();

    let question = browser.submit(&house.url("/signout"), &[]).await;
    assert!(question.url.as_str().starts_with(&format!("{}/session/end?", house.issuer)), "{question:?}");
    assert_eq!(house.gateway.why_ended(&session).as_deref(), Some("signed_out"));
    // The provider wants to hear it from the person: its page has a form with two fields.
    let (_, rest) = question.body.split_once("name=\"xsrf\" value=\"").unwrap();
    let xsrf = rest.split('"').next().unwrap();
    let confirm = format!("{}/session/end/confirm", house.issuer);
    let page = browser.submit(&confirm, &[("xsrf", xsrf), ("logout", "yes")]).await;
    let (address, query) = page.url.as_str().split_once('?').unwrap();
    assert_eq!((page.status, address), (200, house.url("/signed-out").as_str()), "{page:?}");
    assert!(
        query.starts_with("state=") && page.body.contains("sign-in service"),
        "the state came back: {page:?}"
    );

    assert_eq!(house.count("sign_ins").await, 1);
    house.sign_in(&mut browser, "alice").await;
    assert_eq!(house.count("sign_ins").await, 2, "its session went on");
}

/// What the test above holds against: while the provider's session lives, nobody is asked again.
#[tokio::test]
async fn a_second_sign_in_of_a_browser_asks_nobody() {
    let house = House::start("client_secret_basic", "keep");
    let mut browser = Browser::new();
    house.sign_in(&mut browser, "alice").await;
    house.gateway.ask(&["users", "revoke", "alice"]);
    let explained = browser.navigate(&house.url("/start?rd=/")).await;
    assert!(explained.body.contains("revoked"), "{explained:?}");
    let page = browser.navigate(&house.url("/start?rd=/&ask=1")).await;
    assert_eq!(page.url.path(), "/", "{page:?}");
    assert_eq!(house.count("sign_ins").await, 1);
    assert_eq!(house.userinfo(&mut browser).await["user"], "alice");
}
