//! Redis over TLS, with a certificate authority of the test's own.

use std::path::Path;
use std::process::Command;

use hourgate::store::redis::{Patience, RedisStore};
use hourgate::store::{Store, StoreError, TimeSource};
use tempfile::TempDir;

use crate::every_verb::{assert_answered, every_verb};
use crate::redis_server::{RedisServer, free_port};
use crate::store::new_id;

fn openssl(dir: &Path, args: &str) {
    let output = Command::new("openssl").args(args.split_whitespace()).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {args}: {output:?}");
}

/// `ca.pem`, and `leaf.pem` with `leaf.key` for the loopback address.
fn certificates() -> TempDir {
    let dir = TempDir::new().unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(dir.path(), &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"));
    openssl(dir.path(), &format!("req {key} -keyout leaf.key -out leaf.csr -subj /CN=redis"));
    std::fs::write(dir.path().join("leaf.ext"), "subjectAltName=IP:127.0.0.1").unwrap();
    openssl(
        dir.path(),
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile leaf.ext",
    );
    dir
}

fn store(url: &str, ca_file: Option<&Path>) -> RedisStore {
    let long = std::time::Duration::from_secs(20);
    let patience = Patience { connect: long, command: long, ..Patience::default() };
    RedisStore::new(&url.to_owned().into(), ca_file, TimeSource::Caller, patience).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_and_the_certificate_is_checked() {
    let _ = rustls::crypto::ring::default_provider().install_default(); // another test may have been first
    let (ours, strangers) = (certificates(), certificates());
    let port = free_port();
    let file = |name: &str| ours.path().join(name).display().to_string();
    let _server = RedisServer::start_with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &file("leaf.pem"),
        "--tls-key-file",
        &file("leaf.key"),
        "--tls-ca-cert-file",
        &file("ca.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://127.0.0.1:{port}");
    let ca = ours.path().join("ca.pem");
    assert_answered(every_verb(&store(&url, Some(&ca)), new_id()).await);
    let another_name = format!("rediss://localhost:{port}");
    let another_ca = strangers.path().join("ca.pem");
    for (url, ca) in [(&url, Some(&another_ca)), (&url, None), (&another_name, Some(&ca))] {
        let refused = store(url, ca.map(|path| path.as_path())).session(new_id()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
}

#[test]
fn a_certificate_file_that_is_none_is_named() {
    let dir = TempDir::new().unwrap();
    let (missing, garbage) = (dir.path().join("missing.pem"), dir.path().join("garbage.pem"));
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n").unwrap();
    for (url, path) in [("rediss://host", &missing), ("rediss://host", &garbage), ("redis://host", &garbage)]
    {
        let made =
            RedisStore::new(&url.to_owned().into(), Some(path), TimeSource::Server, Patience::default());
        assert!(made.unwrap_err().to_string().contains(path.to_str().unwrap()));
    }
}
