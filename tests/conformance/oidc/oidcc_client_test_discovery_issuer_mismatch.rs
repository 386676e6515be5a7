//! The metadata names another issuer than the one that was asked.

use std::time::Duration;

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.arrange(Fault::DiscoveryIss).await;
    house.refuses("idp_unavailable").await;
    assert_eq!(house.idp.requests("token").await + house.idp.requests("jwks").await, 0);
    house.idp.heal().await;
    house.wait(Duration::from_secs(2));
    house.accepts().await;
}

against_both!();
