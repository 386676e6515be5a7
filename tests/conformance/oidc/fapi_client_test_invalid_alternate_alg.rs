//! The ID token is well signed, with an algorithm that was not agreed on.

use hourgate::provider::settings::SigningAlgorithm;

use crate::fault::FaultyIdp;
use crate::house::{House, RelyingParty};

async fn module<I: FaultyIdp>() {
    let algorithms = vec![SigningAlgorithm::Es256];
    let house = House::<I>::with(RelyingParty { algorithms, ..RelyingParty::default() }).await;
    house.accepts().await;
    let house = House::<I>::with(RelyingParty {
        algorithms: vec![SigningAlgorithm::Es256],
        ..RelyingParty::default()
    })
    .await;
    house.idp.rotate("RS256", true).await;
    house.refuses("id_token_alg").await;
}

against_both!();
