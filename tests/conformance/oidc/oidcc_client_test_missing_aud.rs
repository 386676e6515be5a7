//! The ID token is for no client.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::MissingAud, "id_token_malformed").await;
}

against_both!();
