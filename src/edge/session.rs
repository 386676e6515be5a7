//! What the page script and apps ask about a session: looking at it, which never slides it, and saying that somebody is
//! there.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::client::exempt_on_page;
use super::error::EdgeError;
use super::site::Site;
use super::{Edge, cookie, paths, same_origin};
use crate::journeys::activity::last_used;
use crate::journeys::check::{Checked, Presented, Usage, check};
use crate::journeys::presence;
use crate::policy::decide::Verdict;
use crate::policy::facts::Standing;
use crate::policy::reason::Reason;
use crate::policy::schedule;
use crate::policy::warning::{Warning, WarningKind, warning};
use crate::session::Session;
use crate::session::return_to::ReturnTo;
use crate::time::Timestamp;

/// `GET /_hourgate/session`: how long the session lasts, in seconds from now, so that a wrong clock does no harm.
pub async fn session(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let now = edge.services.now();
    let (site, mut checked) = look(&request, &edge, now).await?;
    if checked.settings.custom_inactivity
        && let (Some(id), Standing::Live(session)) = (checked.id, &checked.facts.standing)
    {
        // The decision can do with less; who counts seconds wants to know what other nodes have seen.
        let (services, settings) = (&edge.services, &checked.settings);
        checked.facts.last_activity = last_used(services, settings, id, session, now).await?;
    }
    Ok(answer(StatusCode::OK, &view(&site, &checked, now)))
}

/// `POST /_hourgate/session/activity`: somebody typed or pointed (row C10). 204, or 401.
pub async fn activity(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    same_origin::required_of_script(&request, &site)?;
    let now = edge.services.now();
    let presented = presented(&request, &edge, &site);
    let checked = presence::input(&edge.services, &site.environment, &presented, now).await?;
    Ok(match checked.decision.verdict {
        Verdict::Allow(_) => HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish(),
        _ => answer(StatusCode::UNAUTHORIZED, &view(&site, &checked, now)),
    })
}

/// `POST /_hourgate/session/extend`: "Stay signed in". 200 where that is so now; 409 where it takes a sign-in, 401 where it
/// is too late.
pub async fn extend(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    same_origin::required_of_script(&request, &site)?;
    let now = edge.services.now();
    let presented = presented(&request, &edge, &site);
    let checked = presence::stay(&edge.services, &site.environment, &presented, now).await?;
    let reason = match (&checked.decision.verdict, announced(&checked).map(|warning| warning.kind)) {
        (Verdict::Allow(_), None | Some(WarningKind::Inactivity)) => {
            return Ok(answer(StatusCode::OK, &view(&site, &checked, now)));
        }
        (Verdict::Allow(_), Some(WarningKind::End)) => "absolute_limit",
        (Verdict::Allow(_), Some(WarningKind::Proof)) => "renewed_by_browser",
        _ => return Ok(answer(StatusCode::UNAUTHORIZED, &view(&site, &checked, now))),
    };
    let mut view = view(&site, &checked, now);
    view["reason"] = reason.into();
    Ok(answer(StatusCode::CONFLICT, &view))
}

/// What a live session runs into next.
fn announced(checked: &Checked) -> Option<Warning> {
    match &checked.facts.standing {
        Standing::Live(session) => warning(&checked.settings, &checked.facts, session),
        Standing::Absent | Standing::Ended(_) => None,
    }
}

fn view(site: &Site, checked: &Checked, now: Timestamp) -> Value {
    match &checked.facts.standing {
        Standing::Live(session) if matches!(checked.decision.verdict, Verdict::Allow(_) | Verdict::Check) => {
            describe(site, checked, session, now)
        }
        _ => json!({
            "authenticated": false,
            "now": now.as_millis(),
            "reason": checked.decision.reason.code(),
            "sentence": checked.decision.reason.sentence(),
            "login_url": paths::start(&site.origin, &ReturnTo::front_page(&site.origin)),
            "popup_url": paths::popup(&site.origin),
        }),
    }
}

fn describe(site: &Site, checked: &Checked, session: &Session, now: Timestamp) -> Value {
    let secs_until = |at: Timestamp| at.since(now).as_secs();
    let warning = announced(checked);
    let is_posted = warning.is_none_or(|warning| warning.kind == WarningKind::Inactivity);
    let used = checked.facts.last_activity.max(session.signed_in_at);
    json!({
        "authenticated": matches!(checked.decision.verdict, Verdict::Allow(_)),
        "now": now.as_millis(),
        "reason": checked.decision.reason.code(),
        "sub": session.identity.subject,
        "environment": site.environment.id,
        "expires_in": checked.decision.ends_at.map(secs_until),
        "idle_in": schedule::inactive_from(&checked.settings, used).map(secs_until),
        "warn": warning.map(|warning| json!({
            "kind": warning.kind.code(),
            "in": secs_until(warning.at),
            "lead": warning.ends_at.since(warning.at).as_secs(),
            "ends_in": secs_until(warning.ends_at),
        })),
        "extend": if is_posted { "post" } else { "popup" },
        "degraded": checked.decision.reason == Reason::Degraded,
        "kept_signed_in": session.kept_signed_in,
        "proof": {
            "age": now.since(session.proof.proved_at).as_secs(),
            "ends_in": secs_until(schedule::proof_until(&checked.settings, session)),
        },
        "check": {
            "next_in": secs_until(session.next_check),
            "last": session.failed_check.map_or("confirmed", |check| check.why.code()),
        },
        "extend_url": paths::extend(&site.origin),
        "activity_url": paths::activity(&site.origin),
        "popup_url": paths::popup(&site.origin),
        "login_url": paths::start(&site.origin, &ReturnTo::front_page(&site.origin)),
        "logout_url": paths::sign_out(&site.origin),
    })
}

/// `GET /_hourgate/userinfo`: who is signed in, in the shape of oauth2-proxy.
pub async fn userinfo(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let (_, checked) = look(&request, &edge, edge.services.now()).await?;
    let Verdict::Allow(permit) = checked.decision.verdict else {
        let reason = json!({ "reason": checked.decision.reason.code() });
        return Ok(answer(StatusCode::UNAUTHORIZED, &reason));
    };
    let identity = &permit.session().identity;
    let body = json!({
        "user": identity.subject,
        "email": identity.email,
        "groups": identity.groups,
        "preferredUsername": identity.preferred_username,
    });
    Ok(answer(StatusCode::OK, &body))
}

fn presented(request: &HttpRequest, edge: &Edge, site: &Site) -> Presented {
    let exempt = exempt_on_page(request, site);
    Presented { exempt, ..cookie::presented(request, site, &edge.services.keys) }
}

async fn look(request: &HttpRequest, edge: &Edge, now: Timestamp) -> Result<(Site, Checked), EdgeError> {
    let site = edge.site(request)?;
    let presented = presented(request, edge, &site);
    let checked = check(&edge.services, &site.environment, &presented, Usage::Peek, now).await?;
    Ok((site, checked))
}

fn answer(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-content-type-options", "nosniff"))
        .json(body)
}
