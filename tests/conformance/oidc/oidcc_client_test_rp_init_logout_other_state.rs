//! The provider sends another `state` back. The session has ended all the same; that the provider was there is not believed.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (id, _) = house.session().await;
    house.idp.arrange(Fault::WrongLogoutState).await;
    let visit = house.signs_out(&browser).await;
    assert_eq!((visit.status, visit.url.path()), (200, "/_hourgate/signed-out"), "{visit:?}");
    assert!(!visit.body.contains("at your organisation"), "{visit:?}");
    assert_eq!(house.why_ended(id).await, "signed_out");
}

against_both!();
