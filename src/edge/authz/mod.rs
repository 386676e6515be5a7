//! The three authz contracts, one file each. A contract reads the original request in its proxy's dialect and answers in
//! it; the decision between is the same.
//!
//! No answer waits for an IdP, sets a cookie, or may be cached. The master invariant: a 2xx is built from a [`Permit`] and
//! carries its identity headers, and in no other way.

mod auth_request;
mod ext_authz;
mod forward_auth;
pub mod identity;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

pub use auth_request::auth_request;
pub use ext_authz::ext_authz;
pub use forward_auth::forward_auth;

use super::client::exempt_at;
use super::error::EdgeError;
use super::navigation::{is_by_the_person, is_navigation};
use super::site::Site;
use super::{Edge, cookie, paths};
use crate::journeys::check::{Checked, Usage, check};
use crate::journeys::policy_check::run_visited;
use crate::policy::decide::{Permit, Verdict};
use crate::policy::facts::Standing;
use crate::policy::reason::Reason;
use crate::session::return_to::ReturnTo;
use crate::telemetry::{AuthzLabels, ProviderLabels};

/// A request that marks itself as polling does not count as use of the session.
const PASSIVE: &str = "x-hourgate-passive";

/// Marks a 200 that rests on a proof that is over, given while the IdP is away (row O3).
const DEGRADED: &str = "x-hourgate-degraded";

/// The request that a front proxy asks about.
struct Original {
    site: Site,
    method: Method,
    /// Path and query on the site's origin.
    target: String,
}

/// What a front proxy is told.
enum Answer {
    Allow(Permit),
    /// To the sign-in, or to the page that waits for a policy check.
    GoTo {
        location: String,
        login_url: String,
        reason: Reason,
    },
    /// Not this person; where they can sign out.
    Forbidden {
        page: String,
        reason: Reason,
    },
    /// A script waits for a policy check.
    Checking {
        login_url: String,
        reason: Reason,
    },
}

/// How a contract puts an answer into HTTP.
type Dialect = fn(&HttpRequest, &Method, Answer) -> HttpResponse;

async fn answer(
    edge: &Data<Edge>,
    request: &HttpRequest,
    contract: &'static str,
    original: Result<Original, EdgeError>,
    dialect: Dialect,
) -> HttpResponse {
    let decided = match original {
        Ok(original) => decide(edge, request, &original).await.map(|answer| (answer, original.method)),
        Err(error) => Err(error),
    };
    let (mut response, reason) = match decided {
        Ok((answer, method)) => {
            let reason = answer.reason();
            (dialect(request, &method, answer), reason.code())
        }
        Err(error) => {
            let code = error.code();
            (error.into_authz(), code)
        }
    };
    no_store(&mut response);
    let labels = AuthzLabels { contract, status: response.status().as_u16(), reason };
    edge.services.metrics.authz_decisions.get_or_create(&labels).inc();
    response
}

async fn decide(edge: &Edge, request: &HttpRequest, original: &Original) -> Result<Answer, EdgeError> {
    let Original { site, target, .. } = original;
    let mut presented = cookie::presented(request, site, &edge.services.keys);
    presented.exempt = exempt_at(request, site, target.split('?').next().unwrap_or_default());
    let usage = usage(request, site, target);
    let now = edge.services.now();
    let checked = check(&edge.services, &site.environment, &presented, usage, now).await?;
    let reason = checked.decision.reason;
    // Addresses are made only for those who are sent there: the hot path lets pass.
    let return_to = || ReturnTo::parse(target, &site.origin, &site.environment.hosts, paths::PREFIX);
    let login_url = || paths::start(&site.origin, &return_to());
    Ok(match checked.decision.verdict {
        Verdict::Allow(permit) => {
            if permit.reason() == Reason::Degraded {
                let labels = ProviderLabels { provider: permit.session().identity.provider.to_string() };
                edge.services.metrics.degraded_answers.get_or_create(&labels).inc();
            }
            Answer::Allow(permit)
        }
        Verdict::Forbidden => Answer::Forbidden { page: login_url(), reason },
        Verdict::SignIn(_) | Verdict::Renew => {
            let login_url = login_url();
            Answer::GoTo { location: login_url.clone(), login_url, reason }
        }
        Verdict::Check if is_navigation(request.headers()) => {
            let location = paths::check(&site.origin, &return_to());
            Answer::GoTo { location, login_url: login_url(), reason }
        }
        Verdict::Check => {
            if usage != Usage::Peek {
                begin_check(edge, &checked, usage);
            }
            Answer::Checking { login_url: login_url(), reason }
        }
    })
}

/// What a request says about whether somebody uses the app (row C10).
fn usage(request: &HttpRequest, site: &Site, target: &str) -> Usage {
    if request.headers().contains_key(PASSIVE) || site.environment.is_passive(target) {
        Usage::Peek
    } else if is_by_the_person(request.headers()) {
        Usage::Activity
    } else {
        Usage::Script
    }
}

/// A script asks again in a second, and finds the answer to the check that begins now (PCI-17).
fn begin_check(edge: &Edge, checked: &Checked, usage: Usage) {
    if let (Some(id), Standing::Live(session)) = (checked.id, &checked.facts.standing) {
        let (services, session) = (edge.services.clone(), session.clone());
        tokio::spawn(async move { run_visited(&services, id, &session, usage).await });
    }
}

impl Answer {
    const fn reason(&self) -> Reason {
        match self {
            Self::Allow(permit) => permit.reason(),
            Self::GoTo { reason, .. } | Self::Forbidden { reason, .. } | Self::Checking { reason, .. } => {
                *reason
            }
        }
    }
}

/// 200 with every identity header of the profile; empty where the value is unknown, so that a forged one is overwritten.
fn allow(permit: &Permit) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in identity::headers(&permit.session().identity) {
        response.insert_header((name, value));
    }
    if permit.reason() == Reason::Degraded {
        response.insert_header((DEGRADED, "idp_away"));
    }
    response.finish()
}

/// 401 with the reason where even nginx passes it on: in `WWW-Authenticate`.
fn unauthorized(login_url: &str, location: Option<&str>, reason: Reason) -> HttpResponse {
    let mut response = HttpResponse::Unauthorized();
    response.insert_header((WWW_AUTHENTICATE, challenge(login_url, reason)));
    if let Some(location) = location {
        response.insert_header((LOCATION, location));
    }
    response.finish()
}

/// 401 that a script can read (RFC 9457).
fn problem(login_url: &str, reason: Reason) -> HttpResponse {
    HttpResponse::Unauthorized()
        .insert_header((WWW_AUTHENTICATE, challenge(login_url, reason)))
        .insert_header((CONTENT_TYPE, "application/problem+json"))
        .body(
            json!({
                "type": "about:blank",
                "title": reason.sentence(),
                "status": 401,
                "reason": reason.code(),
                "login_url": login_url,
            })
            .to_string(),
        )
}

/// 403: to a person the address of the page that says why, for front proxies that pass it on; to a script the reason.
fn forbidden(page: &str, reason: Reason) -> HttpResponse {
    HttpResponse::Forbidden()
        .insert_header((WWW_AUTHENTICATE, format!("Hourgate reason=\"{}\"", reason.code())))
        .insert_header((CONTENT_TYPE, "application/problem+json"))
        .body(
            json!({
                "type": page,
                "title": reason.sentence(),
                "status": 403,
                "reason": reason.code(),
            })
            .to_string(),
        )
}

/// 503: ask again in a second, the check is under way.
fn checking(reason: Reason) -> HttpResponse {
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
        .insert_header((RETRY_AFTER, 1))
        .insert_header((WWW_AUTHENTICATE, format!("Hourgate reason=\"{}\"", reason.code())))
        .finish()
}

/// A URL has no quotes and no backslashes (WHATWG), so it can stand in a quoted string as it is.
fn challenge(login_url: &str, reason: Reason) -> String {
    format!("Hourgate reason=\"{}\", login_url=\"{login_url}\"", reason.code())
}

fn no_store(response: &mut HttpResponse) {
    let no_store = actix_web::http::header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
}
