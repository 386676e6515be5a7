//! `/_hourgate/callback/{idp}`: the browser comes back from an IdP.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::error::EdgeError;
use super::page::see_other;
use super::{Edge, cookie, paths};
use crate::journeys::check::{Usage, check};
use crate::journeys::cookies::session_cookie;
use crate::journeys::sign_in::{Complete, SignInError, complete};
use crate::policy::decide::Verdict;
use crate::session::names::ProviderId;
use crate::session::return_to::ReturnTo;

/// `GET /_hourgate/callback/{idp}`
pub async fn callback(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
) -> Result<HttpResponse, EdgeError> {
    edge.take_from_budget(&request)?;
    let site = edge.site(&request)?;
    let unknown = || EdgeError::UnknownProvider { environment: site.environment.id.to_string() };
    let provider: ProviderId = idp.parse().map_err(|_| unknown())?;
    if !site.environment.providers.contains(&provider) {
        return Err(unknown());
    }
    let presented = cookie::presented(&request, &site, &edge.services.keys);
    let now = edge.services.now();
    let back = Complete {
        environment: &site.environment,
        origin: &site.origin,
        redirect_uri: &paths::callback(&site.origin, &provider),
        provider: &provider,
        query: request.query_string(),
        nonce: presented.nonce.as_ref(),
        previous: presented.session.id(),
    };
    // The address was sealed, but under which configuration? It is judged again (AUT-17).
    let judged =
        |address: &str| ReturnTo::parse(address, &site.origin, &site.environment.hosts, paths::PREFIX);
    match complete(&edge.services, back, now).await {
        Ok(signed_in) => {
            let value = session_cookie(&signed_in.id, &edge.services.keys, now);
            let return_to = judged(&signed_in.return_to);
            Ok(see_other(return_to.as_str(), [cookie::session(&site, value)]))
        }
        Err(SignInError::NeedsThePerson { return_to, .. }) => {
            Ok(see_other(&paths::start_asking(&site.origin, &judged(&return_to)), []))
        }
        // The back button, a reload, or somebody who took their time: those who are signed in go where they wanted to
        // go, the others begin anew. Neither can loop: a new sign-in has a new transaction.
        Err(SignInError::Spent { return_to } | SignInError::Expired { return_to }) => {
            let return_to = judged(&return_to);
            let checked = check(&edge.services, &site.environment, &presented, Usage::Peek, now).await?;
            Ok(match checked.decision.verdict {
                Verdict::Allow(_) => see_other(return_to.as_str(), []),
                _ => see_other(&paths::start(&site.origin, &return_to), []),
            })
        }
        Err(error) => Err(error.into()),
    }
}
