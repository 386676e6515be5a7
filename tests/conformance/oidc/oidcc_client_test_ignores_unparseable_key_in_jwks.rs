//! The key set holds keys that make no sense beside the one that counts.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.accepts_with(Fault::OddKeys).await;
}

against_both!();
