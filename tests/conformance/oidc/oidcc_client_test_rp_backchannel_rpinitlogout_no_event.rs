//! The logout token has no event.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_logout_token("no_event").await;
}

against_both!();
