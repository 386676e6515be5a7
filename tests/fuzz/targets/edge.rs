//! A request to the public listener, as text: the request line with `proxy` (the trusted one) or `stranger` before it, then a
//! header a line. `{session}`, `{ended}`, `{nonce}` and `{state}` stand for minted values.
//!
//! ```text
//! proxy GET /_hourgate/authz/auth-request
//! X-Original-URL: https://app.example.com/x
//! Cookie: __Host-hourgate={session}; __Host-hourgate-nonce={nonce}
//! ```

use std::pin::Pin;
use std::rc::Rc;

use actix_web::App;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Data;
use hourgate::edge::{self, authz::identity};
use url::Url;

use super::cookies::{filled, values};
use super::return_to::assert_is_ours;
use super::text::percent_decoded;
use super::world::{self, ORIGINS, PROD, PROXY, SIGN_IN, world};

const AUTHZ: &str = "/_hourgate/authz/";

/// Whatever is asked: a 2xx of an authz endpoint goes to the live session's browser, on a host of its environment, with every
/// identity header. The host is the one that the trusted proxy, or else the request, names. Every address leads to an
/// origin that is served, or to the IdP. Nobody gets a session, and nothing fails.
pub fn run(data: &[u8]) -> bool {
    let text = filled(data);
    let Some(asked) = Asked::read(&text) else { return false };
    let answer = asked.answered();
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{text}");
    let is_pass = answer.status.is_success();
    if asked.path_starts_with(AUTHZ) {
        assert!(answer.header("set-cookie").is_none(), "an authz endpoint sets a cookie: {text}");
        assert!(answer.status == StatusCode::NOT_FOUND || answer.header("cache-control") == Some("no-store"));
        if is_pass {
            assert!(asked.may_pass(), "let pass: {text}");
            let headers = identity::NAMES.map(|name| answer.header(name));
            let expected = ["alice", "alice@example.com", "", "staff", ""].map(Some);
            assert_eq!(headers, expected, "{text}");
        } else {
            assert!(
                identity::NAMES.iter().all(|name| answer.header(name).is_none()),
                "identity without a pass"
            );
        }
    }
    if asked.path_starts_with("/_hourgate/userinfo") && is_pass {
        assert!(asked.is_signed_in(&asked.host()), "{text}");
    }
    answer.assert_sends_nobody_away(&text);
    answer.assert_gives_no_session(&text);
    is_pass
}

/// A request, as it was meant.
struct Asked {
    is_from_proxy: bool,
    method: Method,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Asked {
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut first = lines.next()?.split(' ');
        let (peer, method, target) = (first.next()?, first.next()?, first.next()?);
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
        });
        // A request target is a path; `*` and whole addresses do not get past the server.
        let is_path = target.starts_with('/');
        Some(Self {
            is_from_proxy: peer == "proxy",
            method: method.parse().ok()?,
            uri: target.parse().ok().filter(|_| is_path)?,
            headers: headers.take(40).collect(),
        })
    }

    fn answered(&self) -> Answer {
        let peer = if self.is_from_proxy { PROXY } else { "192.0.2.7:40000" };
        let mut request = TestRequest::default()
            .method(self.method.clone())
            .uri(&self.uri.to_string())
            .peer_addr(peer.parse().unwrap());
        for header in &self.headers {
            request = request.append_header(header.clone());
        }
        // Never dropped: its requests would go back to a pool that the thread has given up before.
        thread_local!(static SERVER: &'static Server = Box::leak(Box::new(world::run(server()))));
        SERVER.with(|serve| world::run(serve(request)))
    }

    fn path_starts_with(&self, prefix: &str) -> bool {
        percent_decoded(self.uri.path()).starts_with(prefix)
    }

    /// The only value of a header; `Err` where it stands there twice or is not ASCII.
    fn one(&self, name: &str) -> Result<Option<&str>, ()> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
            _ => Err(()),
        }
    }

    /// A header that counts only from the proxy.
    fn forwarded(&self, name: &str) -> Result<Option<&str>, ()> {
        if self.is_from_proxy { self.one(name) } else { Ok(None) }
    }

    /// The host that the request is for; empty where nobody knows.
    fn host(&self) -> String {
        let forwarded = self.forwarded("x-forwarded-host");
        let host = forwarded.and_then(|host| host.map_or_else(|| self.one("host"), |host| Ok(Some(host))));
        host.ok().flatten().unwrap_or_default().to_lowercase()
    }

    /// The authority and the scheme of the original request, in the dialect of the endpoint.
    fn original(&self) -> (String, Option<String>) {
        let path = percent_decoded(self.uri.path());
        let proto = || self.forwarded("x-forwarded-proto").ok().flatten().map(str::to_lowercase);
        if path.starts_with("/_hourgate/authz/ext-authz") {
            return (self.one("host").ok().flatten().unwrap_or_default().to_lowercase(), proto());
        }
        match self.forwarded("x-original-url") {
            Ok(Some(url)) if path.starts_with("/_hourgate/authz/auth-request") => {
                let (scheme, rest) = url.split_once("://").unwrap_or_default();
                let authority = rest.split('/').next().unwrap_or_default();
                (authority.to_lowercase(), Some(scheme.to_lowercase()))
            }
            _ => (self.host(), proto()),
        }
    }

    fn may_pass(&self) -> bool {
        let (authority, proto) = self.original();
        self.is_signed_in(&authority) && proto.is_none_or(|proto| proto == "https")
    }

    /// Is this the browser of the live session, on a host of its environment?
    fn is_signed_in(&self, authority: &str) -> bool {
        let hosts = PROD.map(|origin| origin.trim_start_matches("https://"));
        let is_there = hosts.contains(&authority) || authority == "app.example.com:443";
        let cookies: Vec<&[u8]> = self
            .headers
            .iter()
            .filter(|(name, _)| name == "cookie")
            .map(|(_, value)| value.as_bytes())
            .collect();
        let session = values(&cookies, "__Host-hourgate=");
        let is_live =
            session.iter().any(|value| [&world().session, &world().session_of_old_key].contains(&value));
        let nonce = values(&cookies, "__Host-hourgate-nonce=");
        is_there && is_live && nonce.contains(&world().nonce)
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

type Server = Box<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = Answer>>>>;

/// The routes of the public listener, without the listener.
async fn server() -> Server {
    let routes = edge::public(Data::from(world().edge.clone()));
    let service = Rc::new(init_service(App::new().configure(routes)).await);
    Box::new(move |request| {
        let service = service.clone();
        Box::pin(async move { Answer::read(service.call(request.to_request()).await.expect("an answer")) })
    })
}

impl Answer {
    fn read(response: ServiceResponse<BoxBody>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
        let status = response.status();
        let body = response.into_body().try_into_bytes().expect("a body at hand");
        Self { status, headers, body: text(&body) }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// `Location`, and the address in `WWW-Authenticate` and in bodies, lead to served origins, and lead back there.
    fn assert_sends_nobody_away(&self, text: &str) {
        let challenge = self.header("www-authenticate").and_then(|value| value.split_once("login_url=\""));
        let challenge = challenge.and_then(|(_, rest)| rest.split_once('"')).map(|(url, _)| url.to_owned());
        let problem = serde_json::from_str::<serde_json::Value>(&self.body).ok();
        let problem = problem.as_ref().and_then(|body| body["login_url"].as_str()).map(str::to_owned);
        let location = self.header("location").map(str::to_owned);
        for address in [location, challenge, problem].into_iter().flatten() {
            if address.starts_with(&format!("{SIGN_IN}?")) {
                let url = Url::parse(&address).unwrap();
                let value = |name| url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value);
                let back = value("redirect_uri").expect("a redirect URI");
                let ours = back.strip_suffix("/_hourgate/callback/idp");
                assert!(ours.is_some_and(|origin| ORIGINS.contains(&origin)), "{back}: {text}");
                continue;
            }
            // Wherever a browser stands when it gets it.
            let url = Url::parse("https://evil.example/").unwrap().join(&address).unwrap();
            let origin = url.origin().ascii_serialization();
            assert!(ORIGINS.contains(&origin.as_str()), "sent to {address}: {text}");
            let alone = [origin.as_str()];
            let same_environment: &[&str] = if PROD.contains(&alone[0]) { &PROD } else { &alone };
            let returns = url.query_pairs().filter(|(name, _)| name == "rd");
            let is_own = url.path().starts_with("/_hourgate/");
            returns.filter(|_| is_own).for_each(|(_, back)| assert_is_ours(&back, &origin, same_environment));
        }
    }

    /// Only a code brings a session, and there is no IdP.
    fn assert_gives_no_session(&self, text: &str) {
        for (_, cookie) in self.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            assert!(name.ends_with("-nonce") || value.is_empty(), "a session out of nothing: {text}");
            let is_insecure = name.starts_with("hourgate");
            assert!(rest.contains("HttpOnly") && (rest.contains("Secure") || is_insecure), "{cookie}");
        }
    }
}
