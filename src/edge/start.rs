//! `/_hourgate/start`: a sign-in begins. Also the page that explains why one is needed, lets people choose their IdP, and
//! offers to keep them signed in.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::client::exempt_at;
use super::error::EdgeError;
use super::page::{Page, Start, see_other};
use super::site::Site;
use super::{Edge, cookie, form, loop_guard, paths, same_origin};
use crate::journeys::check::{Checked, Usage, check};
use crate::journeys::credentials_mark::CredentialsMark;
use crate::journeys::sign_in::{self, Begin};
use crate::journeys::transaction::{Ask, Replaces};
use crate::policy::decide::{Credentials, Verdict};
use crate::policy::environment::StartPage;
use crate::policy::facts::Standing;
use crate::policy::reason::Reason;
use crate::policy::warning::{WarningKind, warning};
use crate::session::end::EndReason;
use crate::session::names::ProviderId;
use crate::session::return_to::ReturnTo;
use crate::time::Timestamp;

/// No form of the start page is longer, in bytes.
const LONGEST_FORM: usize = 16 * 1024;

/// The parameters. Others are ignored, so that nothing of an address reaches the IdP (AUT-19).
#[derive(Default)]
struct Query {
    rd: String,
    idp: Option<String>,
    login_hint: Option<String>,
    /// The person may be asked, at once.
    asks: bool,
    /// The person wants to be kept signed in. Only a form of our own says so.
    keep: bool,
}

impl Query {
    fn parse(query: &str) -> Result<Self, EdgeError> {
        let mut parsed = Self::default();
        let mut seen = [false; 5];
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "rd" => 0,
                "idp" => 1,
                "login_hint" => 2,
                "ask" => 3,
                "keep" => 4,
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
                3 => parsed.asks = value == "1",
                _ => parsed.keep = value == "1",
            }
        }
        Ok(parsed)
    }
}

/// `GET /_hourgate/start`
pub async fn start(request: HttpRequest, edge: Data<Edge>) -> Result<HttpResponse, EdgeError> {
    edge.take_from_budget(&request)?;
    let site = edge.site(&request)?;
    // A link cannot want for somebody else that they are kept signed in.
    let query = Query { keep: false, ..Query::parse(request.query_string())? };
    begin(&request, &edge, &site, query).await
}

/// `POST /_hourgate/start`: the start page's own form.
pub async fn start_by_form(
    request: HttpRequest,
    edge: Data<Edge>,
    body: Payload,
) -> Result<HttpResponse, EdgeError> {
    edge.take_from_budget(&request)?;
    let site = edge.site(&request)?;
    same_origin::required(&request, &site)?;
    let query = Query::parse(&form::read(&request, body, LONGEST_FORM).await?)?;
    begin(&request, &edge, &site, Query { asks: true, ..query }).await
}

async fn begin(
    request: &HttpRequest,
    edge: &Edge,
    site: &Site,
    query: Query,
) -> Result<HttpResponse, EdgeError> {
    let return_to = paths::return_to(&query.rd, site);
    let mut presented = cookie::presented(request, site, &edge.services.keys);
    presented.exempt = exempt_at(request, site, return_to.path());
    let now = edge.services.now();
    let checked = check(&edge.services, &site.environment, &presented, Usage::Peek, now).await?;
    if loop_guard::is_looping(request, site, &return_to, now) {
        let mut page = EdgeError::SignInLoop.error_response();
        // Whoever has mended it may try again at once.
        page.add_cookie(&cookie::not_sent_back(site)).map_err(|_| EdgeError::SignInLoop)?;
        return Ok(page);
    }
    let mark = cookie::credentials_mark(request, site, presented.nonce.as_ref(), &edge.services.keys);
    let renews = paths::is_popup_done(&return_to) && is_own(request);
    let Some(ask) = ask(&checked, &query, renews, mark, now) else {
        return Ok(match checked.decision.verdict {
            Verdict::Check => see_other(&paths::check(&site.origin, &return_to), []),
            Verdict::Allow(_) => {
                let sent_back = loop_guard::sent_back(request, site, &return_to, now);
                see_other(return_to.as_str(), [sent_back])
            }
            _ => start_page(edge, site, &checked, &return_to, &query),
        });
    };
    // Who is asked about a session that there is, silently, is not for a link to choose.
    let query = if ask == Ask::Silent { Query { idp: None, login_hint: None, ..query } } else { query };
    let provider = provider(site, &query, &checked)?;
    let shows_page = ask != Ask::Silent && !query.asks && site.environment.start_page == StartPage::Always;
    let Some(provider) = provider.filter(|_| !shows_page) else {
        return Ok(start_page(edge, site, &checked, &return_to, &query));
    };
    let nonce = presented.nonce.clone().unwrap_or_default();
    let live = match (checked.id, &checked.facts.standing) {
        (Some(id), Standing::Live(session)) => Some((id, session)),
        _ => None,
    };
    // A silent renewal is no sign-in: what was chosen at the sign-in goes on.
    let renewed = live.filter(|_| ask == Ask::Silent).map(|(_, session)| session);
    let begin = Begin {
        environment: &site.environment,
        origin: &site.origin,
        redirect_uri: &edge.callback(&site.origin, provider),
        provider,
        return_to: &return_to,
        nonce: &nonce,
        ask,
        login_hint: query.login_hint.as_deref(),
        replaces: live.map(|(id, session)| Replaces { id, signed_in_at: session.signed_in_at }),
        keep: renewed.map_or(query.keep, |session| session.kept_signed_in),
        authenticated_after: mark.and_then(|mark| mark.authenticated_at),
    };
    let idp = sign_in::begin(&edge.services, begin, now).await?;
    // Also where the browser has one: it may be from before an IdP began to answer by POST, or from after that.
    Ok(see_other(idp.as_str(), [cookie::nonce(site, &nonce)]))
}

/// What the IdP is asked about the person; `None` where it is not asked (yet).
fn ask(
    checked: &Checked,
    query: &Query,
    renews: bool,
    mark: Option<CredentialsMark>,
    now: Timestamp,
) -> Option<Ask> {
    let settings = &checked.settings;
    // It was there, and nobody knows any more how it ended.
    let is_forgotten = checked.id.is_some() && matches!(checked.facts.standing, Standing::Absent);
    let wants_credentials =
        mark.is_some() || (is_forgotten && (settings.custom_duration || settings.custom_inactivity));
    match checked.decision.verdict {
        // A window that was opened to renew what is about to end; there is nothing to renew before the warning is due.
        Verdict::Allow(_) if renews => renewal(checked, query, now),
        Verdict::Allow(_) | Verdict::Check | Verdict::Forbidden => None,
        // A window is opened by a page that has explained it.
        Verdict::SignIn(_) if deserves_explanation(checked.decision.reason) && !query.asks && !renews => None,
        Verdict::SignIn(Credentials::Fresh) => Some(Ask::Fresh),
        Verdict::SignIn(Credentials::AsTheIdpSeesFit) if wants_credentials => Some(Ask::Fresh),
        Verdict::Renew if !query.asks => Some(Ask::Silent),
        Verdict::SignIn(Credentials::AsTheIdpSeesFit) | Verdict::Renew => Some(Ask::AsTheIdpSeesFit),
    }
}

fn renewal(checked: &Checked, query: &Query, now: Timestamp) -> Option<Ask> {
    let Standing::Live(session) = &checked.facts.standing else { return None };
    let due = warning(&checked.settings, &checked.facts, session).filter(|warning| warning.at <= now)?;
    match due.kind {
        WarningKind::Inactivity => None,
        WarningKind::Proof if !query.asks => Some(Ask::Silent),
        WarningKind::End if checked.settings.custom_duration => Some(Ask::Fresh),
        WarningKind::Proof | WarningKind::End => Some(Ask::AsTheIdpSeesFit),
    }
}

/// Does one of the site's own pages, or the person, bring the browser here? Not another site's.
fn is_own(request: &HttpRequest) -> bool {
    request.headers().get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
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

fn start_page(
    edge: &Edge,
    site: &Site,
    checked: &Checked,
    return_to: &ReturnTo,
    query: &Query,
) -> HttpResponse {
    let reason = checked.decision.reason;
    let is_forbidden = matches!(checked.decision.verdict, Verdict::Forbidden);
    let explains = is_forbidden || deserves_explanation(reason);
    let wanted = |id: &&ProviderId| query.idp.as_deref().is_none_or(|idp| idp == id.as_str());
    let providers =
        site.environment.providers.iter().filter(wanted).filter_map(|id| {
            Some((id.to_string(), edge.services.providers.get(id)?.display_name().to_owned()))
        });
    let page = Start {
        title: match (is_forbidden, explains) {
            (true, _) => "Not for this account",
            (false, true) => "You have been signed out",
            (false, false) => "Sign in",
        },
        sentence: explains.then(|| reason.sentence()),
        code: explains.then(|| reason.code()),
        button: if explains && !is_forbidden { "Sign in again" } else { "Sign in" },
        action: paths::start_form(&site.origin),
        return_to: return_to.to_string(),
        providers: if is_forbidden { Vec::new() } else { providers.collect() },
        offers_keep: !is_forbidden && checked.settings.keep_me_signed_in,
        sign_out: is_forbidden.then(|| paths::sign_out(&site.origin)),
    };
    let status = match (is_forbidden, explains) {
        (true, _) => StatusCode::FORBIDDEN,
        (false, true) => StatusCode::UNAUTHORIZED,
        (false, false) => StatusCode::OK,
    };
    Page::new(status, &page).into_response()
}
