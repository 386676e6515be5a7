//! The ID token repeats no nonce.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::MissingNonce, "id_token_nonce").await;
}

against_both!();
