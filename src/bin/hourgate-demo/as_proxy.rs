//! The gateway as a front proxy uses it: its pages are passed through, and it is asked about every other request.

use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use reqwest::{Method, RequestBuilder, Response};

use crate::pages::Error;

/// What a proxy never passes on (RFC 9110 section 7.6.1), what it sets itself, and what only it may say.
const NOT_PASSED_ON: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
    "x-hourgate-passive",
];
/// Beginnings of headers that the gateway believes the proxy, or apps believe the gateway.
const OURS_TO_SAY: [&str; 3] = ["x-forwarded-", "x-original-", "x-auth-request-"];

/// The gateway, from the proxy's side.
pub(crate) struct Gateway {
    client: reqwest::Client,
    base: String,
}

impl Gateway {
    /// The gateway that listens at `address`.
    pub(crate) fn new(client: reqwest::Client, address: std::net::SocketAddr) -> Self {
        Self { client, base: format!("http://{address}") }
    }

    /// Passes a request to one of the gateway's own pages on.
    pub(crate) async fn forward(&self, request: &HttpRequest, body: Bytes) -> Result<HttpResponse, Error> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let method = Method::from_bytes(request.method().as_str().as_bytes())?;
        pass_on(self.call(method, target, request).body(body).send().await?).await
    }

    /// May this request pass? A 2xx answer says yes, and who it is; any other is for the browser as it is.
    pub(crate) async fn ask(&self, request: &HttpRequest, is_passive: bool) -> Result<Response, Error> {
        let mut call = self
            .call(Method::GET, "/_hourgate/authz/forward-auth", request)
            .header("x-forwarded-method", request.method().as_str())
            .header("x-forwarded-uri", request.uri().to_string());
        if is_passive {
            call = call.header("x-hourgate-passive", "1");
        }
        Ok(call.send().await?)
    }

    /// What `/_hourgate/session` says about the session of this request.
    pub(crate) async fn session(&self, request: &HttpRequest) -> Result<serde_json::Value, Error> {
        let answer =
            self.call(Method::GET, "/_hourgate/session", request).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    fn call(&self, method: Method, target: &str, request: &HttpRequest) -> RequestBuilder {
        let mut call = self.client.request(method, format!("{}{target}", self.base));
        for (name, value) in request.headers() {
            if may_pass(name.as_str()) {
                call = call.header(name.as_str(), value.as_bytes());
            }
        }
        if let Some(host) = request.headers().get(HOST) {
            call = call.header("x-forwarded-host", host.as_bytes());
        }
        if let Some(peer) = request.peer_addr() {
            call = call.header("x-forwarded-for", peer.ip().to_string());
        }
        call.header("x-forwarded-proto", "http")
    }
}

/// The gateway's answer, to the browser: status, headers with every `Set-Cookie`, and body.
pub(crate) async fn pass_on(answer: Response) -> Result<HttpResponse, Error> {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status().as_u16())?);
    for (name, value) in answer.headers() {
        if may_pass(name.as_str()) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    Ok(response.body(answer.bytes().await?))
}

fn may_pass(name: &str) -> bool {
    !NOT_PASSED_ON.contains(&name) && !OURS_TO_SAY.iter().any(|prefix| name.starts_with(prefix))
}
