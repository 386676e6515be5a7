//! The ID token is not signed.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::AlgNone, "id_token_alg").await;
}

against_both!();
