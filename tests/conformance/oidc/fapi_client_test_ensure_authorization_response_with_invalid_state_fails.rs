//! The authorization response repeats another `state`.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.arrange(Fault::WrongState).await;
    house.refuses("foreign_state").await;
    assert_eq!(house.idp.requests("token").await, 0, "the code was sent to nobody");
}

against_both!();
