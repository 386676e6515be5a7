//! `/_hourgate/check?rd=`: a navigation waits here, for three seconds at most, until its session's policy check is made
//! (row H8).

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use tokio::time::{Instant, sleep, timeout_at};

use super::client::exempt_at;
use super::error::EdgeError;
use super::navigation::is_by_the_person;
use super::page::see_other;
use super::{Edge, cookie, paths};
use crate::journeys::check::{Usage, check};
use crate::journeys::policy_check::{CheckOutcome, run_visited};
use crate::policy::decide::Verdict;
use crate::policy::facts::Standing;

/// How long a navigation waits.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the session is looked at while another node checks it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After so many looks it is asked for again: the other node may have let it go without a word, as it does in the background
/// with one that is dormant.
const LOOKS: u32 = 5;

/// `GET /_hourgate/check`
pub async fn check_page(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    let site = edge.site(&request)?;
    let mut addresses =
        url::form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name == "rd");
    let rd = addresses.next().map(|(_, value)| value).unwrap_or_default();
    if addresses.next().is_some() {
        return Err(EdgeError::Query("a parameter is given twice"));
    }
    let return_to = paths::return_to(&rd, &site);
    let mut presented = cookie::presented(&request, &site, &edge.services.keys);
    presented.exempt = exempt_at(&request, &site, return_to.path());
    // An image or a script that comes here uses nothing.
    let usage = if is_by_the_person(request.headers()) { Usage::Activity } else { Usage::Peek };

    let deadline = Instant::now() + PATIENCE;
    let (mut outcome, mut looks) = (None, 0);
    loop {
        let checked =
            check(&edge.services, &site.environment, &presented, usage, edge.services.now()).await?;
        let visited = match (checked.id, &checked.facts.standing) {
            (Some(id), Standing::Live(session)) => Some((id, session)),
            _ => None,
        };
        match (&checked.decision.verdict, visited, outcome) {
            (Verdict::Allow(_), ..) => return Ok(see_other(return_to.as_str(), [])),
            (Verdict::SignIn(_) | Verdict::Renew | Verdict::Forbidden, ..) => {
                return Ok(see_other(&paths::start(&site.origin, &return_to), []));
            }
            (Verdict::Check, Some((id, session)), None) => {
                outcome = timeout_at(deadline, run_visited(&edge.services, id, session, usage)).await.ok();
                if outcome.is_none() {
                    return Err(EdgeError::Unproved("check_slow"));
                }
            }
            (Verdict::Check, _, Some(CheckOutcome::Elsewhere)) if Instant::now() < deadline => {
                sleep(LOOK_EVERY).await;
                looks += 1;
                if looks % LOOKS == 0 {
                    outcome = None;
                }
            }
            (Verdict::Check, _, Some(CheckOutcome::OurFault)) => {
                return Err(EdgeError::Unproved("idp_misconfigured"));
            }
            (Verdict::Check, ..) => return Err(EdgeError::Unproved("idp_unreachable")),
        }
    }
}
