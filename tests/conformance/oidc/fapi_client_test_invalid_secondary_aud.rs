//! The ID token is for somebody else, too.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::ExtraAud, "id_token_aud").await;
}

against_both!();
