//! The key is rotated while the person is on the way back, without overlap, and a moment after the set was fetched.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.accepts().await;
    assert_eq!(house.idp.requests("jwks").await, 1);
    let browser = house.browser();
    let callback = house.callback(&browser).await;
    house.idp.rotate("ES256", false).await;
    let visit = browser.navigate(callback.as_str()).await;
    assert_eq!((visit.status, visit.user()), (200, "alice"), "{visit:?}");
    assert_eq!(house.idp.requests("jwks").await, 2);
}

against_both!();
