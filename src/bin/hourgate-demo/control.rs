//! The control room: a page without sign-in where people are disabled at the IdP and signed out by an admin.

use std::collections::BTreeMap;
use std::str::FromStr;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use hourgate::journeys::revoke;

use crate::front::{Front, is_same_origin, see_other};
use crate::pages::{self, ControlPage, Error, PersonRow};

/// More sessions than this nobody counts here.
const MOST_SESSIONS: usize = 1000;

/// What a button does to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The IdP refuses them from now on.
    Disable,
    /// The IdP lets them in again.
    Enable,
    /// The gateway ends all their sessions.
    Revoke,
}

impl FromStr for Act {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "disable" => Ok(Self::Disable),
            "enable" => Ok(Self::Enable),
            "revoke" => Ok(Self::Revoke),
            _ => Err(()),
        }
    }
}

/// Does it.
pub(crate) async fn act(front: &Front, act: Act, sub: &str) -> Result<(), Error> {
    match act {
        Act::Disable => front.idp.disable(sub).await,
        Act::Enable => front.idp.enable(sub).await,
        Act::Revoke => {
            let remark = Some("asked for in the demo".to_owned());
            let now = front.services.now();
            for issuer in &front.issuers {
                revoke::revoke_user(&front.services, issuer, sub, remark.clone(), now).await?;
            }
            Ok(())
        }
    }
}

/// The first value of a form's field.
pub(crate) fn field(body: &[u8], name: &str) -> String {
    let mut fields = url::form_urlencoded::parse(body);
    fields.find(|(found, _)| found == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// A request to the control room's host.
pub(crate) async fn answer(front: &Front, request: &HttpRequest, body: &[u8]) -> Result<HttpResponse, Error> {
    match (request.method(), request.path()) {
        (&Method::GET | &Method::HEAD, "/") => show(front).await,
        (&Method::POST, "/act") if !is_same_origin(request) => Ok(HttpResponse::Forbidden().finish()),
        (&Method::POST, "/act") => {
            let sub = field(body, "user");
            let known = front.idp.people().await?.iter().any(|person| person.sub == sub);
            match field(body, "act").parse() {
                Ok(wanted) if known => act(front, wanted, &sub).await?,
                _ => return Ok(HttpResponse::BadRequest().finish()),
            }
            Ok(see_other("/"))
        }
        _ => Ok(HttpResponse::NotFound().finish()),
    }
}

async fn show(front: &Front) -> Result<HttpResponse, Error> {
    let (live, _) = revoke::list(&front.services, MOST_SESSIONS, |_| true).await?;
    let mut sessions = BTreeMap::<_, usize>::new();
    for (_, session) in &live {
        *sessions.entry(session.identity.subject.as_str()).or_default() += 1;
    }
    let people = front.idp.people().await?.into_iter().map(|person| PersonRow {
        sessions: sessions.get(person.sub.as_str()).copied().unwrap_or_default(),
        sub: person.sub,
        disabled: person.disabled,
    });
    let page = ControlPage { people: people.collect(), apps: &front.apps, interval: front.interval };
    pages::html(StatusCode::OK, &page)
}
