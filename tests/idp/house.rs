//! A test IdP on a free port, an app that signs people in, and browsers to do it with.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hourgate::idp::{Config, RunningIdp, TestIdp};
use hourgate::time::{Clock, ManualClock, SystemClock, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CALLBACK: &str = "http://app.localhost:8080/callback";
pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// A parameter of the redirect.
    pub(crate) fn returned(&self, name: &str) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().unwrap();
        let url = Url::parse(location).unwrap();
        url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// A running test IdP and its clock.
pub(crate) struct House {
    pub(crate) idp: RunningIdp,
    pub(crate) clock: Arc<ManualClock>,
    http: Client,
}

fn client() -> Client {
    // A second installation is refused, and means that the first one is in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
    let builder = Client::builder();
    let limit = Duration::from_secs(30);
    builder.redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(limit).build().unwrap()
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(false, None)
    }

    pub(crate) async fn strict() -> Self {
        Self::with(true, None)
    }

    pub(crate) fn with(strict: bool, public_url: Option<Url>) -> Self {
        let clock = Arc::new(ManualClock::starting_at(START));
        let idp = start(strict, public_url, clock.clone());
        Self { idp, clock, http: client() }
    }

    /// For readers that bring the system's clock.
    pub(crate) async fn at_real_time() -> Self {
        let house = Self::open().await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self { idp: start(false, None, clock), ..house }
    }

    pub(crate) fn issuer(&self) -> String {
        self.idp.issuer("t1")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.idp.address())
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, body: String::from_utf8_lossy(&response.bytes().await?).into_owned() })
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await.unwrap()
    }

    /// A form, with or without HTTP Basic credentials.
    pub(crate) async fn try_form(
        &self,
        path: &str,
        basic: Option<&str>,
        pairs: &[(&str, &str)],
    ) -> Result<Reply, reqwest::Error> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some(pair) = basic {
            request = request.header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair)));
        }
        self.send(request).await
    }

    pub(crate) async fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.try_form(path, Some("app:any"), pairs).await.unwrap()
    }

    /// The control API of tenant t1.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = self
            .request(method, &format!("/_control/t1{path}"))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        self.send(request).await.unwrap()
    }

    /// The same, and it must work.
    pub(crate) async fn set(&self, method: Method, path: &str, body: Value) {
        let reply = self.control(method, path, body).await;
        assert!((200..300).contains(&reply.status), "{reply:?}");
    }

    pub(crate) async fn fault(&self, spec: Value) {
        self.set(Method::POST, "/faults", spec).await;
    }

    pub(crate) async fn redeem(&self, code: &str) -> Reply {
        self.form(
            "/t1/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ],
        )
        .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.form("/t1/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Signs in without a page; a code.
    pub(crate) async fn code(&self, user: &str) -> String {
        let query = query(&[("login_hint", user), ("hourgate_auto", "1")]);
        self.get(&format!("/t1/authorize?{query}")).await.returned("code").unwrap()
    }

    /// Signs in without a page; the token answer.
    pub(crate) async fn tokens(&self, user: &str) -> Value {
        let reply = self.redeem(&self.code(user).await).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// The refresh token of a new sign-in.
    pub(crate) async fn refresh_token(&self, user: &str) -> String {
        self.tokens(user).await["refresh_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Reply {
        let request =
            self.request(Method::GET, "/t1/userinfo").header(AUTHORIZATION, format!("Bearer {access_token}"));
        self.send(request).await.unwrap()
    }
}

fn start(strict: bool, public_url: Option<Url>, clock: Arc<dyn Clock>) -> RunningIdp {
    let listen = "127.0.0.1:0".parse().unwrap();
    TestIdp::bind(Config { listen, public_url, strict, clock }).unwrap().start()
}

/// A good authorization request, with changes: a value replaces, an empty one takes away.
pub(crate) fn query(changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid email offline_access"),
        ("state", "st"),
        ("nonce", "no"),
        ("code_challenge_method", "S256"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ];
    pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A browser that knows one cookie.
pub(crate) struct Browser<'a> {
    house: &'a House,
    pub(crate) cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(house: &'a House) -> Self {
        Self { house, cookie: None }
    }

    pub(crate) async fn go(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> Reply {
        let mut request = self.house.request(method.clone(), path);
        if method == Method::POST {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let reply = self.house.send(request).await.unwrap();
        if let Some(set) = reply.headers.get(SET_COOKIE).map(|value| value.to_str().unwrap()) {
            let pair = set.split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        reply
    }

    pub(crate) async fn authorize(&mut self, changes: &[(&str, &str)]) -> Reply {
        self.go(Method::GET, &format!("/t1/authorize?{}", query(changes)), &[]).await
    }

    /// Presses a button of the login page.
    pub(crate) async fn press(&mut self, button: (&str, &str), changes: &[(&str, &str)]) -> Reply {
        self.go(Method::POST, "/t1/login", &[("request", &query(changes)), button]).await
    }

    /// Signs in by the page; the token answer.
    pub(crate) async fn sign_in(&mut self, user: &str) -> Value {
        let code = self.press(("user", user), &[]).await.returned("code").unwrap();
        self.house.redeem(&code).await.json()
    }
}

/// Header and claims of a token, unverified.
pub(crate) fn decoded(token: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let parts: Vec<&str> = token.as_str().unwrap().split('.').collect();
    let read = |part: &str| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(parts[0]), read(parts[1]))
}

pub(crate) fn claims(tokens: &Value) -> Map<String, Value> {
    decoded(&tokens["id_token"]).1
}

/// For requests without a body.
pub(crate) fn nothing() -> Value {
    json!(null)
}
