//! The ID token does not say by which key it is signed; there are several. The suite leaves the choice: we try those that
//! fit the algorithm, for one of them must fit the signature.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.rotate("ES256", true).await;
    house.idp.rotate("ES256", true).await;
    house.accepts_with(Fault::NoKid).await;
}

against_both!();
