//! Userinfo is a signed JWT.

use crate::fault::{Fault, FaultyIdp};
use crate::house::{House, RelyingParty};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::with(RelyingParty { userinfo: true, ..RelyingParty::default() }).await;
    let visit = house.accepts_with(Fault::SignedUserinfo).await;
    assert!(visit.header("x-auth-request-email").starts_with("alice@"), "{visit:?}");
}

against_both!();
