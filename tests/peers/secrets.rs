//! Nothing secret is told: not in logs at their loudest, not in metrics, not by the commands, not on pages.

use serde_json::Value;

use crate::programs::browser::Browser;
use crate::programs::gateway::{Gateway, Setup};
use crate::programs::idp::Idp;
use crate::programs::redis_server::RedisServer;
use crate::programs::wait::{eventually, free_port};

const REDIS_PASSWORD: &str = "redis-password-c0ffee";
const CLIENT_SECRET: &str = "client-secret-5ca1ab1e";
/// Shorter ones might stand somewhere by chance.
const SHORTEST: usize = 12;

/// A person's whole way, with everything that can go wrong on it. Returns what was secret on it.
async fn a_life(house: &mut House) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut browser = Browser::new();
    let url = |path: &str| format!("http://app.localhost:{}/_hourgate/{path}", house.port);
    let page = browser.navigate(&url("start?rd=/")).await;
    // `state`, `nonce`, `code_challenge`; `code`.
    for (_, hop) in &page.hops {
        secrets.extend(
            hop.query_pairs()
                .filter(|(name, _)| ["state", "nonce", "code", "code_challenge"].contains(&name.as_ref()))
                .map(|(_, value)| value.into_owned()),
        );
    }
    let callback =
        page.hops.iter().map(|(_, hop)| hop.to_string()).find(|hop| hop.contains("/callback/")).unwrap();
    let session = house.gateway.session_id();
    cookies(&browser, &url(""), &mut secrets);
    // Once more, from here and from elsewhere, and with something else in place of each.
    browser.send("GET", &callback, &[], "").await;
    Browser::new().send("GET", &callback, &[], "").await;
    browser.send("GET", &callback.replace("code=", "code=x"), &[], "").await;
    browser.send("GET", &callback.replace("state=", "state=x"), &[], "").await;
    for path in [
        "session",
        "userinfo",
        "authz/auth-request",
        "authz/forward-auth",
        "authz/ext-authz/x",
        "check?rd=/",
        "signout",
    ] {
        browser.send("GET", &url(path), &[("authorization", "Bearer stolen-token-deadbeef")], "").await;
    }
    secrets.push("stolen-token-deadbeef".into());
    // A policy check that works, one that is answered with nonsense, one that is not answered.
    let proved = |house: &House| house.gateway.session()["proved_at"].clone();
    for fault in [
        "",
        r#"{"endpoint":"token","mode":"garbage","times":1}"#,
        r#"{"endpoint":"token","mode":"reset","times":1}"#,
    ] {
        if !fault.is_empty() {
            house.idp.post("/faults", fault).await;
        }
        let before = proved(house);
        eventually("a newer proof", async || Some(()).filter(|()| proved(house) != before)).await;
    }
    let form = [("origin", house.origin()), ("sec-fetch-site", "same-origin".into())];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let out = browser.send("POST", &url("signout"), &form, "").await;
    assert_eq!(out.status, 303, "{out:?}");
    assert_eq!(house.gateway.why_ended(&session).as_deref(), Some("signed_out"));
    // A sign-in whose token has a wrong signature, and one that ends because the IdP says so.
    house.idp.post("/faults", r#"{"endpoint":"token","mode":"bad_sig","times":1}"#).await;
    let page = browser.navigate(&url("start?rd=/&ask=1")).await;
    assert_eq!(page.status, 400, "{page:?}");
    browser.navigate(&url("start?rd=/&ask=1")).await;
    cookies(&browser, &url(""), &mut secrets);
    let session = house.gateway.session_id();
    house.idp.disable("alice").await;
    let why = eventually("the session has ended", async || house.gateway.why_ended(&session)).await;
    assert_eq!(why, "idp_refused");
    secrets
}

fn cookies(browser: &Browser, url: &str, secrets: &mut Vec<String>) {
    let header = browser.cookie_header(url);
    // What counts how often a browser was sent back is no secret.
    let pairs = header.split("; ").filter_map(|pair| pair.split_once('='));
    let ours: Vec<_> = pairs.filter(|(name, _)| !name.ends_with("-sent-back")).collect();
    assert_eq!(ours.len(), 2, "{header}");
    secrets.extend(ours.into_iter().map(|(_, value)| value.to_owned()));
}

struct House {
    _redis: RedisServer,
    idp: Idp,
    gateway: Gateway,
    port: u16,
}

impl House {
    async fn start() -> Self {
        let redis = RedisServer::start_with(&["--appendonly", "no", "--requirepass", REDIS_PASSWORD]);
        let (mut idp, port) = (Idp::start().await, free_port());
        idp.post("/secrets", "").await;
        let setup = Setup {
            port,
            redis: &redis.url().replace("redis://", &format!("redis://:{REDIS_PASSWORD}@")),
            providers: &idp.provider().replace("\"any\"", &format!("\"{CLIENT_SECRET}\"")),
            hosts: &[&format!("http://app.localhost:{port}")],
            policy_check_interval: "2s",
        };
        let loudest = [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "1")];
        let gateway = Gateway::start_with(&setup, "[log]\nformat = \"json\"\n", &loudest);
        Self { _redis: redis, idp, gateway, port }
    }

    fn origin(&self) -> String {
        format!("http://app.localhost:{}", self.port)
    }
}

#[tokio::test]
async fn adm_01_no_secret_is_in_logs_metrics_or_answers_of_commands() {
    let mut house = House::start().await;
    let mut secrets = a_life(&mut house).await;
    let passed = house.idp.get("/secrets").await;
    let passed: Vec<_> =
        passed.as_array().unwrap().iter().map(|secret| secret.as_str().unwrap().to_owned()).collect();
    assert!(passed.len() > 15, "codes, verifiers, access, refresh and ID tokens: {passed:?}");
    secrets.extend(passed);
    secrets.extend([REDIS_PASSWORD.to_owned(), CLIENT_SECRET.to_owned()]);
    let keys = std::fs::read_to_string(house.gateway.config().with_file_name("keys")).unwrap();
    secrets.extend(keys.split_whitespace().filter(|word| word.len() >= 40).map(str::to_owned));
    // The signature alone would do, and so would the claims: they name a person.
    let parts: Vec<_> = secrets
        .iter()
        .filter(|secret| secret.matches('.').count() == 2)
        .flat_map(|token| token.split('.').skip(1))
        .map(str::to_owned)
        .collect();
    secrets.extend(parts);
    secrets.sort_unstable();
    secrets.dedup();

    let log = house.gateway.log();
    assert!(log.contains("\"level\":\"TRACE\""), "the log is at its loudest");
    let metrics = Browser::new().send("GET", &house.gateway.management("/metrics"), &[], "").await.body;
    let commands: String = [&["sessions", "list"][..], &["config", "check"], &["healthcheck"]]
        .iter()
        .map(|args| format!("{:?}", house.gateway.cli(args)))
        .collect();
    for (what, text) in [("log", &log), ("metrics", &metrics), ("commands", &commands)] {
        for secret in &secrets {
            assert!(secret.len() >= SHORTEST, "{secret:?} is too short to look for");
            let found = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(found.is_none(), "{secret:?} is in the {what}: {found:?}");
        }
    }
}

#[tokio::test]
async fn adm_13_every_sign_in_refusal_and_end_is_one_line_of_the_audit_log() {
    let mut house = House::start().await;
    // Whoever chooses a name cannot write lines of their own.
    let name = r#"{"claims":{"preferred_username":"a\nb\u001b[2J\",\"action\":\"forged","email":"x\r\ny"}}"#;
    house.idp.put("/users/alice", name).await;
    a_life(&mut house).await;
    let log = house.gateway.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
        .collect();
    let audit: Vec<_> = lines.iter().filter(|line| line["target"] == "audit").collect();
    let count = |action: &str, outcome: &str| {
        audit
            .iter()
            .filter(|line| line["action"] == action && (outcome.is_empty() || line["outcome"] == outcome))
            .count()
    };
    assert_eq!(count("sign_in", "success"), 2, "{audit:#?}");
    assert!(count("sign_in", "failure") >= 4, "{audit:#?}");
    assert_eq!(count("session_end", ""), 2, "{audit:#?}");
    assert_eq!(count("forged", ""), 0);
    for line in &audit {
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
        let failed = line["outcome"] == "failure" || line["action"] == "session_end";
        assert!(!failed || line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}");
    }
}
