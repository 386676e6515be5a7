//! A sign-out leads over the provider, with a `state` that comes back.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (id, _) = house.session().await;
    let visit = house.signs_out(&browser).await;
    assert_eq!((visit.status, visit.url.path()), (200, "/_hourgate/signed-out"), "{visit:?}");
    assert!(visit.body.contains("here and at your organisation"), "{visit:?}");
    assert_eq!(house.why_ended(id).await, "signed_out");
}

against_both!();
