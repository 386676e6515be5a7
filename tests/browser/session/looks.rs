//! What the dialog and the pages look like, by day, by night and on a phone, and whether everybody can use them: axe-core
//! finds no violation of WCAG 2.2 A and AA, and nothing is wider than the screen. The pictures are in `target/screenshots`.

use std::path::Path;

use fantoccini::Client;
use hourgate::policy::environment::StartPage;
use hourgate::policy::settings::Settings;
use serde_json::json;

use super::house::{House, MINUTE, SECOND};
use super::inactivity;
use crate::chromium::devtools;
use crate::{press, reads};

/// Name, colour scheme and width.
const LOOKS: [(&str, &str, u32); 4] =
    [("light", "light", 1000), ("dark", "dark", 1000), ("phone", "light", 375), ("phone-dark", "dark", 375)];
const HEIGHT: u32 = 720;

/// axe-core: how many rules passed, and what is wrong or cannot be told.
const CHECK: &str = "const done = arguments[0];
    const rules = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
    const inWords = ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`;
    axe.run(document, { runOnly: rules, preload: false }).then(
        ({ violations, incomplete, passes }) =>
            done({ passed: passes.length, wrong: [...violations, ...incomplete].map(inWords) }),
        (error) => done(String(error)),
    )";

/// Looks at a page from all sides.
pub(crate) async fn look_at(page: &Client, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let axe = root.join("tests/peers/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(&axe)
        .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", axe.display()));
    // The page's own clock stands still.
    let axe = format!("const {{ setTimeout }} = window.testClock ?? window;\n{axe}");
    page.execute(&axe, vec![]).await.unwrap();
    let pictures = root.join("target/screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    for (look, scheme, width) in LOOKS {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]});
        devtools(page, "Emulation.setEmulatedMedia", features).await;
        let size = json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 500 });
        devtools(page, "Emulation.setDeviceMetricsOverride", size).await;
        let picture = page.screenshot().await.unwrap();
        std::fs::write(pictures.join(format!("{name}-{look}.png")), picture).unwrap();
        let checked = page.execute_async(CHECK, vec![]).await.unwrap();
        assert_eq!(checked["wrong"], json!([]), "{name}, {look}: {checked}");
        assert!(checked["passed"].as_u64().unwrap() >= 5, "{name}, {look}: {checked}");
        let wide = page.execute("return document.documentElement.scrollWidth", vec![]).await.unwrap();
        assert!(wide.as_u64().unwrap() <= width.into(), "{name}, {look}: {wide} wide");
    }
    devtools(page, "Emulation.setEmulatedMedia", json!({ "features": [] })).await;
    devtools(page, "Emulation.clearDeviceMetricsOverride", json!({})).await;
}

#[tokio::test]
async fn c11_axe_finds_no_wcag_violation_in_dialog_and_expired_state() {
    let house = House::start(&inactivity()).await;
    let tab = house.sign_in().await;
    tab.types("Half a sent").await;
    house.pass(29 * MINUTE, &[&tab]).await;
    tab.shows("Stay signed in").await;
    look_at(tab.page().await, "dialog").await;
    house.pass(MINUTE + SECOND, &[&tab]).await;
    tab.shows("You have been signed out").await;
    look_at(tab.page().await, "expired").await;
    assert_eq!(tab.execute("return window.forbidden").await, json!([]), "by the page's policy");
}

#[tokio::test]
async fn c11_axe_finds_no_wcag_violation_where_a_proof_is_renewed() {
    let house = House::start(&Settings::default()).await;
    house.tell_idp("/tokens-policy", r#"{"issue_refresh_token":false}"#).await;
    let tab = house.sign_in().await;
    house.pass(45 * MINUTE, &[&tab]).await;
    tab.shows("Your sign-in needs to be renewed").await;
    look_at(tab.page().await, "dialog-proof").await;
    house.pass(15 * MINUTE + SECOND, &[&tab]).await;
    tab.shows("Your work on this page is still here").await;
    look_at(tab.page().await, "proof-over").await;
}

#[tokio::test]
async fn c17_axe_finds_no_wcag_violation_on_the_pages_of_the_gateway() {
    let house = House::with(&inactivity(), |plan| {
        plan.environments[0].start_page = StartPage::Always;
        plan.add("closed", &["two"], &["t1", "t2"]).access.all = vec!["group:nobody".parse().unwrap()];
    })
    .await;
    let page = house.chromium.page();
    page.goto(&house.url("app")).await.unwrap();
    reads(page, "Keep me signed in").await;
    look_at(page, "start-one-idp").await;
    page.goto(&house.url("two")).await.unwrap();
    reads(page, "Where do you have your account?").await;
    look_at(page, "start-two-idps").await;
    press(page, "button[value=t1]").await;
    press(page, "[data-testid=\"user-alice\"]").await;
    reads(page, "Not for this account").await;
    let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
    assert_eq!(page.execute(status, vec![]).await.unwrap(), 403);
    look_at(page, "forbidden").await;

    page.goto(&house.url("app")).await.unwrap();
    press(page, "button[name=idp]").await;
    page.wait().for_element(fantoccini::Locator::Id("remark")).await.unwrap();
    house.pass(31 * MINUTE, &[]).await;
    page.goto(&house.url("app")).await.unwrap();
    reads(page, "You have been signed out").await;
    look_at(page, "start-explains").await;
    press(page, "button[name=idp]").await;
    press(page, "[data-testid=\"user-alice\"]").await;
    page.wait().for_element(fantoccini::Locator::Id("remark")).await.unwrap();
    page.goto(&format!("{}_hourgate/signout", house.url("app"))).await.unwrap();
    reads(page, "Sign out?").await;
    look_at(page, "sign-out").await;
    press(page, "button[type=submit]").await;
    reads(page, "You are signed out").await;
    look_at(page, "signed-out").await;
}
