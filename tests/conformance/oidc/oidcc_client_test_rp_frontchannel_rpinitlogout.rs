//! A sign-out leads to the provider, whose page tells us by an iframe: with `iss` and `sid`, and it is answered.

use url::Url;

use crate::fault::{Fault, FaultyIdp};
use crate::house::{FRONT_CHANNEL, House};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    house.idp.arrange(Fault::FrontChannel).await;
    let (browser, elsewhere) = (house.browser(), house.browser());
    house.accepts_in(&browser).await;
    let (id, session) = house.session().await;
    let page = house.signs_out(&browser).await;
    assert_eq!(house.why_ended(id).await, "signed_out");
    let (_, rest) = page.body.split_once("<iframe").unwrap_or_else(|| panic!("{page:?}"));
    let src = rest.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let frame = Url::parse(&src.replace("&#38;", "&").replace("&amp;", "&")).unwrap();
    assert!(frame.as_str().starts_with(FRONT_CHANNEL), "{frame}");
    let said = |name: &str| {
        frame.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    };
    assert_eq!((said("iss"), said("sid")), (Some(house.idp.issuer()), session.identity.idp_session.clone()));
    assert_eq!(elsewhere.step(frame.as_str()).await.status, 200);
}

against_both!();
