//! The code flow, from the app and back to it.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let visit = house.accepts().await;
    assert!(visit.went_over("/_hourgate/start") && visit.went_over("/_hourgate/callback/idp"));
    assert_eq!(house.session().await.1.identity.issuer, house.idp.issuer());
    assert_eq!(house.idp.requests("token").await, 1);
}

against_both!();
