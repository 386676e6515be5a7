//! A nonce is sent in the code flow, too, and must come back.

use crate::fault::{Fault, FaultyIdp};
use crate::house::{Asked, House};

async fn module<I: FaultyIdp>() {
    let house = House::<I>::open().await;
    let (one, other) = (house.accepts().await.asked("nonce"), house.accepts().await.asked("nonce"));
    assert!(one.len() >= 22 && one != other, "128 bits at least, never the same: {one} {other}");
    let house = House::<I>::open().await;
    house.refuses_with(Fault::MissingNonce, "id_token_nonce").await;
}

against_both!();
