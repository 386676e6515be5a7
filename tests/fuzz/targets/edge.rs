//! A request to the public listener, as text: the request line with `proxy` (the trusted one) or `stranger` before it, then a
//! header a line, and after an empty line the body. `{session}`, `{ended}`, `{nonce}`, `{state}`, `{posted}` (another state),
//! `{bye}` (that of a sign-out) and `{logout}` (a logout token) stand for minted values.
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
use super::json::{self, Json};
use super::return_to::assert_is_ours;
use super::text::{form, percent_decoded};
use super::world::{self, ISSUER, ORIGINS, PROD, PROXY, SID, SIGN_IN, SIGN_OUT, world};

const AUTHZ: &str = "/_hourgate/authz/";
const BACK_CHANNEL: &str = "/_hourgate/backchannel-logout/";
const FRONT_CHANNEL: &str = "/_hourgate/frontchannel-logout/";
const PROVIDERS: [&str; 2] = ["idp", "poster"];

/// Whatever is asked: a 2xx of an authz endpoint goes to the live session's browser, on a host of its environment, with every
/// identity header. The host is the one that the trusted proxy, or else the request, names. Every address leads to an
/// origin that is served, or to the IdP. Nobody gets a session, and nothing fails. A logout ends sessions only where the IdP
/// signed it, or its `sid` is known.
pub fn run(data: &[u8]) -> bool {
    let text = filled(data);
    let Some(asked) = Asked::read(&text) else { return false };
    let answer = asked.answered();
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{text}");
    assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "nobody is so fast: {text}");
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
    if asked.path_starts_with(BACK_CHANNEL) {
        assert_eq!(is_pass, asked.is_good_logout(), "{}: {text}", answer.status);
    }
    if asked.path_starts_with(FRONT_CHANNEL) {
        assert_eq!(is_pass, asked.is_front_channel_logout(), "{}: {text}", answer.status);
        let takes_away = answer.header("set-cookie").is_some();
        assert!(!takes_away || asked.names_own_session(), "a session's cookie is taken away: {text}");
        assert!(takes_away || !is_pass || !asked.is_plainly_own(), "a session's cookie stays: {text}");
    }
    if asked.path_starts_with("/_hourgate/signed-out") && is_pass {
        let says_so = answer.body.contains("here and at your organisation");
        assert!(!says_so || asked.is_back_from_sign_out(), "{text}");
        let is_sure = asked.cookies("__Host-hourgate-nonce=") == [world().nonce.as_str()]
            && asked.method == Method::GET
            && asked.is_back_from_sign_out();
        assert!(says_so || !is_sure, "the IdP was there: {text}");
    }
    if asked.path_starts_with("/_hourgate/jwks.json") && is_pass {
        answer.assert_publishes_nothing_private();
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
    body: String,
}

impl Asked {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
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
            body: body.to_owned(),
        })
    }

    fn answered(&self) -> Answer {
        let peer = if self.is_from_proxy { PROXY } else { "192.0.2.7:40000" };
        let mut request = TestRequest::default()
            .method(self.method.clone())
            .uri(&self.uri.to_string())
            .peer_addr(peer.parse().unwrap())
            .set_payload(self.body.clone());
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
        is_there && self.has_live_session() && self.cookies("__Host-hourgate-nonce=").contains(&world().nonce)
    }

    fn has_live_session(&self) -> bool {
        let session = self.cookies("__Host-hourgate=");
        session.iter().any(|value| [&world().session, &world().session_of_old_key].contains(&value))
    }

    fn cookies(&self, name: &str) -> Vec<String> {
        let cookies = self.headers.iter().filter(|(found, _)| found == "cookie");
        let cookies: Vec<&[u8]> = cookies.map(|(_, value)| value.as_bytes()).collect();
        values(&cookies, name)
    }

    /// The IdP at the end of a path.
    fn is_of_idp(&self, prefix: &str) -> bool {
        let path = percent_decoded(self.uri.path());
        path.strip_prefix(prefix).is_some_and(|idp| PROVIDERS.contains(&idp))
    }

    /// The values of a parameter of the query.
    fn query(&self, name: &str) -> Vec<String> {
        let pairs = form(self.uri.query().unwrap_or_default()).into_iter();
        pairs.filter(|(found, _)| found == name).map(|(_, value)| value).collect()
    }

    /// A form with the one logout token that the IdP signed (Back-Channel Logout 1.0 section 2.5).
    fn is_good_logout(&self) -> bool {
        let types = self.headers.iter().filter(|(name, _)| name == "content-type");
        let kinds: Vec<_> = types.map(|(_, value)| value.to_str().unwrap_or_default()).collect();
        let kind = kinds.first().map(|kind| kind.split(';').next().unwrap_or_default().trim());
        let tokens: Vec<_> =
            form(&self.body).into_iter().filter(|(name, _)| name == "logout_token").collect();
        self.method == Method::POST
            && self.is_of_idp(BACK_CHANNEL)
            && kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
            && matches!(&tokens[..], [(_, token)] if *token == world().logout_token)
    }

    /// At most one `iss`, the IdP's, and at most one `sid` (Front-Channel Logout 1.0 section 2).
    fn is_front_channel_logout(&self) -> bool {
        let (iss, sid) = (self.query("iss"), self.query("sid"));
        [Method::GET, Method::HEAD].contains(&self.method)
            && self.is_of_idp(FRONT_CHANNEL)
            && (iss.is_empty() || iss == [ISSUER])
            && (sid.is_empty() || sid.len() == 1 && (1..=1024).contains(&sid[0].len()))
    }

    /// The browser of the live session comes with that session's `sid`; or without one, in a frame on the same site.
    fn names_own_session(&self) -> bool {
        let is_framed = self.one("sec-fetch-dest") == Ok(Some("iframe"))
            && matches!(self.one("sec-fetch-site"), Ok(Some("same-origin" | "same-site")));
        let sid = self.query("sid");
        self.has_live_session() && (sid == [SID] || sid.is_empty() && is_framed)
    }

    /// The one session cookie of the request is the live one, and the IdP names it.
    fn is_plainly_own(&self) -> bool {
        self.cookies("__Host-hourgate=") == [world().session.as_str()]
            && self.query("sid") == [SID]
            && PROD.contains(&format!("https://{}", self.host()).as_str())
            && self.forwarded("x-forwarded-proto") == Ok(None)
    }

    /// The browser that signed out comes back, to where it did.
    fn is_back_from_sign_out(&self) -> bool {
        let host = self.host();
        ["app.example.com", "app.example.com:443"].contains(&host.as_str())
            && self.query("state") == [world().sign_out_state.as_str()]
            && self.cookies("__Host-hourgate-nonce=").contains(&world().nonce)
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
                let ours = ours.or_else(|| back.strip_suffix("/_hourgate/callback/poster"));
                assert!(ours.is_some_and(|origin| ORIGINS.contains(&origin)), "{back}: {text}");
                continue;
            }
            if address.starts_with(&format!("{SIGN_OUT}?")) {
                let url = Url::parse(&address).unwrap();
                let mut back = url.query_pairs().filter(|(name, _)| name == "post_logout_redirect_uri");
                let (_, back) = back.next().expect("a way back");
                let ours = back.strip_suffix("/_hourgate/signed-out");
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

    /// Public halves only (RFC 7518 section 6).
    fn assert_publishes_nothing_private(&self) {
        let Some(document) = json::read(self.body.as_bytes()) else {
            return assert!(self.body.is_empty(), "a HEAD has no body, and nothing else");
        };
        let Some(Json::List(keys)) = document.only("keys") else { panic!("no key set: {}", self.body) };
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        assert!(keys.iter().all(|key| !private.iter().any(|name| key.has(name))), "a private key");
    }

    /// Only a code brings a session, and there is no IdP.
    fn assert_gives_no_session(&self, text: &str) {
        for (_, cookie) in self.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            let is_other = ["-nonce", "-sent-back", "-credentials"].iter().any(|end| name.ends_with(end));
            assert!(is_other || value.is_empty(), "a session out of nothing: {text}");
            let is_insecure = name.starts_with("hourgate");
            assert!(rest.contains("HttpOnly") && (rest.contains("Secure") || is_insecure), "{cookie}");
        }
    }
}
