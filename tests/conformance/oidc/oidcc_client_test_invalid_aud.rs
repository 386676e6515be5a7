//! The ID token is for another client.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::WrongAud, "id_token_aud").await;
}

against_both!();
