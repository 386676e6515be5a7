//! `iss` of the ID token is somebody else's.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::WrongIss, "id_token_iss").await;
}

against_both!();
