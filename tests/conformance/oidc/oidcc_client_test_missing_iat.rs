//! The ID token does not say when it was issued.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::MissingIat, "id_token_malformed").await;
}

against_both!();
