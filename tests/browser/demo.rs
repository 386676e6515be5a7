//! The demo, as somebody who has just cloned the repository sees it.

use std::process::Command;

use super::chromium::Chromium;
use super::programs::process::Process;
use super::programs::wait::free_port;
use super::{press, reads};

/// The demo on ports of its own; the address that it says to open.
fn start(interval: &str) -> (Process, String) {
    let (port, idp_port) = (free_port().to_string(), free_port().to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_hourgate-demo"));
    command.args(["--port", &port, "--idp-port", &idp_port, "--interval", interval]);
    let mut demo = Process::spawn(&mut command);
    let open = demo.line("open ");
    (demo, open)
}

#[tokio::test]
async fn who_types_localhost_is_shown_the_addresses_of_the_demo() {
    let (_demo, one) = start("20s");
    let port = one.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let chromium = Chromium::start().await;
    let page = chromium.page();
    page.goto(&format!("http://localhost:{port}/")).await.unwrap();
    let told = reads(page, "Nothing is at this address").await;
    for address in [&one, &one.replace("one.", "two."), &one.replace("one.", "control.")] {
        assert!(told.contains(address), "{address} is not in {told}");
    }
    press(page, &format!("a[href=\"{one}\"]")).await;
    reads(page, "alice").await;
}

#[tokio::test]
async fn the_demo_shows_its_apps_and_the_page_that_explains_a_revocation_comes_by_itself() {
    let (_demo, one) = start("4s");
    let chromium = Chromium::start().await;
    let page = chromium.page();
    page.goto(&one).await.unwrap();
    press(page, "[data-testid=\"user-alice\"]").await;
    reads(page, "You are signed in as alice@demo.example").await;
    page.goto(&one.replace("one.", "two.")).await.unwrap();
    reads(page, "App Two").await;
    // By WS-Federation; its page of the IdP posts the token by itself.
    page.goto(&one.replace("one.", "three.")).await.unwrap();
    reads(page, "App Three").await;
    reads(page, "You are signed in as alice@demo.example").await;

    // This one does not refresh under the finger.
    page.goto(&format!("{one}still")).await.unwrap();
    press(page, "[data-testid=\"disable\"]").await;
    // Nobody touches anything any more: the status page asks the gateway every two seconds and is no use of the session.
    page.goto(&format!("{one}status")).await.unwrap();
    let explained = reads(page, "You have been signed out").await;
    assert!(
        explained.contains("no longer accepts this session") && explained.contains("idp_refused"),
        "{explained}"
    );
}
