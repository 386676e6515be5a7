//! Floods by strangers against the real program: they write nothing, call nobody, and leave memory as it was.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::programs::browser::Browser;
use crate::programs::gateway::{Gateway, Setup};
use crate::programs::idp::Idp;
use crate::programs::raw::request;
use crate::programs::redis_server::RedisServer;
use crate::programs::wait::{eventually, free_port};

/// Requests on their way at once on a connection.
const AT_ONCE: usize = 20;
const CONNECTIONS: usize = 20;

struct House {
    redis: RedisServer,
    idp: Idp,
    gateway: Gateway,
    port: u16,
}

impl House {
    async fn start() -> Self {
        Self::start_with("").await
    }

    async fn start_with(tables: &str) -> Self {
        let (redis, idp, port) = (RedisServer::start(), Idp::start().await, free_port());
        let setup = Setup {
            port,
            redis: &redis.url(),
            providers: &idp.provider(),
            hosts: &[&format!("http://app.localhost:{port}")],
            policy_check_interval: "60m",
        };
        let gateway = Gateway::start_with(&setup, tables, &[]);
        Self { redis, idp, gateway, port }
    }

    fn host(&self) -> String {
        format!("app.localhost:{}", self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/_hourgate/{path}", self.host())
    }

    async fn alice(&self) -> Browser {
        let mut browser = Browser::new();
        browser.navigate(&self.url("start?rd=/")).await;
        assert_eq!(self.still_lets_in(&mut browser).await, "alice");
        browser
    }

    async fn still_lets_in(&self, browser: &mut Browser) -> String {
        let page = browser.fetch(&self.url("authz/auth-request")).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.header("x-auth-request-user").to_owned()
    }

    /// The keys in the store, but for those of the gateway itself.
    fn keys(&self) -> Vec<String> {
        let all = self.redis.cli(&["KEYS", "*"]);
        let own = |key: &&str| key.starts_with("hg:doc:") || key.starts_with("hg:ping");
        let mut keys: Vec<_> = all.lines().filter(|key| !own(key)).map(str::to_owned).collect();
        keys.sort_unstable();
        keys
    }

    /// Resident memory of the gateway, in KiB.
    fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.gateway.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Sends so many requests, the n-th made by `make`, over connections that stay open.
    fn flood(&self, count: usize, make: impl Fn(usize) -> Vec<u8> + Sync) -> Answers {
        let (next, answers) = (AtomicUsize::new(0), Answers::default());
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
                    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                    loop {
                        let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
                        if first >= count {
                            break;
                        }
                        let wanted = AT_ONCE.min(count - first);
                        let requests: Vec<u8> = (first..first + wanted).flat_map(&make).collect();
                        stream.write_all(&requests).unwrap();
                        answers.read(&mut stream, wanted);
                    }
                });
            }
        });
        answers
    }

    fn request(&self, method: &str, target: &str, lines: &[&str]) -> Vec<u8> {
        request(method, target, &self.host(), &[lines, &["Connection: keep-alive"]].concat())
    }
}

/// How many were answered with a status of each class, and how many of them with 429.
#[derive(Debug, Default)]
struct Answers {
    by_class: [AtomicUsize; 6],
    too_many: AtomicUsize,
}

impl Answers {
    fn read(&self, stream: &mut TcpStream, wanted: usize) {
        let mut text = Vec::new();
        for _ in 0..wanted {
            let head = loop {
                if let Some(end) = std::str::from_utf8(&text).unwrap().find("\r\n\r\n") {
                    break end + 4;
                }
                more(stream, &mut text);
            };
            let headers = String::from_utf8(text[..head].to_vec()).unwrap();
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = head + length.map_or(0, |length| length.parse().unwrap());
            while text.len() < whole {
                more(stream, &mut text);
            }
            text.drain(..whole);
            let status: usize = headers[9..12].parse().unwrap();
            self.by_class[status / 100].fetch_add(1, Ordering::Relaxed);
            if status == 429 {
                assert!(headers.contains("\r\nretry-after: "), "{headers}");
                self.too_many.fetch_add(1, Ordering::Relaxed);
            }
        }
        assert!(text.is_empty());
    }

    fn class(&self, class: usize) -> usize {
        self.by_class[class].load(Ordering::Relaxed)
    }

    fn too_many(&self) -> usize {
        self.too_many.load(Ordering::Relaxed)
    }
}

fn more(stream: &mut TcpStream, text: &mut Vec<u8>) {
    let mut part = [0; 16 * 1024];
    let read = stream.read(&mut part).unwrap();
    assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(text));
    text.extend_from_slice(&part[..read]);
}

/// What somebody may send who is signed in nowhere, from one address of many.
fn signed_out(house: &House, n: usize) -> Vec<u8> {
    let from = format!("X-Forwarded-For: 10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255);
    let original = format!("X-Original-URL: http://{}/a/{n}?b", house.host());
    let cookie = format!("Cookie: __Host-hourgate={n}; __Host-hourgate-nonce={}", "A".repeat(43));
    match n % 10 {
        0 => house.request("GET", "/_hourgate/authz/auth-request", &[&original, &from]),
        1 => house.request(
            "POST",
            "/_hourgate/authz/forward-auth",
            &["X-Forwarded-Uri: /x", "X-Forwarded-Method: DELETE"],
        ),
        2 => house.request("GET", &format!("/_hourgate/authz/ext-authz/{n}"), &["Accept: text/html"]),
        3 => house.request("GET", "/_hourgate/session", &[&cookie]),
        4 => house.request("GET", "/_hourgate/userinfo", &[&cookie]),
        5 => house.request("GET", &format!("/_hourgate/start?rd=/{n}"), &[&from]),
        6 => {
            house.request("GET", &format!("/_hourgate/callback/test?code=c{n}&state=s{n}"), &[&from, &cookie])
        }
        7 => house.request("GET", "/_hourgate/check?rd=/", &[&cookie]),
        8 => house.request("GET", "/_hourgate/signout", &[&cookie]),
        _ => house.request("GET", &format!("/nothing/{n}"), &[]),
    }
}

#[tokio::test]
async fn dos_01_signed_out_requests_leave_no_trace_in_the_store_nor_in_memory() {
    let house = House::start().await;
    let mut alice = house.alice().await;
    let before = house.keys();
    house.flood(20_000, |n| signed_out(&house, n));
    let warm = house.memory();
    let answers = house.flood(200_000, |n| signed_out(&house, n));
    let after = house.memory();
    assert_eq!(answers.class(5), 0, "{answers:?}");
    assert_eq!(house.keys(), before);
    assert!(after * 10 <= warm * 13, "{warm} KiB before, {after} KiB after 200,000 requests");
    assert_eq!(house.still_lets_in(&mut alice).await, "alice");
}

#[tokio::test]
async fn dos_02_floods_of_sign_ins_call_nobody_and_use_up_only_their_own_budget() {
    let mut house = House::start_with("[limits]\nsign_in_rate_per_address = 1\n").await;
    let mut alice = house.alice().await;
    let (before, asked) = (house.keys(), house.idp.requests("").await.len());
    let tokens = house.idp.requests("?endpoint=token").await.len();
    let flood = |n: usize| {
        let target = if n.is_multiple_of(2) {
            "/_hourgate/start?rd=/"
        } else {
            "/_hourgate/callback/test?code=c&state=s"
        };
        house.request("GET", target, &["X-Forwarded-For: 203.0.113.7"])
    };
    let answers = house.flood(20_000, flood);
    assert!(answers.too_many() > 10_000, "{answers:?}");
    assert_eq!((answers.class(2), answers.class(5)), (0, 0), "{answers:?}");
    // The budget is per address, and checks have none.
    let mut person = Browser::new();
    let theirs = [("x-forwarded-for", "203.0.113.8")];
    let started = person.send("GET", &house.url("start?rd=/"), &theirs, "").await;
    assert_eq!(started.status, 303, "{started:?}");
    let checks = house.flood(2_000, |_| {
        house.request("GET", "/_hourgate/authz/auth-request", &["X-Forwarded-For: 203.0.113.7"])
    });
    assert_eq!((checks.too_many(), checks.class(4)), (0, 2_000), "{checks:?}");
    assert_eq!(house.still_lets_in(&mut alice).await, "alice");
    let flooding = [("x-forwarded-for", "203.0.113.7"), ("accept", "text/html")];
    let told = eventually("the budget is used up", async || {
        let page = Browser::new().send("GET", &house.url("start?rd=/"), &flooding, "").await;
        (page.status == 429).then_some(page)
    })
    .await;
    assert!(
        told.body.contains("too_many_sign_ins") && told.header("cache-control") == "no-store",
        "{told:?}"
    );

    assert_eq!(house.keys(), before, "nothing was stored");
    assert_eq!(house.idp.requests("?endpoint=token").await.len(), tokens, "no code was sent");
    assert!(house.idp.requests("").await.len() <= asked + 2, "at most the documents were looked after");
}

#[tokio::test]
async fn dos_08_invented_session_ids_never_reach_the_store() {
    let house = House::start().await;
    let mut alice = house.alice().await;
    let real = alice.cookie_header(&house.url(""));
    let value = real.split("; ").find_map(|pair| pair.strip_prefix("__Host-hourgate=")).unwrap();
    let key_id = BASE64_URL_SAFE_NO_PAD.decode(value).unwrap()[..4].to_vec();
    let nonce = real.split("; ").find(|pair| pair.starts_with("__Host-hourgate-nonce=")).unwrap();

    house.redis.cli(&["CONFIG", "RESETSTAT"]);
    let answers =
        house.flood(50_000, |n| {
            // Shaped like ours, made with the key that is in use, and from this very browser.
            let mut id = key_id.clone();
            id.extend((0..48_usize).map(|at| {
                (n.wrapping_mul(2_654_435_761).rotate_left(u32::try_from(at).unwrap()) & 255) as u8
            }));
            let cookie = format!("Cookie: __Host-hourgate={}; {nonce}", BASE64_URL_SAFE_NO_PAD.encode(id));
            house.request("GET", "/_hourgate/authz/auth-request", &[&cookie])
        });
    assert_eq!(answers.class(4), 50_000, "{answers:?}");
    let gets = house.calls_of("get");
    assert!(gets <= 20, "{gets} reads for 50,000 invented sessions");
    for _ in 0..50 {
        assert_eq!(house.still_lets_in(&mut alice).await, "alice");
    }
    assert!(house.calls_of("get") >= 50, "the reads of real sessions are seen here");
}

impl House {
    fn calls_of(&self, command: &str) -> usize {
        let stats = self.redis.cli(&["INFO", "commandstats"]);
        let begin = format!("cmdstat_{command}:calls=");
        let line = stats.lines().find_map(|line| line.strip_prefix(begin.as_str()));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    }
}

#[tokio::test]
async fn dos_09_a_flood_fills_no_log_and_is_counted_to_the_last() {
    const EACH: usize = 10_000;
    let house = House::start().await;
    let answers = house.flood(3 * EACH, |n| match n % 3 {
        0 => request("GET", "/_hourgate/session", "evil.example", &["Connection: keep-alive"]),
        1 => house.request(
            "GET",
            "/_hourgate/start?rd=/&rd=/",
            &[&format!("X-Forwarded-For: 10.{}.{}.1", n >> 8 & 255, n & 255)],
        ),
        _ => house.request("GET", "/_hourgate/nothing", &["Accept: text/html"]),
    });
    assert_eq!(answers.class(4), 3 * EACH);
    let reasons = ["unknown_host", "malformed_query", "not_found", "too_many_sign_ins"];
    let mut counted = 0.0;
    for reason in reasons {
        counted += house.gateway.metric(&["hourgate_refusals_total", reason]).await;
    }
    assert_eq!(counted as usize, 3 * EACH, "every refusal is counted");
    let log = house.gateway.log();
    let written = log.lines().filter(|line| line.contains("request_refused")).count();
    let mut suppressed = 0.0;
    for reason in reasons {
        suppressed += house.gateway.metric(&["hourgate_log_lines_suppressed_total", reason]).await;
    }
    assert_eq!(written + suppressed as usize, 3 * EACH, "every line is written or counted");
    assert!(written < 3 * EACH / 5, "{written} lines for {} requests", 3 * EACH);
    // Nonsense below HTTP makes no lines at all.
    let before = house.gateway.log().lines().count();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(("127.0.0.1", house.port)).unwrap();
        let _ = stream.write_all(b"\x16\x03\x01 nonsense\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert!(house.gateway.log().lines().count() < before + 50);
}

#[tokio::test]
async fn dos_10_a_gateway_without_files_left_recovers_by_itself() {
    let house = House::start().await;
    let mut alice = house.alice().await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", house.gateway.pid())).unwrap().count();
    let most = format!("--nofile={0}:{0}", open + 40);
    let pid = house.gateway.pid().to_string();
    assert!(Command::new("prlimit").args(["--pid", &pid, &most]).status().unwrap().success());
    let held: Vec<_> = (0..200).map(|_| TcpStream::connect(("127.0.0.1", house.port)).unwrap()).collect();
    let complains = || house.gateway.log().contains("Too many open files").then_some(());
    eventually("the gateway says that it has no files left", async || complains()).await;
    drop(held);
    let page = eventually("it answers again", async || {
        let page = alice.fetch(&house.url("authz/auth-request")).await;
        (page.status == 200).then_some(page)
    })
    .await;
    assert_eq!(page.header("x-auth-request-user"), "alice");
    let lines = house.gateway.log().lines().filter(|line| line.contains("Too many open files")).count();
    assert!(lines < 500, "{lines} lines");
}
