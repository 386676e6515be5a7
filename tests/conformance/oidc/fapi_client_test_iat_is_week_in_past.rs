//! The ID token was issued a week ago, and has not ended.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::StaleIat, "id_token_stale").await;
}

against_both!();
