//! The ID token has a MAC whose key is the public key. No MAC is accepted, whatever its key.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::Hs256, "id_token_alg").await;
}

against_both!();
