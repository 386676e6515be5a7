//! The ID token names nobody.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::MissingSub, "id_token_malformed").await;
}

against_both!();
