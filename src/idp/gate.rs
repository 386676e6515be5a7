//! What every request to a tenant passes through: outage, faults of the exchange, and the journal.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, error, web};
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::fault_mode::{Mode, Stage};
use super::faults::Fault;
use super::journal::Entry;
use super::outage::OutageMode;
use super::tenant::Tenant;
use super::tenants::Tenants;
use super::token::subject_of;
use super::wire::Wire;
use crate::issuer::params::Params;

/// The tenant of a request.
pub(super) struct Here(Arc<Tenant>);

impl Deref for Here {
    type Target = Tenant;

    fn deref(&self) -> &Tenant {
        &self.0
    }
}

impl FromRequest for Here {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = req.extensions().get::<Arc<Tenant>>().cloned();
        std::future::ready(found.map(Self).ok_or_else(|| error::ErrorInternalServerError("no tenant")))
    }
}

/// What the token endpoint leaves for the journal.
pub(super) struct Told {
    pub(super) grant_type: &'static str,
    /// The OAuth error that it answers.
    pub(super) error: Option<&'static str>,
    /// It was shown a refresh token that had been rotated away, and refused it.
    pub(super) is_reuse: bool,
}

/// How the exchange goes.
enum Course {
    /// As it should.
    Normal,
    /// As it should, but the answer comes so much later.
    AnswerLate(Duration),
    /// As it should, once the control API says so.
    Held,
    /// As it should, but the answer is lost.
    AnswerLost,
    /// With this answer instead.
    Instead(HttpResponse),
    /// Without an answer; the connection stays.
    Silence,
    /// Without an answer or a connection.
    Closed,
}

/// The middleware.
pub(super) async fn pass(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let name = req.match_info().get("tenant").unwrap_or_default().to_owned();
    let path =
        req.path().strip_prefix('/').and_then(|path| path.strip_prefix(name.as_str())).unwrap_or_default();
    let Some(endpoint) = Endpoint::at(path) else {
        return Ok(next.call(req).await?.map_into_boxed_body());
    };
    let tenants =
        req.app_data::<web::Data<Tenants>>().ok_or_else(|| error::ErrorInternalServerError("no tenants"))?;
    let tenant = match tenants.get(&name) {
        Ok(tenant) => tenant,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::NOT_FOUND);
            let answer = HttpResponse::build(status).json(json!({ "error": refusal.to_string() }));
            return Ok(req.into_response(answer));
        }
    };
    req.extensions_mut().insert(tenant.clone());
    let (req, about) = match endpoint {
        Endpoint::Token => whom(req, &tenant).await?,
        _ => (req, None),
    };
    let (course, mut entry, delay) = begin(&tenant, endpoint, req.method().as_str(), about);
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    let response = match course {
        Course::Normal => next.call(req).await?.map_into_boxed_body(),
        Course::Held => {
            let turn = tenant.held.acquire().await.map_err(error::ErrorInternalServerError)?;
            turn.forget();
            next.call(req).await?.map_into_boxed_body()
        }
        Course::Instead(answer) => req.into_response(answer),
        Course::AnswerLate(delay) => {
            let response = next.call(req).await?.map_into_boxed_body();
            tokio::time::sleep(delay).await;
            response
        }
        Course::AnswerLost => close(next.call(req).await?.map_into_boxed_body())?,
        Course::Closed => close(req.into_response(HttpResponse::Ok().finish()))?,
        Course::Silence => {
            tenant.lock().0.journal.record(entry);
            std::future::pending::<()>().await;
            return Err(error::ErrorInternalServerError("silence ended"));
        }
    };
    if let Some(told) = response.request().extensions().get::<Told>() {
        (entry.grant_type, entry.error, entry.reuse) = (Some(told.grant_type), told.error, told.is_reuse);
    }
    entry.status = (!response.response().extensions().contains::<Lost>()).then(|| response.status().as_u16());
    tenant.lock().0.journal.record(entry);
    Ok(response)
}

/// Whom a token request is about. Its body is read for that, and put back.
async fn whom(mut req: ServiceRequest, tenant: &Tenant) -> Result<(ServiceRequest, Option<String>), Error> {
    let body = req.extract::<Bytes>().await?;
    let about = subject_of(&tenant.lock().0.grants, &Params::parse(&body));
    req.set_payload(Payload::from(body));
    Ok((req, about))
}

/// Marks an answer that nobody gets.
struct Lost;

fn close(mut response: ServiceResponse) -> Result<ServiceResponse, Error> {
    let none = || error::ErrorInternalServerError("the connection has no handle");
    response.request().conn_data::<Wire>().ok_or_else(none)?.close()?;
    response.response_mut().extensions_mut().insert(Lost);
    Ok(response)
}

fn begin(
    tenant: &Tenant,
    endpoint: Endpoint,
    method: &str,
    about: Option<String>,
) -> (Course, Entry, Option<Duration>) {
    let (mut state, now) = tenant.lock();
    let entry = Entry {
        number: 0,
        endpoint,
        method: method.to_owned(),
        grant_type: None,
        user: about.clone(),
        status: None,
        error: None,
        reuse: false,
        at: now,
    };
    if let Some(outage) = state.outage.filter(|outage| outage.is_on(now)) {
        let course = match outage.mode {
            OutageMode::Unavailable => Course::Instead(unavailable()),
            OutageMode::Close => Course::Closed,
        };
        return (course, entry, None);
    }
    if let Some(fault) = state.faults.take(endpoint, Stage::Exchange, about.as_deref()) {
        let delay = fault.delay.filter(|_| fault.mode == Mode::Delay).map(|delay| delay.0);
        return (course_of(&fault), entry, delay);
    }
    // At authorize an error is a redirect, which the endpoint itself must make.
    if endpoint != Endpoint::Authorize
        && let Some(fault) = state.faults.take(endpoint, Stage::Error, about.as_deref())
    {
        return (Course::Instead(answer(&fault, 400, json!({ "error": "server_error" }))), entry, None);
    }
    (Course::Normal, entry, None)
}

fn course_of(fault: &Fault) -> Course {
    match fault.mode {
        Mode::Status => Course::Instead(answer(fault, 500, json!("fault on demand"))),
        Mode::Garbage => Course::Instead(
            HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, "application/json"))
                .body(&b"{\"\xff\x00 not json"[..]),
        ),
        Mode::Html => Course::Instead(
            HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
                .body("<!doctype html><title>Welcome</title><p>Please accept the terms of this network.</p>"),
        ),
        Mode::Hold => Course::Held,
        Mode::Hang => Course::Silence,
        Mode::Reset => Course::Closed,
        Mode::LostResponse => Course::AnswerLost,
        Mode::LateAnswer => Course::AnswerLate(fault.delay.map_or(Duration::ZERO, |delay| delay.0)),
        _ => Course::Normal,
    }
}

/// An answer with the fault's status and body: a string is sent as text, everything else as JSON.
fn answer(fault: &Fault, status: u16, body: Value) -> HttpResponse {
    let status = fault.status.unwrap_or(status);
    let mut response =
        HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    match fault.body.clone().unwrap_or(body) {
        Value::String(text) => response.content_type("text/plain; charset=utf-8").body(text),
        json => response.json(json),
    }
}

fn unavailable() -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "5"))
        .content_type("text/plain; charset=utf-8")
        .body("outage on demand")
}
