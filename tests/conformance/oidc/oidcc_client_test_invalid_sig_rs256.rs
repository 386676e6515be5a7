//! The RS256 signature is wrong.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.rotate("RS256", false).await;
    house.refuses_with(Fault::BadSig, "id_token_signature").await;
}

against_both!();
