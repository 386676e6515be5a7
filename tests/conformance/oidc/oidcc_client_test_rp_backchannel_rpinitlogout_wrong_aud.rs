//! The logout token is for another client.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_logout_token("wrong_aud").await;
}

against_both!();
