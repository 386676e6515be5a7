//! The provider's own sign-out page holds an iframe of ours: the session ends, without a cookie.

use url::Url;

use crate::fault::FaultyIdp;
use crate::house::{APP, FRONT_CHANNEL, House};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let browser = house.browser();
    house.accepts_in(&browser).await;
    let (id, session) = house.session().await;
    let mut frame = Url::parse(FRONT_CHANNEL).unwrap();
    let sid = session.identity.idp_session.clone().unwrap();
    frame.query_pairs_mut().append_pair("iss", &house.idp.issuer()).append_pair("sid", &sid);
    assert_eq!(house.browser().step(frame.as_str()).await.status, 200);
    assert_eq!(house.why_ended(id).await, "frontchannel_logout");
    assert_eq!(browser.fetch(&format!("{APP}/api")).await.status, 401);
}

against_both!();
