//! The endpoints are those of the metadata.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let visit = house.accepts().await;
    assert_eq!(house.idp.requests("discovery").await, 1, "once, and kept");
    let start = visit.way.iter().position(|url| url.path() == "/_hourgate/start").unwrap();
    assert!(visit.way[start + 1].as_str().starts_with(&house.idp.issuer()), "{:#?}", visit.way);
}

against_both!();
