//! `at_hash` is not the access token's.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::WrongAtHash, "id_token_at_hash").await;
}

against_both!();
