//! The authorization response names no issuer, although the metadata says that each does (RFC 9207).

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.arrange(Fault::MissingResponseIss).await;
    house.refuses("wrong_issuer").await;
    assert_eq!(house.idp.requests("token").await, 0, "the code was sent to nobody");
}

against_both!();
