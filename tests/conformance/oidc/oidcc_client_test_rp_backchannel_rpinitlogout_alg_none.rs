//! The logout token is not signed.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_logout_token("alg_none").await;
}

against_both!();
