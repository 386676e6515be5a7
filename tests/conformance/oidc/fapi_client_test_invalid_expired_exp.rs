//! The ID token ended an hour ago.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::Expired, "id_token_expired").await;
}

against_both!();
