//! One server for all names of the demo, as a front proxy is: by host and path it is the control room, a page of the
//! gateway, or an app that the gateway guards.

use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use hourgate::edge::paths::PREFIX;
use hourgate::journeys::Services;
use std::sync::Arc;

use crate::app::{self, App};
use crate::as_proxy::{self, Gateway};
use crate::control;
use crate::idp_control::IdpControl;
use crate::pages::{self, ElsewherePage, Error};

/// What the front works with.
pub(crate) struct Front {
    /// The gateway as a proxy sees it.
    pub(crate) gateway: Gateway,
    /// The gateway's inside: for what an admin does.
    pub(crate) services: Arc<Services>,
    /// The IdP's control API.
    pub(crate) idp: IdpControl,
    /// The IdP's issuers, of both protocols.
    pub(crate) issuers: [String; 2],
    /// The apps: two behind OpenID Connect, one behind WS-Federation.
    pub(crate) apps: [App; 3],
    /// The host of the control room, with its port.
    pub(crate) control: String,
    /// The policy check interval in seconds.
    pub(crate) interval: u64,
}

/// Every request.
pub(crate) async fn serve(request: HttpRequest, body: Bytes, front: Data<Front>) -> HttpResponse {
    answer(&front, &request, body).await.unwrap_or_else(|error| {
        tracing::warn!(path = request.path(), %error, "request_failed");
        HttpResponse::BadGateway().content_type("text/plain; charset=utf-8").body(error.to_string())
    })
}

async fn answer(front: &Front, request: &HttpRequest, body: Bytes) -> Result<HttpResponse, Error> {
    let path = request.path();
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if path == pages::STYLE_PATH {
        return Ok(pages::style());
    }
    if host.eq_ignore_ascii_case(&front.control) {
        return control::answer(front, request, &body).await;
    }
    let Some(app) = front.apps.iter().find(|app| app.host.eq_ignore_ascii_case(host)) else {
        // Who types `localhost` is not far off.
        let page = ElsewherePage { apps: &front.apps, control: &front.control, interval: front.interval };
        return pages::html(StatusCode::NOT_FOUND, &page);
    };
    if path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return front.gateway.forward(request, body).await;
    }
    // Pages that come again by themselves are no sign that somebody uses the app.
    let asked = front.gateway.ask(request, path == app::REFRESHED).await?;
    if asked.status().is_success() {
        app::answer(front, app, request, &asked, &body).await
    } else {
        as_proxy::pass_on(asked).await
    }
}

/// Did the form stand on a page of the host it was sent to? Browsers say so.
pub(crate) fn is_same_origin(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => header("origin")
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|authority| header(HOST.as_str()) == Some(authority)),
    }
}

/// Back to a page after a form, so that nothing is posted again.
pub(crate) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, path)).finish()
}
