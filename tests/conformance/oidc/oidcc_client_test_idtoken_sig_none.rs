//! The ID token is not signed. The suite allows it over TLS from the token endpoint; we do not.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::AlgNone, "id_token_alg").await;
}

against_both!();
