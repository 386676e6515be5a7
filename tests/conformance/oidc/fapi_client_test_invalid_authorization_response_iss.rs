//! The authorization response names another issuer (RFC 9207).

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.arrange(Fault::WrongResponseIss).await;
    house.refuses("wrong_issuer").await;
    assert_eq!(house.idp.requests("token").await, 0, "the code was sent to nobody");
}

against_both!();
