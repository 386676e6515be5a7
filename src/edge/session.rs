//! `/_hourgate/session` and `/_hourgate/userinfo`: looking at a session. Looking never slides it.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::error::EdgeError;
use super::site::Site;
use super::{Edge, cookie, paths};
use crate::journeys::check::{Checked, Usage, check};
use crate::policy::decide::Verdict;
use crate::policy::facts::Standing;
use crate::policy::schedule;
use crate::session::Session;
use crate::session::return_to::ReturnTo;
use crate::time::Timestamp;

/// `GET /_hourgate/session`: how long the session lasts, in seconds from now, so that a wrong clock does no harm.
pub async fn session(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let now = edge.services.now();
    let (site, checked) = look(&request, &edge, now).await?;
    let login_url = paths::start(&site.origin, &ReturnTo::front_page(&site.origin));
    let body = match &checked.facts.standing {
        Standing::Live(session) if matches!(checked.decision.verdict, Verdict::Allow(_) | Verdict::Check) => {
            describe(&site, &checked, session, now)
        }
        _ => json!({
            "authenticated": false,
            "now": now.as_millis(),
            "reason": checked.decision.reason.code(),
            "login_url": login_url,
        }),
    };
    Ok(answer(HttpResponse::Ok(), &body))
}

fn describe(site: &Site, checked: &Checked, session: &Session, now: Timestamp) -> Value {
    let secs_until = |at: Timestamp| at.since(now).as_secs();
    json!({
        "authenticated": matches!(checked.decision.verdict, Verdict::Allow(_)),
        "now": now.as_millis(),
        "reason": checked.decision.reason.code(),
        "sub": session.identity.subject,
        "environment": site.environment.id,
        "expires_in": checked.decision.ends_at.map(secs_until),
        "proof": {
            "age": now.since(session.proof.proved_at).as_secs(),
            "ends_in": secs_until(schedule::proof_until(&checked.settings, session)),
        },
        "check": {
            "next_in": secs_until(session.next_check),
            "last": session.failed_check.map_or("confirmed", |check| check.why.code()),
        },
        "login_url": paths::start(&site.origin, &ReturnTo::front_page(&site.origin)),
        "logout_url": paths::sign_out(&site.origin),
    })
}

/// `GET /_hourgate/userinfo`: who is signed in, in the shape of oauth2-proxy.
pub async fn userinfo(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let (_, checked) = look(&request, &edge, edge.services.now()).await?;
    let Verdict::Allow(permit) = checked.decision.verdict else {
        return Ok(answer(
            HttpResponse::Unauthorized(),
            &json!({ "reason": checked.decision.reason.code() }),
        ));
    };
    let identity = &permit.session().identity;
    let body = json!({
        "user": identity.subject,
        "email": identity.email,
        "groups": identity.groups,
        "preferredUsername": identity.preferred_username,
    });
    Ok(answer(HttpResponse::Ok(), &body))
}

async fn look(request: &HttpRequest, edge: &Edge, now: Timestamp) -> Result<(Site, Checked), EdgeError> {
    let site = edge.site(request)?;
    let presented = cookie::presented(request, &site, &edge.services.keys);
    let checked = check(&edge.services, &site.environment, &presented, Usage::Peek, now).await?;
    Ok((site, checked))
}

fn answer(mut response: actix_web::HttpResponseBuilder, body: &Value) -> HttpResponse {
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-content-type-options", "nosniff"))
        .json(body)
}
