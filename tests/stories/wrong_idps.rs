//! IdPs whose certificate, clock, pace or documents are wrong. They are away then, or late; nobody is let in or signed out by it.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::{APP, HOUR, House, MINUTE};
use crate::redis_server::free_port;
use crate::tokens_and_keys::wire;
use crate::under_way::{held_answer, let_go, refresh_under_way};

fn openssl(dir: &Path, program: &[&str], args: &str) {
    let mut words = program.iter().copied().chain(["openssl"]).chain(args.split_whitespace());
    let output = Command::new(words.next().unwrap()).args(words).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {args}: {output:?}");
}

/// A server that gives the metadata of the test IdP over TLS, until it is dropped.
struct OverTls(Child);

impl OverTls {
    /// With a certificate for `names`, made so many days ago for two days, and signed by `ca.pem` or by itself.
    async fn start(
        dir: &TempDir,
        names: &str,
        days_ago: u32,
        is_self_signed: bool,
        metadata: &str,
    ) -> (Self, url::Url) {
        let dir = dir.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        let then = format!("-{days_ago}d");
        let then = ["faketime", "-f", then.as_str()];
        std::fs::write(dir.join("leaf.ext"), format!("subjectAltName={names}")).unwrap();
        openssl(dir, &[], &format!("req {key} -keyout leaf.key -out leaf.csr -subj /CN=idp"));
        let signer =
            if is_self_signed { "-signkey leaf.key" } else { "-CA ca.pem -CAkey ca.key -CAcreateserial" };
        openssl(
            dir,
            &then,
            &format!("x509 -req -in leaf.csr {signer} -out leaf.pem -days 2 -extfile leaf.ext"),
        );
        let answer = format!("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{metadata}");
        std::fs::write(dir.join("metadata"), answer).unwrap();
        let port = free_port();
        let mut server = Command::new("openssl");
        server.args(["s_server", "-HTTP", "-quiet", "-cert", "leaf.pem", "-key", "leaf.key", "-accept"]);
        server.arg(format!("127.0.0.1:{port}")).current_dir(dir);
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let running = Self(server);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        (running, format!("https://localhost:{port}/metadata").parse().unwrap())
    }
}

impl Drop for OverTls {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let output = Command::new("gzip").arg("-c").arg(file.path()).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

async fn metadata_of(house: &House) -> String {
    let url = format!("{}/.well-known/openid-configuration", house.idp.issuer("t1"));
    house.get(url.parse().unwrap()).await.to_string()
}

stories! {
    async fn key_09_a_certificate_that_is_not_the_idps_makes_it_unavailable(house: House) {
        let dir = TempDir::new().unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(dir.path(), &["faketime", "-f", "-10d"], &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=ca"));
        let metadata = metadata_of(house).await;
        // A name that ends, for careless readers, at its zero byte.
        let cut = "localhost\0.evil.example";
        let hex: String = cut.bytes().map(|byte| format!(":{byte:02X}")).collect();
        let cut = format!("DER:30:{:02X}:82:{:02X}{hex}", cut.len() + 2, cut.len());
        for (what, names, days_ago, is_self_signed, expected) in [
            ("right", "DNS:localhost", 1, false, 200),
            ("over", "DNS:localhost", 5, false, 503),
            ("of another host", "DNS:idp.example", 1, false, 503),
            ("its own witness", "DNS:localhost", 1, true, 503),
            ("cut short", cut.as_str(), 1, false, 503),
        ] {
            let (_server, url) = OverTls::start(&dir, names, days_ago, is_self_signed, &metadata).await;
            house.config.providers[0].discovery_url = Some(url);
            house.config.providers[0].ca_file = Some(dir.path().join("ca.pem"));
            house.restart().await;
            let visit = house.browser().navigate(&format!("{APP}/")).await;
            assert_eq!(visit.status, expected, "{what}: {visit:?}");
            assert!(expected == 200 || visit.body.contains("idp_unavailable"), "{what}: {}", visit.body);
        }
    }

    async fn pci_16_an_idp_that_takes_its_time_slows_no_request(house: House) {
        let browser = house.signed_in().await;
        held_answer(house).await;
        house.clock.advance(50 * MINUTE);
        let refresh = refresh_under_way(house).await;
        for _ in 0..20 {
            assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 200);
        }
        assert!(!refresh.is_finished(), "it is being asked all the while");
        let left = house.services().providers["idp"].breaker().enter(u32::MAX, house.services().now()).len();
        assert_eq!(left, 63, "of the 64 that it is asked to bear at once");
        let_go(house).await;
        refresh.await.unwrap();
    }

    async fn tmo_09_an_idps_clock_may_be_a_minute_ahead_and_no_more(house: House) {
        house.control("POST", "/clock", json!({ "advance": "50s" })).await;
        let browser = house.signed_in().await;
        house.wait(HOUR).await;
        let (id, before) = house.session().await;
        assert_eq!(before.failed_check, None);

        house.control("POST", "/clock", json!({ "advance": "40s" })).await; // a minute and a half in all
        let refused = house.browser().navigate(&format!("{APP}/")).await;
        assert!(refused.status == 400 && refused.body.contains("id_token_not_yet_valid"), "{refused:?}");
        house.wait(HOUR).await;
        let (same, after) = house.session().await;
        assert_eq!((same, after.failed_check.unwrap().why.code()), (id, "unreachable"), "nobody is signed out");

        house.control("POST", "/clock", json!({ "real": true })).await;
        house.clock.advance(MINUTE);
        assert_eq!(browser.navigate(&format!("{APP}/")).await.status, 200);
        let behind = house.services().now().minus(2 * MINUTE).to_string();
        house.control("POST", "/clock", json!({ "set": behind })).await;
        assert_eq!(house.browser().navigate(&format!("{APP}/")).await.status, 200, "one that is behind makes no token too new");
    }

    async fn dos_07_documents_that_grow_as_they_are_read_are_refused_unread(house: House) {
        let metadata = metadata_of(house).await;
        let padded = |spaces: usize| format!("{metadata}{}", " ".repeat(spaces)).into_bytes();
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)).into_bytes();
        for (what, encoding, body, expected) in [
            ("plain", "identity", padded(1000), 200),
            ("longer than a mebibyte", "identity", padded(1024 * 1024), 503),
            ("packed, and good if it were unpacked", "gzip", gzip(&padded(1000)), 503),
            ("deep", "identity", deep, 503),
        ] {
            let length = body.len();
            let head = format!("content-type: application/json\r\ncontent-encoding: {encoding}\r\ncontent-length: {length}");
            let answer = [format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes(), body].concat();
            let (url, asked) = wire(answer).await;
            house.config.providers[0].discovery_url = Some(url);
            house.restart().await;
            let visit = house.browser().navigate(&format!("{APP}/")).await;
            assert_eq!(visit.status, expected, "{what}: {visit:?}");
            assert!(asked.load(Ordering::SeqCst) >= 1, "{what}");
        }
        house.config.providers[0].discovery_url = None;
        house.restart().await;
        // And what apps are told of a person has an end, too.
        let mut nested = Value::Null;
        for _ in 0..100 {
            nested = json!([nested]);
        }
        let mut alice = house.control("GET", "/users/alice", Value::Null).await;
        alice["claims"]["groups"] = nested;
        house.control("PUT", "/users/alice", json!({ "claims": alice["claims"] })).await;
        let visit = house.browser().navigate(&format!("{APP}/")).await;
        assert_eq!((visit.status, visit.header("x-auth-request-groups")), (200, ""));
    }
}
