//! The ES256 signature is wrong.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::BadSig, "id_token_signature").await;
}

against_both!();
