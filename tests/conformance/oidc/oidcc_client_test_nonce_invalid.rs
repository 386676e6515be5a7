//! The ID token repeats another nonce than the one that was sent.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::WrongNonce, "id_token_nonce").await;
}

against_both!();
