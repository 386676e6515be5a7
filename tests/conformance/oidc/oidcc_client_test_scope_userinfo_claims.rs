//! The scopes `profile` and `email` bring claims that only userinfo has.

use crate::fault::{Fault, FaultyIdp};
use crate::house::{Asked, House, RelyingParty};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::with(RelyingParty { userinfo: true, ..RelyingParty::default() }).await;
    let visit = house.accepts_with(Fault::ClaimsInUserinfo).await;
    let asked = visit.asked("scope");
    assert!(
        asked.split(' ').any(|scope| scope == "profile") && asked.split(' ').any(|scope| scope == "email")
    );
    for header in ["x-auth-request-email", "x-auth-request-preferred-username"] {
        assert!(visit.header(header).starts_with("alice@"), "{header}: {visit:?}");
    }
}

against_both!();
