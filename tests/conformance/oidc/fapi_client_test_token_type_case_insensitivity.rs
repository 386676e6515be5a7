//! `token_type` is bearer in odd letters.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.accepts_with(Fault::TokenType).await;
}

against_both!();
