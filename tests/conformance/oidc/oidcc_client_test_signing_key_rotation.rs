//! The provider signs with a new key. The set that is kept does not have it, and is fetched once more.

use std::time::Duration;

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let mut fetched = 1;
    house.accepts().await;
    for (alg, overlap) in [("ES256", true), ("RS256", true), ("ES256", false)] {
        house.idp.rotate(alg, overlap).await;
        house.wait(Duration::from_secs(60));
        house.accepts().await;
        fetched += 1;
        assert_eq!(house.idp.requests("jwks").await, fetched, "{alg} {overlap}");
    }
}

against_both!();
