//! The client secret goes in the `Authorization` header, encoded as RFC 6749 section 2.3.1 says: it has characters that need it.

use crate::fault::FaultyIdp;
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.accepts().await;
}

against_both!();
