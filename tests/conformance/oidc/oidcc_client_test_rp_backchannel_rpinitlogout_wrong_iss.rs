//! The logout token is of another issuer.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_logout_token("wrong_iss").await;
}

against_both!();
