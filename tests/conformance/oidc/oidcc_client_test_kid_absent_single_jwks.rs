//! The ID token does not say by which key it is signed; there is one.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.accepts_with(Fault::NoKid).await;
}

against_both!();
