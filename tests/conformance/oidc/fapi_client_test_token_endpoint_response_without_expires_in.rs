//! The token response does not say when the access token ends.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.accepts_with(Fault::NoExpiresIn).await;
}

against_both!();
