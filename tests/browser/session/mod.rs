//! The page script in a real browser (rows C10, C11, H4, A1) and the pages of the gateway as people see them.

mod app;
pub(crate) mod house;
pub(crate) mod looks;
mod tab;

use fantoccini::key::Key;
use hourgate::policy::environment::StartPage;
use hourgate::policy::settings::Settings;

use self::house::{House, MINUTE, SECOND};
use self::tab::Tab;
use super::press;

/// Half an hour without use ends a session; people are warned two minutes before.
fn inactivity() -> Settings {
    Settings { custom_inactivity: true, ..Settings::default() }
}

/// Two tabs of an app, in which somebody has worked just now.
async fn two_tabs(house: &House) -> (Tab<'_>, Tab<'_>) {
    let (one, two) = (house.sign_in().await, house.open_tab("app").await);
    two.types("Half a sent").await;
    (one, two)
}

#[tokio::test]
async fn c11_the_warning_appears_at_its_instant_in_two_tabs() {
    let house = House::start(&inactivity()).await;
    let (one, two) = two_tabs(&house).await;
    house.pass(28 * MINUTE - SECOND, &[&one, &two]).await;
    assert_eq!((one.dialog().await, two.dialog().await), (String::new(), String::new()));
    house.pass(SECOND, &[&one, &two]).await;
    for tab in [&one, &two] {
        let dialog = tab.shows("Are you still there?").await;
        assert!(dialog.contains("you will be signed out in 2 minutes"), "{dialog}");
    }
    house.pass(90 * SECOND, &[&one, &two]).await;
    for tab in [&one, &two] {
        tab.shows("you will be signed out in 30 seconds").await;
    }
}

#[tokio::test]
async fn c11_stay_signed_in_in_one_tab_closes_the_dialog_in_both() {
    let house = House::start(&inactivity()).await;
    let (one, two) = two_tabs(&house).await;
    house.pass(29 * MINUTE, &[&one, &two]).await;
    one.shows("60 seconds").await;
    two.shows("Stay signed in").await;
    two.press("stay").await;
    two.shows_no_dialog().await;
    one.shows_no_dialog().await;
    // Half an hour counts from there.
    house.pass(28 * MINUTE - SECOND, &[&one, &two]).await;
    assert_eq!((one.dialog().await, two.dialog().await), (String::new(), String::new()));
    assert_eq!(house.sessions().await, 1);
    house.pass(SECOND, &[&one, &two]).await;
    one.shows("2 minutes").await;
    two.shows("2 minutes").await;
}

#[tokio::test]
async fn c10_ignoring_the_warning_signs_out_both_tabs() {
    let house = House::start(&inactivity()).await;
    let (one, two) = two_tabs(&house).await;
    house.pass(30 * MINUTE - SECOND, &[&one, &two]).await;
    one.shows("1 second").await;
    two.shows("1 second").await;
    house.pass(2 * SECOND, &[&one, &two]).await;
    for tab in [&one, &two] {
        let dialog = tab.shows("You have been signed out").await;
        assert!(dialog.contains("Sign in again") && !dialog.contains("Stay signed in"), "{dialog}");
        let (status, challenge) = tab.fetch().await;
        assert!(
            status == 401 && challenge.starts_with("Hourgate reason=\"inactive\""),
            "{status} {challenge}"
        );
    }
}

#[tokio::test]
async fn c10_polling_alone_does_not_keep_the_session() {
    let house = House::start(&inactivity()).await;
    let tab = house.sign_in().await;
    house.pass(10 * MINUTE, &[&tab]).await;
    tab.types("x").await;
    // The page asks for news each minute, and is answered.
    house.pass(28 * MINUTE - SECOND, &[&tab]).await;
    assert_eq!((house.app.polls(), tab.dialog().await), (37, String::new()));
    house.pass(SECOND, &[&tab]).await;
    tab.shows("2 minutes").await;
    house.pass(2 * MINUTE + SECOND, &[&tab]).await;
    tab.shows("You have been signed out").await;
    assert_eq!(house.app.polls(), 39);
    house.pass(5 * MINUTE, &[&tab]).await;
    assert_eq!(house.app.polls(), 39, "no poll reaches the app any more");
}

#[tokio::test]
async fn h4_a_form_typed_into_survives_signing_in_again_in_a_popup() {
    let house = House::start(&inactivity()).await;
    let tab = house.sign_in().await;
    tab.mark().await;
    tab.types("Half a sent").await;
    house.pass(31 * MINUTE, &[&tab]).await;
    tab.shows("Your work on this page is still here").await;
    tab.press("sign-in").await;
    let popup = tab.popup().await;
    // Whoever comes to an unattended device is asked who they are, whatever the IdP remembers.
    press(popup.page().await, "[data-testid=\"user-alice\"]").await;
    popup.is_gone().await;
    tab.shows_no_dialog().await;
    tab.types("ence.").await;
    assert_eq!(tab.remark().await, "Half a sentence.");
    assert!(tab.is_still_the_same_page().await);
    assert_eq!(tab.fetch().await.0, 200);
}

/// The proof is the browser's to renew where the IdP gives no refresh token.
#[tokio::test]
async fn h4_stay_signed_in_renews_a_proof_in_a_window_that_comes_back_by_itself() {
    let house = House::start(&Settings::default()).await;
    house.tell_idp("/tokens-policy", r#"{"issue_refresh_token":false}"#).await;
    let tab = house.sign_in().await;
    tab.mark().await;
    tab.types("Not lost").await;
    house.pass(40 * MINUTE - SECOND, &[&tab]).await;
    assert_eq!(tab.dialog().await, "");
    house.pass(SECOND, &[&tab]).await;
    let dialog = tab.shows("Your sign-in needs to be renewed").await;
    assert!(dialog.contains("20 minutes"), "{dialog}");
    tab.press("stay").await;
    tab.shows_no_dialog().await;
    assert_eq!(tab.remark().await, "Not lost");
    assert!(tab.is_still_the_same_page().await);
    house.pass(39 * MINUTE, &[&tab]).await;
    assert_eq!((tab.dialog().await, tab.fetch().await.0), (String::new(), 200));
}

#[tokio::test]
async fn a1_sign_out_in_one_tab_covers_all() {
    let house = House::start(&Settings::default()).await;
    let (one, two) = (house.sign_in().await, house.open_tab("app").await);
    // Another app, with a session of its own, which came of the same one at the IdP.
    let other = house.open_tab("one").await;
    assert_eq!(house.sessions().await, 2);
    press(one.page().await, "#leave").await;
    super::reads(one.page().await, "You are signed out").await;
    assert_eq!(house.sessions().await, 0);
    two.shows("You signed out").await;
    other.execute("hourgate.refresh()").await;
    other.shows("You have been signed out").await;
}

#[tokio::test]
async fn c11_the_dialog_works_by_keyboard_alone() {
    let house = House::start(&inactivity()).await;
    let tab = house.sign_in().await;
    tab.types("Half a sent").await;
    house.pass(29 * MINUTE, &[&tab]).await;
    tab.shows("Stay signed in").await;
    // Round and round, and never into the page behind.
    let mut seen = vec![tab.focus().await];
    for _ in 0..6 {
        tab.key(Key::Tab).await;
        seen.push(tab.focus().await);
    }
    seen.retain(|id| !id.is_empty());
    assert_eq!(seen[..3], ["hourgate-stay", "hourgate-sign-out", "hourgate-stay"], "{seen:?}");
    assert!(seen.iter().all(|id| id.starts_with("hourgate-")), "{seen:?}");

    // Esc is "I am here".
    tab.key(Key::Escape).await;
    tab.shows_no_dialog().await;
    assert_eq!(tab.focus().await, "remark");
    for key in ['e', 'n', 'c', 'e'] {
        tab.stroke(key).await;
    }
    assert_eq!(tab.remark().await, "Half a sentence");

    // After the end there is no way past it.
    house.pass(31 * MINUTE, &[&tab]).await;
    tab.shows("You have been signed out").await;
    tab.key(Key::Escape).await;
    tab.key(Key::Escape).await;
    tab.shows("You have been signed out").await;
    assert_eq!(tab.focus().await, "hourgate-sign-in");
    tab.key(Key::Enter).await;
    let popup = tab.popup().await;
    super::reads(popup.page().await, "Sign in as").await;
}

#[tokio::test]
async fn c17_the_start_page_keeps_somebody_signed_in() {
    let house =
        House::with(&Settings::default(), |plan| plan.environments[0].start_page = StartPage::Always).await;
    let page = house.chromium.page();
    for (host, kept) in [("app", false), ("one", true)] {
        page.goto(&house.url(host)).await.unwrap();
        if kept {
            press(page, "input[name=keep]").await;
        }
        press(page, "button[name=idp]").await;
        if !kept {
            press(page, "[data-testid=\"user-alice\"]").await;
        }
        page.wait().for_element(fantoccini::Locator::Id("remark")).await.unwrap();
        let cookies = page.get_all_cookies().await.unwrap();
        let session = cookies.iter().find(|cookie| cookie.name() == "__Host-hourgate").unwrap();
        let outlives_the_browser = session.expires().is_some_and(|at| !at.is_session());
        assert_eq!(outlives_the_browser, kept, "{session:?}");
        let told = page
            .execute_async(
                "fetch('/_hourgate/session').then((answer) => answer.json()).then(arguments[0])",
                vec![],
            )
            .await
            .unwrap();
        assert_eq!(told["kept_signed_in"], kept);
    }
}
