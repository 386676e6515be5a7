//! The refreshed ID token was issued to another party. That proves nothing, and says nothing of the person: the session is
//! neither proved nor ended, and not served once its proof is over.

use std::time::Duration;

use crate::fault::{Fault, FaultyIdp};
use crate::house::{APP, House, PAST_THE_CHECK};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (_, before) = house.session().await;
    house.idp.arrange(Fault::WrongAzp).await;
    house.wait_for_the_check().await;
    let (_, after) = house.session().await;
    assert_eq!(after.proof, before.proof);
    house.wait(PAST_THE_CHECK);
    assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 503);
    house.idp.heal().await;
    house.wait(Duration::from_secs(60));
    house.accepts_in(&browser).await;
}

against_both!();
