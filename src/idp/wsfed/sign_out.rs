//! Signing out for a relying party (`wa=wsignout1.0`), and when somebody else has (`wa=wsignoutcleanup1.0`).

use actix_web::{HttpRequest, HttpResponse};

use super::super::courier::Courier;
use super::super::pages;
use super::super::sign_out::{self, Over};
use super::super::tenant::Tenant;
use crate::issuer::params::Params;

/// Ends the browser's session at once: no relying party has anything to prove itself with. Its relying parties clean up
/// in frames; then the browser goes to `wreply`, if that is an address of the relying party `wtrealm` (of any registered
/// one, where none is named). What is not, is not followed, and nobody is signed out.
pub(super) async fn sign_out(
    req: &HttpRequest,
    tenant: &Tenant,
    params: &Params,
    courier: &Courier,
) -> HttpResponse {
    if params.has_repeats() {
        return pages::bad_request("a parameter was sent twice").into_response();
    }
    let over = {
        let (mut state, now) = tenant.lock();
        let parties = &state.relying_parties;
        let target = params.get("wreply").map(|reply| match params.get("wtrealm") {
            Some(realm) => parties.reply_for(realm, Some(reply)),
            None => Some(reply.to_owned()).filter(|reply| parties.anyone_replies_at(reply)),
        });
        let Ok(target) = target.map(|target| target.ok_or(())).transpose() else {
            return pages::bad_request("wreply is not where this relying party has people sent")
                .into_response();
        };
        let ended = sign_out::own_session(req, &mut state);
        Over::of(&state, &tenant.issuer, ended.as_slice(), target, now)
    };
    sign_out::finish(tenant, courier, over).await
}

/// As above, but the browser stays.
pub(super) async fn clean_up(req: &HttpRequest, tenant: &Tenant, courier: &Courier) -> HttpResponse {
    let over = {
        let (mut state, now) = tenant.lock();
        let ended = sign_out::own_session(req, &mut state);
        Over::of(&state, &tenant.issuer, ended.as_slice(), None, now)
    };
    sign_out::finish(tenant, courier, over).await
}
