//! The ID token is encrypted, for nobody here.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::Encrypted, "id_token_type").await;
}

against_both!();
