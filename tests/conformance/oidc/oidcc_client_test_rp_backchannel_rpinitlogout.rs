//! The provider posts a logout token: the session ends.

use crate::fault::FaultyIdp;
use crate::house::{APP, House};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (id, _) = house.session().await;
    assert_eq!(house.takes(&house.idp.logout_token("good").await).await, 200);
    assert_eq!(house.why_ended(id).await, "backchannel_logout");
    assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401);
}

against_both!();
