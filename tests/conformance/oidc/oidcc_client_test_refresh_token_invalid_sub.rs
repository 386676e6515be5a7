//! The refreshed ID token names somebody else: the session ends.

use crate::fault::{Fault, FaultyIdp};
use crate::house::{APP, House};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (id, _) = house.session().await;
    house.idp.arrange(Fault::WrongSub).await;
    house.wait_for_the_check().await;
    assert_eq!(house.why_ended(id).await, "user_mismatch");
    assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401);
}

against_both!();
