//! The provider answers by POST, and what it posts is an error: the person is told, and nobody is signed in.

use hourgate::provider::settings::ResponseMode;

use crate::browser::{Browser, Visit};
use crate::fault::{Fault, FaultyIdp};
use crate::house::{APP, House, RelyingParty};

/// A sign-in up to the provider's form, and what the gateway makes of it.
async fn posted(browser: &Browser) -> Visit {
    let (url, body) = browser.navigate(&format!("{APP}/report")).await.form();
    browser.post_from_elsewhere(url.as_str(), "application/x-www-form-urlencoded", &body).await
}

async fn module<I: FaultyIdp>() {
    let by_post = RelyingParty { response_mode: ResponseMode::FormPost, ..RelyingParty::default() };
    let house = House::<I>::with(by_post).await;
    house.idp.arrange(Fault::FormPostError).await;
    let browser = house.browser();
    let refused = posted(&browser).await;
    assert!((400..500).contains(&refused.status) && refused.body.contains("idp_denied"), "{refused:?}");
    assert_eq!(browser.fetch(&format!("{APP}/report")).await.status, 401);
    assert_eq!(house.idp.requests("token").await, 0, "there was no code");

    house.idp.heal().await;
    assert_eq!(posted(&browser).await.status, 303);
    house.accepts_in(&browser).await;
}

against_both!();
