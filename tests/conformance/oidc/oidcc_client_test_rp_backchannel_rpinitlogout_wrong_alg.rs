//! The logout token is signed with an algorithm that was not agreed on.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_logout_token("wrong_alg").await;
}

against_both!();
