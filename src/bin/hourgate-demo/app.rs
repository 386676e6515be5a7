//! The apps: they know who somebody is from the gateway's headers, and from nothing else.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use reqwest::Response;
use serde_json::Value;

use crate::control::{act, field};
use crate::front::{Front, is_same_origin, see_other};
use crate::pages::{self, AppPage, Error, SessionView};

/// The page under the address at which it comes again by itself.
pub(crate) const REFRESHED: &str = "/status";
/// The page that stands still.
const STILL: &str = "/still";
/// How long a page stands before it comes again.
const REFRESH_SECS: u32 = 2;
/// The identity headers: all that an app needs to believe.
const IDENTITY: &str = "x-auth-request-";

/// One app.
pub(crate) struct App {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its host, with its port.
    pub(crate) host: String,
}

/// A request that the gateway let pass; `allowed` is its answer.
pub(crate) async fn answer(
    front: &Front,
    app: &App,
    request: &HttpRequest,
    allowed: &Response,
    body: &[u8],
) -> Result<HttpResponse, Error> {
    let headers = allowed.headers().iter().filter(|(name, _)| name.as_str().starts_with(IDENTITY));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let value = |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    let sub = value("x-auth-request-user").unwrap_or_default().to_owned();
    match (request.method(), request.path()) {
        (&Method::GET | &Method::HEAD, "/" | REFRESHED | STILL) => {
            let people = front.idp.people().await?;
            let page = AppPage {
                app,
                others: front.apps.iter().filter(|other| other.host != app.host).collect(),
                control: &front.control,
                label: value("x-auth-request-preferred-username").unwrap_or(&sub).to_owned(),
                is_disabled: people.iter().any(|person| person.sub == sub && person.disabled),
                session: view(&front.gateway.session(request).await?),
                interval: front.interval,
                refresh_secs: (request.path() != STILL).then_some(REFRESH_SECS),
                headers,
                sub,
            };
            pages::html(StatusCode::OK, &page)
        }
        (&Method::POST, "/act") if !is_same_origin(request) => Ok(HttpResponse::Forbidden().finish()),
        (&Method::POST, "/act") => match field(body, "act").parse() {
            Ok(wanted) => act(front, wanted, &sub).await.map(|()| see_other("/")),
            Err(()) => Ok(HttpResponse::BadRequest().finish()),
        },
        // Where one arrives if the session had ended before the button was pressed.
        (&Method::GET, "/act") => Ok(see_other("/")),
        _ => Ok(HttpResponse::NotFound().finish()),
    }
}

/// `None` where the session has ended since it was let pass.
fn view(session: &Value) -> Option<SessionView> {
    let number = |path: &str| session.pointer(path).and_then(Value::as_u64);
    let text = |path: &str| session.pointer(path).and_then(Value::as_str).map(str::to_owned);
    Some(SessionView {
        proof_age: number("/proof/age")?,
        proof_ends_in: number("/proof/ends_in")?,
        next_check_in: number("/check/next_in")?,
        last_check: text("/check/last")?,
        reason: text("/reason")?,
    })
}
