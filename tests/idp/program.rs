//! The program `hourgate-idp`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hourgate-idp"));
    command.args(arguments).env_remove("HOURGATE_ENV").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    program(arguments).envs(environment.iter().copied()).output().unwrap()
}

/// Ends the process when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Row OPS-13: not in production, and not where others can reach it.
#[test]
fn ops_13_the_test_idp_does_not_start_in_production_or_in_the_open() {
    let production =
        run(&["--listen", "127.0.0.1:0", "--allow-non-loopback"], &[("HOURGATE_ENV", "production")]);
    assert_eq!(production.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&production.stderr).contains("HOURGATE_ENV"));
    let open = run(&["--listen", "0.0.0.0:0"], &[]);
    assert_eq!(open.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&open.stderr).contains("--allow-non-loopback"));
}

#[test]
fn it_says_where_it_is_and_whether_it_is_well() {
    let child = program(&["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let banner: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("client_secret")).collect();
    let address = banner.iter().find_map(|line| line.strip_prefix("listening   ")).unwrap().to_owned();
    assert!(banner[0].contains("TEST identity provider"));
    assert!(banner.contains(&format!("issuer = \"http://{address}/t1\"")));

    let ask = |address: &str| run(&["healthcheck", "--listen", address], &[]).status.code();
    assert_eq!(ask(&address), Some(0));
    drop(running);
    assert_eq!(ask(&address), Some(1));
}

#[test]
fn a_public_url_must_be_one() {
    for url in ["idp.example", "ftp://idp.example", "https://idp.example/?x", "https://u@idp.example"] {
        assert_eq!(run(&["--public-url", url], &[]).status.code(), Some(2), "{url}");
    }
}
