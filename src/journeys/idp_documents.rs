//! The IdPs' metadata and keys outlive a restart, so that the gateway starts with every IdP down (row O6). They are kept
//! sealed: whoever can write to the store must not be able to plant keys.

use super::Services;
use crate::keys::Purpose;
use crate::provider::Documents;
use crate::session::names::ProviderId;
use crate::store::StoreError;

/// Puts the kept copies in. What is not valid any more is left out, and fetched anew.
///
/// # Errors
///
/// [`StoreError`].
pub async fn restore(services: &Services) -> Result<(), StoreError> {
    for (id, provider) in &services.providers {
        let Some(sealed) = services.sessions.store().document(&name(id)).await? else { continue };
        let restored = services
            .keys
            .open(Purpose::Document, name(id).as_bytes(), &sealed)
            .map_err(|error| error.to_string())
            .and_then(|(plain, _)| {
                serde_json::from_slice::<Documents>(&plain).map_err(|error| error.to_string())
            })
            .and_then(|kept| provider.restore(&kept).map_err(|error| error.to_string()));
        if let Err(cause) = restored {
            tracing::warn!(provider = %id, cause, "kept_idp_documents_refused");
        }
    }
    Ok(())
}

/// Fetches what is missing or old, so that the first person to sign in does not wait; then keeps the copies at hand.
///
/// # Errors
///
/// [`StoreError`].
pub async fn refresh_and_keep(services: &Services) -> Result<(), StoreError> {
    let now = services.now();
    for (id, provider) in &services.providers {
        // A failure is logged where it happens, and the copy at hand stays.
        let _ = provider.warm_up(now).await;
        let Some(documents) = provider.documents() else { continue };
        let Ok(plain) = serde_json::to_vec(&documents) else { continue };
        let sealed = services.keys.seal(Purpose::Document, name(id).as_bytes(), &plain, now);
        services.sessions.store().put_document(&name(id), &sealed).await?;
    }
    Ok(())
}

fn name(id: &ProviderId) -> String {
    format!("idp:{id}")
}
