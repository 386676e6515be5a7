//! `c_hash` is not the code's. The code flow does not ask for one; where it is, it must be right.

use crate::fault::{Fault, FaultyIdp};
use crate::house::House;

async fn module<I: FaultyIdp>() {
    House::<I>::open().await.refuses_with(Fault::WrongCHash, "id_token_c_hash").await;
}

against_both!();
