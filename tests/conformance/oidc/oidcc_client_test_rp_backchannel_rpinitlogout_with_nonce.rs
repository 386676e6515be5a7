//! The logout token has a nonce, as ID tokens do.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_logout_token("with_nonce").await;
}

against_both!();
