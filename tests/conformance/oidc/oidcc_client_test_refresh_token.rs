//! The refresh token brings a new ID token, without a word from the browser.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (_, before) = house.session().await;
    house.wait_for_the_check().await;
    let (_, after) = house.session().await;
    assert!(after.proof.proved_at > before.proof.proved_at, "{after:?}");
    assert_eq!(house.idp.requests("token").await, 2);
    assert_eq!(house.accepts_in(&browser).await.way.len(), 1, "no redirect");
}

against_both!();
