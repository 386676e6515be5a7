//! The authorization response repeats no `state`.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.arrange(Fault::MissingState).await;
    house.refuses("malformed_response").await;
    assert_eq!(house.idp.requests("token").await, 0, "the code was sent to nobody");
}

against_both!();
