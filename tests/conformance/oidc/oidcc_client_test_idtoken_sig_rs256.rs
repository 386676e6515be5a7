//! The ID token is signed with RS256.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.rotate("RS256", false).await;
    house.accepts().await;
}

against_both!();
