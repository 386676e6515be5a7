//! `/_hourgate/callback/{idp}`: the browser comes back from an IdP.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::exempt_at;
use super::error::EdgeError;
use super::page::see_other;
use super::site::Site;
use super::{Edge, cookie, form, loop_guard, paths};
use crate::journeys::check::{Presented, Usage, check};
use crate::journeys::cookies::session_cookie;
use crate::journeys::sign_in::{Answer, Complete, SignInError, complete};
use crate::oidc::authorization::{ResponseError, ResponseMode};
use crate::policy::decide::Verdict;
use crate::session::names::ProviderId;

/// No authorization response is longer, in bytes.
const LONGEST_RESPONSE: usize = 64 * 1024;

/// `GET /_hourgate/callback/{idp}`
pub async fn by_query(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
) -> Result<HttpResponse, EdgeError> {
    let callback = Callback::of(&request, &edge, &idp)?;
    let answer = Answer::Authorization { parameters: request.query_string(), mode: ResponseMode::Query };
    callback.complete(&request, &edge, answer).await
}

/// `POST /_hourgate/callback/{idp}`: a form that the IdP's page posts, from another site. It is bound to the browser by the
/// nonce cookie, as the other is.
pub async fn by_post(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
    body: Payload,
) -> Result<HttpResponse, EdgeError> {
    let callback = Callback::of_post(&request, &edge, &idp)?;
    let form = form::read(&request, body, LONGEST_RESPONSE).await?;
    let answer = Answer::Authorization { parameters: &form, mode: ResponseMode::FormPost };
    callback.complete(&request, &edge, answer).await
}

/// Where an answer arrives, known before any of it is read.
pub(super) struct Callback {
    pub(super) site: Site,
    pub(super) provider: ProviderId,
    pub(super) presented: Presented,
}

impl Callback {
    /// Of a request within the budget, on a host of ours, for an IdP of its environment.
    pub(super) fn of(request: &HttpRequest, edge: &Edge, idp: &str) -> Result<Self, EdgeError> {
        edge.take_from_budget(request)?;
        let site = edge.site(request)?;
        let unknown = || EdgeError::UnknownProvider { environment: site.environment.id.to_string() };
        let provider: ProviderId = idp.parse().map_err(|_| unknown())?;
        if !site.environment.providers.contains(&provider) {
            return Err(unknown());
        }
        let presented = cookie::presented(request, &site, &edge.services.keys);
        Ok(Self { site, provider, presented })
    }

    /// The same of a form. A query beside it would be another answer (AUT-05).
    pub(super) fn of_post(request: &HttpRequest, edge: &Edge, idp: &str) -> Result<Self, EdgeError> {
        let callback = Self::of(request, edge, idp)?;
        if !request.query_string().is_empty() {
            return Err(SignInError::from(ResponseError::WrongMode).into());
        }
        Ok(callback)
    }

    /// Completes a sign-in: whatever the protocol, the browser goes where the person wanted to go.
    pub(super) async fn complete(
        self,
        request: &HttpRequest,
        edge: &Edge,
        answer: Answer<'_>,
    ) -> Result<HttpResponse, EdgeError> {
        let Self { site, provider, presented } = self;
        let now = edge.services.now();
        let back = Complete {
            environment: &site.environment,
            origin: &site.origin,
            redirect_uri: &edge.callback(&site.origin, &provider),
            provider: &provider,
            answer,
            nonce: presented.nonce.as_ref(),
            previous: presented.session.id(),
            exempt_at: &|path| exempt_at(request, &site, path),
            mark: cookie::credentials_mark(request, &site, presented.nonce.as_ref(), &edge.services.keys),
        };
        // The address was sealed, but under which configuration? It is judged again (AUT-17).
        let judged = |address: &str| paths::return_to(address, &site);
        match complete(&edge.services, back, now).await {
            Ok(signed_in) => {
                let value = session_cookie(&signed_in.id, &edge.services.keys, now);
                let return_to = judged(&signed_in.return_to);
                let sent_back = loop_guard::sent_back(request, &site, &return_to, now);
                let mut cookies = vec![cookie::session(&site, value, signed_in.is_kept), sent_back];
                match &signed_in.mark {
                    Some(mark) => cookies.push(cookie::credentials(&site, mark, &edge.services.keys, now)),
                    None if signed_in.with_credentials => cookies.push(cookie::no_credentials(&site)),
                    None => {}
                }
                cookies.extend(
                    signed_in.clean_up.map(|mark| cookie::clean_up(&site, &mark, &edge.services.keys, now)),
                );
                Ok(see_other(return_to.as_str(), cookies))
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
}
