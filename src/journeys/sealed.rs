//! What browsers carry for the gateway, sealed, as text that fits into an address or a cookie: nobody else reads or makes it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keys::ring::NotAuthentic;
use crate::keys::{KeyId, KeyRing, Purpose};
use crate::time::Timestamp;

/// Seals a struct of texts and numbers. `kind` tells apart what is sealed for one purpose.
///
/// # Panics
///
/// Never: texts and numbers always have a JSON form.
#[expect(clippy::expect_used, reason = "a struct of texts and numbers always has a JSON form")]
pub(super) fn seal<T: Serialize>(
    value: &T,
    purpose: Purpose,
    kind: &[u8],
    keys: &KeyRing,
    now: Timestamp,
) -> String {
    let plain = serde_json::to_vec(value).expect("texts and numbers have a JSON form");
    BASE64_URL_SAFE_NO_PAD.encode(keys.seal(purpose, kind, &plain, now))
}

/// Opens what [`seal`] made, and tells which key did.
///
/// # Errors
///
/// [`NotAuthentic`], the same for every cause (AUT-07).
pub(super) fn open<T: DeserializeOwned>(
    text: &str,
    purpose: Purpose,
    kind: &[u8],
    keys: &KeyRing,
) -> Result<(T, KeyId), NotAuthentic> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAuthentic)?;
    let (plain, key) = keys.open(purpose, kind, &sealed)?;
    Ok((serde_json::from_slice(&plain).map_err(|_| NotAuthentic)?, key))
}
