//! Userinfo is about somebody else than the ID token.

use crate::fault::{Fault, FaultyIdp};
use crate::house::{House, RelyingParty};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::with(RelyingParty { userinfo: true, ..RelyingParty::default() }).await;
    house.refuses_with(Fault::UserinfoSub, "userinfo_sub").await;
}

against_both!();
