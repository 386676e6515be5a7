//! The keys are those of the metadata's `jwks_uri`.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.accepts().await;
    house.accepts().await;
    assert_eq!(house.idp.requests("jwks").await, 1, "once, and kept");
}

against_both!();
