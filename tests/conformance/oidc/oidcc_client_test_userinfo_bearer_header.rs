//! Userinfo is asked with the access token in the `Authorization` header, the one way that both providers here know.

use crate::fault::{Fault, FaultyIdp};
use crate::house::{House, RelyingParty};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::with(RelyingParty { userinfo: true, ..RelyingParty::default() }).await;
    let visit = house.accepts_with(Fault::ClaimsInUserinfo).await;
    assert!(visit.header("x-auth-request-email").starts_with("alice@"), "{visit:?}");
    assert_eq!(house.idp.requests("userinfo").await, 1);
}

against_both!();
