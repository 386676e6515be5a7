//! `/_hourgate/start?rd=`: a sign-in begins. Also the page that explains why one is needed, and the one where people
//! choose their IdP.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::cookie::Reach;
use super::error::EdgeError;
use super::page::{Choose, Message, Page, see_other};
use super::site::Site;
use super::{Edge, cookie, paths};
use crate::journeys::check::{Checked, Usage, check};
use crate::journeys::sign_in::{self, Begin};
use crate::journeys::transaction::{Ask, Replaces};
use crate::policy::decide::{Credentials, Verdict};
use crate::policy::facts::Standing;
use crate::policy::reason::Reason;
use crate::session::end::EndReason;
use crate::session::names::ProviderId;
use crate::session::return_to::ReturnTo;

/// The parameters. Others are ignored, so that nothing of an address reaches the IdP (AUT-19).
#[derive(Default)]
struct Query {
    rd: String,
    idp: Option<String>,
    login_hint: Option<String>,
    /// The person may be asked, at once.
    asks: bool,
}

impl Query {
    fn parse(query: &str) -> Result<Self, EdgeError> {
        let mut parsed = Self::default();
        let mut seen = [false; 4];
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "rd" => 0,
                "idp" => 1,
                "login_hint" => 2,
                "ask" => 3,
                _ => continue,
            };
            if std::mem::replace(&mut seen[place], true) {
                return Err(EdgeError::Query("a parameter is given twice"));
            }
            match place {
                0 => parsed.rd = value.into_owned(),
                1 => parsed.idp = Some(value.into_owned()),
                2 if value.len() <= 255 => parsed.login_hint = Some(value.into_owned()),
                2 => return Err(EdgeError::Query("login_hint is too long")),
                _ => parsed.asks = value == "1",
            }
        }
        Ok(parsed)
    }
}

/// `GET /_hourgate/start`
pub async fn start(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    edge.take_from_budget(&request)?;
    let site = edge.site(&request)?;
    let query = Query::parse(request.query_string())?;
    let return_to = ReturnTo::parse(&query.rd, &site.origin, &site.environment.hosts, paths::PREFIX);
    let presented = cookie::presented(&request, &site, &edge.services.keys);
    let now = edge.services.now();
    let checked = check(&edge.services, &site.environment, &presented, Usage::Peek, now).await?;
    let reason = checked.decision.reason;
    let ask = match checked.decision.verdict {
        Verdict::Allow(_) => return Ok(see_other(return_to.as_str(), [])),
        Verdict::Check => return Ok(see_other(&paths::check(&site.origin, &return_to), [])),
        Verdict::SignIn(_) if deserves_explanation(reason) && !query.asks => {
            return Ok(explanation(&site, &return_to, reason));
        }
        Verdict::SignIn(Credentials::Fresh) => Ask::Fresh,
        Verdict::Renew if !query.asks => Ask::Silent,
        Verdict::SignIn(Credentials::AsTheIdpSeesFit) | Verdict::Renew => Ask::AsTheIdpSeesFit,
    };
    let Some(provider) = provider(&site, &query, &checked)? else {
        return Ok(chooser(&edge, &site, &return_to, &query));
    };
    let nonce = presented.nonce.unwrap_or_default();
    let replaces = match (checked.id, &checked.facts.standing) {
        (Some(id), Standing::Live(session)) => Some(Replaces { id, signed_in_at: session.signed_in_at }),
        _ => None,
    };
    let begin = Begin {
        environment: &site.environment,
        origin: &site.origin,
        redirect_uri: &paths::callback(&site.origin, provider),
        provider,
        return_to: &return_to,
        nonce: &nonce,
        ask,
        login_hint: query.login_hint.as_deref(),
        replaces,
    };
    let idp = sign_in::begin(&edge.services, begin, now).await?;
    // Also where the browser has one: it may be from before an IdP began to answer by POST, or from after that.
    let reach =
        if edge.some_idp_posts(&site.environment) { Reach::CrossSitePost } else { Reach::Navigations };
    Ok(see_other(idp.as_str(), [cookie::nonce(&site, &nonce, reach)]))
}

/// Ends that came unexpectedly are explained before the person is sent away; the others explain themselves.
const fn deserves_explanation(reason: Reason) -> bool {
    match reason {
        Reason::Ended(end) => !matches!(
            end,
            EndReason::SignedOut | EndReason::Lifetime | EndReason::Replaced | EndReason::Forgotten
        ),
        _ => false,
    }
}

fn explanation(site: &Site, return_to: &ReturnTo, reason: Reason) -> HttpResponse {
    let message = Message {
        title: "You have been signed out",
        sentence: reason.sentence(),
        code: reason.code(),
        reference: None,
        action: Some(("Sign in again", paths::start_asking(&site.origin, return_to))),
        retry_after_secs: None,
    };
    Page::message(StatusCode::UNAUTHORIZED, message).into_response()
}

/// The IdP: the one that was asked for, the only one, or the one of the session that is to be renewed.
fn provider<'a>(
    site: &'a Site,
    query: &Query,
    checked: &Checked,
) -> Result<Option<&'a ProviderId>, EdgeError> {
    let providers = &site.environment.providers;
    let named = |name: &str| providers.iter().find(|id| id.as_str() == name);
    if let Some(name) = &query.idp {
        let unknown = || EdgeError::UnknownProvider { environment: site.environment.id.to_string() };
        return named(name).map(Some).ok_or_else(unknown);
    }
    let of_session = match &checked.facts.standing {
        Standing::Live(session) => named(session.identity.provider.as_str()),
        Standing::Absent | Standing::Ended(_) => None,
    };
    Ok(of_session.or(match providers.as_slice() {
        [only] => Some(only),
        _ => None,
    }))
}

fn chooser(edge: &Edge, site: &Site, return_to: &ReturnTo, query: &Query) -> HttpResponse {
    let start = if query.asks {
        paths::start_asking(&site.origin, return_to)
    } else {
        paths::start(&site.origin, return_to)
    };
    let providers = site.environment.providers.iter().filter_map(|id| {
        let settings = edge.services.providers.get(id)?.settings();
        Some((settings.display_name.clone(), format!("{start}&idp={id}")))
    });
    Page::new(StatusCode::OK, &Choose { providers: providers.collect() }).into_response()
}
