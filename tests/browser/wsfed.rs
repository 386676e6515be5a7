//! WS-Federation as a browser does it: tokens come in forms that pages of another site post by themselves, and sign-outs come in
//! iframes there.

use fantoccini::{Client, Locator};
use hourgate::policy::settings::Settings;
use serde_json::{Value, json};

use super::chromium::{Chromium, devtools};
use super::session::house::{House, MINUTE, REALM, SECOND};
use super::session::looks::look_at;
use super::{press, reads};

/// The apps `app` and `one`, and in an environment of its own `two`: all behind the test IdP, which speaks WS-Federation, and shows
/// `two` when somebody has signed out.
async fn house() -> House {
    house_in(Chromium::start().await).await
}

async fn house_in(chromium: Chromium) -> House {
    let house = House::in_browser(chromium, &Settings::default(), |plan| {
        plan.environments[0].providers = vec!["fed".parse().unwrap()];
        plan.add("second", &["two"], &["fed"]);
    })
    .await;
    let path = |host: &str, path: &str| format!("{}_hourgate/{path}", house.url(host));
    let places = ["app", "one", "two"].into_iter();
    let replies = places.flat_map(|host| ["wsfed/fed", "signed-out"].map(|at| path(host, at)));
    let party = json!({ "reply_urls": replies.collect::<Vec<_>>(), "cleanup_url": path("two", "wsfed/fed") });
    house.tell_idp(&format!("/relying-parties/{REALM}"), &party.to_string()).await;
    house
}

/// The answer that a page of the IdP would post, if it were allowed scripts: where to, and its fields.
async fn answer(page: &Client) -> Vec<Value> {
    let form = page.wait().for_element(Locator::Css("[data-testid=form-post]")).await.unwrap();
    let mut fields = Vec::new();
    for input in form.find_all(Locator::Css("input")).await.unwrap() {
        fields.push([input.attr("name").await.unwrap(), input.attr("value").await.unwrap()]);
    }
    vec![form.attr("action").await.unwrap().into(), json!(fields)]
}

/// Posts an answer from the page where the browser is.
async fn bring(page: &Client, answer: &[Value]) {
    let post = "const [action, fields] = arguments;
        const form = Object.assign(document.createElement('form'), { method: 'post', action });
        for (const [name, value] of fields)
            form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
        document.body.append(form);
        form.submit()";
    page.execute(post, answer.to_vec()).await.unwrap();
}

async fn status(page: &Client) -> Value {
    let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
    page.execute(status, vec![]).await.unwrap()
}

#[tokio::test]
async fn a3_a_token_comes_from_another_site_and_the_session_cookie_stays_at_home() {
    let house = house().await;
    let tab = house.sign_in().await;
    let cookies = tab.page().await.get_all_cookies().await.unwrap();
    let same_site = |name: &str| {
        let cookie = cookies.iter().find(|cookie| cookie.name() == name).unwrap();
        assert_eq!((cookie.secure(), cookie.http_only()), (Some(true), Some(true)), "{cookie}");
        cookie.same_site().unwrap().to_string()
    };
    assert_eq!(same_site("__Host-hourgate"), "Lax");
    assert_eq!(same_site("__Host-hourgate-nonce"), "None");
    assert_eq!(same_site("__Host-hourgate-clean-up"), "None");
    // Another app, in another environment: nobody is asked.
    house.open_tab("two").await;
    assert_eq!(house.sessions().await, 2);
}

#[tokio::test]
async fn wsf_13_without_the_cookie_that_crosses_sites_a_token_is_refused() {
    let house = house().await;
    let page = house.chromium.page();
    page.goto(&house.url("app")).await.unwrap();
    page.wait().for_element(Locator::Css("[data-testid=\"user-alice\"]")).await.unwrap();
    devtools(page, "Network.clearBrowserCookies", json!({})).await;
    press(page, "[data-testid=\"user-alice\"]").await;
    reads(page, "This sign-in was begun in another browser").await;
    assert_eq!((status(page).await, house.sessions().await), (400.into(), 0));
    // Signed in there, so that nobody is asked.
    press(page, "a.button").await;
    page.wait().for_element(Locator::Id("remark")).await.unwrap();
    assert_eq!(house.sessions().await, 1);
}

#[tokio::test]
async fn h4_when_the_proof_is_over_the_next_navigation_renews_it_without_a_question() {
    let house = house().await;
    let tab = house.sign_in().await;
    let asked = house.asked_of_idp("wsfed").await.len();
    house.pass(60 * MINUTE - SECOND, &[]).await;
    assert_eq!(tab.fetch().await.0, 200);
    house.pass(SECOND, &[]).await;
    assert_eq!(tab.fetch().await.0, 401, "a script is sent nowhere");
    assert_eq!(house.asked_of_idp("wsfed").await.len(), asked);

    let page = tab.page().await;
    page.goto(&house.url("app")).await.unwrap();
    tab.is_at_the_app().await;
    assert_eq!(house.asked_of_idp("wsfed").await[asked..], ["GET"], "one way there and back");
    assert_eq!((tab.fetch().await.0, house.sessions().await), (200, 1));
}

#[tokio::test]
async fn h6_stay_signed_in_renews_the_proof_in_a_window_that_comes_back_by_itself() {
    let house = house().await;
    let tab = house.sign_in().await;
    tab.mark().await;
    tab.types("Not lost").await;
    house.pass(40 * MINUTE - SECOND, &[&tab]).await;
    assert_eq!(tab.dialog().await, "");
    house.pass(SECOND, &[&tab]).await;
    let dialog = tab.shows("Your sign-in needs to be renewed").await;
    assert!(dialog.contains("20 minutes"), "{dialog}");
    let asked = house.asked_of_idp("wsfed").await.len();
    tab.press("stay").await;
    tab.shows_no_dialog().await;
    tab.is_alone().await;
    assert_eq!(house.asked_of_idp("wsfed").await[asked..], ["GET"]);
    assert_eq!(tab.remark().await, "Not lost");
    assert!(tab.is_still_the_same_page().await);
    house.pass(39 * MINUTE, &[&tab]).await;
    assert_eq!((tab.dialog().await, tab.fetch().await.0), (String::new(), 200));
    assert_eq!(house.sessions().await, 1);
}

#[tokio::test]
async fn h6_a_page_that_was_left_open_past_its_proof_renews_it_in_a_window_without_a_question() {
    let house = house().await;
    let tab = house.sign_in().await;
    tab.mark().await;
    tab.types("Not lost").await;
    house.pass(60 * MINUTE, &[&tab]).await;
    let dialog = tab.shows("Your sign-in needs to be renewed").await;
    assert!(dialog.contains("Your work on this page is still here"), "{dialog}");
    assert_eq!(tab.fetch().await.0, 401);
    let asked = house.asked_of_idp("wsfed").await.len();
    tab.press("sign-in").await;
    tab.shows_no_dialog().await;
    tab.is_alone().await;
    assert_eq!(house.asked_of_idp("wsfed").await[asked..], ["GET"]);
    assert_eq!(tab.remark().await, "Not lost");
    assert_eq!(tab.fetch().await.0, 200);
    assert!(tab.is_still_the_same_page().await);
    assert_eq!(house.sessions().await, 1);
}

#[tokio::test]
async fn a3_the_answer_for_one_browser_is_refused_in_another() {
    let house = house().await;
    let (owner, thief) = (house.chromium.page(), Chromium::start().await);
    let scripts = |are_off: bool| json!({ "value": are_off });
    devtools(owner, "Emulation.setScriptExecutionDisabled", scripts(true)).await;
    owner.goto(&house.url("app")).await.unwrap();
    press(owner, "[data-testid=\"user-alice\"]").await;
    let stolen = answer(owner).await;

    let page = thief.page();
    page.goto(&house.at_idp("/wsfed")).await.unwrap();
    bring(page, &stolen).await;
    reads(page, "This sign-in was begun in another browser").await;
    assert_eq!(status(page).await, 400);
    look_at(page, "wsfed-other-browser").await;
    // With a cookie of a sign-in of its own.
    press(page, "a.button").await;
    reads(page, "Sign in as").await;
    bring(page, &stolen).await;
    reads(page, "This sign-in was begun in another browser").await;
    assert_eq!(house.sessions().await, 0);

    devtools(owner, "Emulation.setScriptExecutionDisabled", scripts(false)).await;
    press(owner, "[data-testid=continue]").await;
    owner.wait().for_element(Locator::Id("remark")).await.unwrap();
    assert_eq!(house.sessions().await, 1, "the owner's");
    // Used, it is still worth nothing.
    page.goto(&house.at_idp("/wsfed")).await.unwrap();
    bring(page, &stolen).await;
    reads(page, "This sign-in was begun in another browser").await;
}

#[tokio::test]
async fn a1_a_sign_out_goes_over_the_idp_and_comes_back() {
    let house = house().await;
    let tab = house.sign_in().await;
    house.open_tab("two").await;
    let page = tab.page().await;
    press(page, "#leave").await;
    reads(page, "Your session has ended").await;
    let here = page.current_url().await.unwrap();
    assert_eq!(here.as_str(), format!("{}_hourgate/signed-out", house.url("app")));
    assert_eq!(house.sessions().await, 0, "in both environments");
    // The IdP has forgotten the person, too.
    page.goto(&house.url("one")).await.unwrap();
    reads(page, "Sign in as").await;
}

#[tokio::test]
async fn log_18_an_iframe_of_the_idps_sign_out_page_ends_the_sessions_of_this_browser() {
    let house = house_in(Chromium::that_takes_third_party_cookies(true).await).await;
    let tab = house.sign_in().await;
    let other = house.open_tab("two").await;
    let third = house.open_tab("one").await;
    assert_eq!(house.sessions().await, 3);
    third.page().await.goto(&house.at_idp("/wsfed?wa=wsignout1.0")).await.unwrap();
    reads(third.page().await, "You are signed out of the test identity provider").await;
    assert_eq!(house.sessions().await, 0, "two's, and those of the same credentials");
    for tab in [tab, other] {
        let (status, why) = tab.fetch().await;
        assert!(status == 401 && why.contains("frontchannel_logout"), "{status} {why}");
    }
}

/// What the manual says of such browsers.
#[tokio::test]
async fn log_18_where_cookies_of_third_parties_are_blocked_a_session_lasts_until_its_proof_ends() {
    let house = house_in(Chromium::that_takes_third_party_cookies(false).await).await;
    let tab = house.sign_in().await;
    let other = house.open_tab("two").await;
    tab.page().await.goto(&house.at_idp("/wsfed?wa=wsignout1.0")).await.unwrap();
    reads(tab.page().await, "You are signed out of the test identity provider").await;
    assert_eq!(house.sessions().await, 2, "the iframe came without cookies");
    assert_eq!(other.fetch().await.0, 200);
    house.pass(60 * MINUTE, &[]).await;
    assert_eq!(other.fetch().await.0, 401);
    let page = other.page().await;
    page.goto(&house.url("two")).await.unwrap();
    reads(page, "Sign in as").await;
}
