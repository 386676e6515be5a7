//! A browser with a cookie jar, behind a front proxy: what is under `/_hourgate` goes to the gateway, every other request
//! to an app host is asked about first (forward-auth), and the app shows the identity headers that it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::Value;
use url::Url;

/// The app's host.
const HOST: &str = "app.example.test";

/// Cookies by host and name.
type Jar = BTreeMap<(String, String), String>;

#[derive(Clone)]
pub(crate) struct Browser {
    gateway: SocketAddr,
    http: Client,
    jar: Arc<Mutex<Jar>>,
    /// The cookies that are `SameSite=None`.
    everywhere: Arc<Mutex<BTreeSet<(String, String)>>>,
}

/// What is posted.
struct Form<'a> {
    kind: &'a str,
    body: &'a str,
    /// By a page of another site: only the cookies that are `SameSite=None` go with it.
    from_elsewhere: bool,
}

/// Where a navigation or request ended.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Every address on the way, the last included.
    pub(crate) way: Vec<Url>,
}

impl Visit {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// What the IdP was asked on the way.
    pub(crate) fn question(&self) -> String {
        let is_idp = |url: &&Url| url.path().ends_with("/authorize") || url.path().ends_with("/wsfed");
        let asked = self.way.iter().find(is_idp);
        asked.and_then(Url::query).unwrap_or_default().to_owned()
    }

    /// The user whom the app was told.
    pub(crate) fn user(&self) -> &str {
        self.header("x-auth-request-user")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Where the form of this page goes, and what it says.
    pub(crate) fn form(&self) -> (Url, String) {
        let attribute = |text: &str, name: &str| {
            let value = text.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap();
            [("&#38;", "&"), ("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")]
                .iter()
                .fold(value.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
        };
        let inputs = self.body.split("<input ").skip(1);
        let pairs = inputs.map(|input| (attribute(input, "name"), attribute(input, "value")));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        (attribute(&self.body, "action").parse().unwrap(), body)
    }

    /// Did the way lead over a path that contains this?
    pub(crate) fn went_over(&self, part: &str) -> bool {
        self.way.iter().any(|url| url.path().contains(part))
    }
}

/// What an IdP answers to a sign-in, on its way to the gateway: an address, or a form that is posted there.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) url: String,
    /// None where it is all in the address.
    pub(crate) fields: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap()
    }

    pub(crate) fn body(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

impl Browser {
    pub(crate) fn new(gateway: SocketAddr) -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
        let builder = Client::builder();
        let http = builder.no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { gateway, http, jar: Arc::default(), everywhere: Arc::default() }
    }

    /// The same jar before another address of the gateway (after a restart, or another node).
    pub(crate) fn at(&self, gateway: SocketAddr) -> Self {
        Self { gateway, ..self.clone() }
    }

    /// Another browser that somebody put all cookies of this one into.
    pub(crate) fn stolen(&self) -> Self {
        let jar = self.jar.lock().unwrap().clone();
        Self { jar: Arc::new(Mutex::new(jar)), ..self.clone() }
    }

    /// The names of all cookies of the app's host.
    pub(crate) fn cookies(&self) -> Vec<String> {
        let jar = self.jar.lock().unwrap();
        jar.keys().filter(|(host, _)| host == HOST).map(|(_, name)| name.clone()).collect()
    }

    /// A cookie of the app's host.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(&(HOST.to_owned(), name.to_owned())).cloned()
    }

    pub(crate) fn set_cookie(&self, host: &str, name: &str, value: &str) {
        self.jar.lock().unwrap().insert((host.into(), name.into()), value.into());
    }

    pub(crate) fn forget(&self, name: &str) {
        self.jar.lock().unwrap().retain(|(_, found), _| found != name);
    }

    pub(crate) fn forget_all_of(&self, host: &str) {
        self.jar.lock().unwrap().retain(|(at, _), _| at != host);
    }

    /// Follows an address wherever it leads, as a person would.
    pub(crate) async fn navigate(&self, url: &str) -> Visit {
        self.follow(Method::GET, url, &[], 20).await
    }

    /// Follows an address as a browser does that runs the scripts of the IdP's pages: a form for the gateway posts itself.
    pub(crate) async fn sign_in(&self, url: &str) -> Visit {
        let mut visit = self.navigate(url).await;
        let mut way = visit.way.clone();
        while visit.status == 200 && visit.body.contains("data-testid=\"form-post\"") {
            let (url, body) = visit.form();
            let form = "application/x-www-form-urlencoded";
            visit = self.post_from_elsewhere(url.as_str(), form, &body).await;
            way.push(url.clone());
            if visit.status == 303 {
                let next = url.join(visit.header("location")).unwrap();
                visit = self.navigate(next.as_str()).await;
                way.extend(visit.way.clone());
            }
        }
        Visit { way, ..visit }
    }

    /// Goes as far as the IdP's answer, and does not bring it to the gateway.
    pub(crate) async fn up_to_the_answer(&self, url: &str) -> Answer {
        let (mut url, mut way) = (Url::parse(url).unwrap(), Vec::new());
        for _ in 0..20 {
            if url.path().starts_with("/_hourgate/callback/") {
                return Answer { url: url.into(), fields: Vec::new() };
            }
            let visit = self.step(url.as_str()).await;
            way.push(url.clone());
            if visit.status == 200 {
                let (action, body) = visit.form();
                let fields = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
                return Answer { url: action.into(), fields };
            }
            url = url.join(visit.header("location")).unwrap();
        }
        panic!("the IdP does not answer: {way:#?}");
    }

    /// Brings an answer to the gateway; redirects not followed.
    pub(crate) async fn answer(&self, answer: &Answer) -> Visit {
        if answer.fields.is_empty() {
            return self.step(&answer.url).await;
        }
        self.post_from_elsewhere(&answer.url, "application/x-www-form-urlencoded", &answer.body()).await
    }

    /// An iframe in a page of another site: only the cookies that are `SameSite=None` go with it.
    pub(crate) async fn framed_elsewhere(&self, url: &str) -> Visit {
        let url = Url::parse(url).unwrap();
        let nothing = Form { kind: "", body: "", from_elsewhere: true };
        let (status, headers, body) = self.request(&Method::GET, &url, &[], Some(nothing)).await;
        Visit { way: vec![url.clone()], url, status, headers, body }
    }

    /// One request, redirects not followed.
    pub(crate) async fn step(&self, url: &str) -> Visit {
        self.follow(Method::GET, url, &[], 0).await
    }

    /// What a script does: no navigation, and no redirect followed.
    pub(crate) async fn fetch(&self, url: &str) -> Visit {
        let script = [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("accept", "*/*")];
        self.follow(Method::GET, url, &script, 0).await
    }

    /// A form of the site's own page, and where it leads.
    pub(crate) async fn post(&self, url: &str, headers: &[(&str, &str)]) -> Visit {
        self.follow(Method::POST, url, headers, 20).await
    }

    /// A form, redirects not followed.
    pub(crate) async fn post_once(&self, url: &str, headers: &[(&str, &str)]) -> Visit {
        self.follow(Method::POST, url, headers, 0).await
    }

    pub(crate) async fn with_headers(&self, url: &str, headers: &[(&str, &str)]) -> Visit {
        self.follow(Method::GET, url, headers, 0).await
    }

    /// A form that a page of another site posts; redirects not followed.
    pub(crate) async fn post_from_elsewhere(&self, url: &str, kind: &str, body: &str) -> Visit {
        let url = Url::parse(url).unwrap();
        let form = Form { kind, body, from_elsewhere: true };
        let (status, headers, body) = self.request(&Method::POST, &url, &[], Some(form)).await;
        Visit { way: vec![url.clone()], url, status, headers, body }
    }

    /// A form of one of the site's own pages, and where it leads.
    pub(crate) async fn submit(&self, url: &str, body: &str) -> Visit {
        let url = Url::parse(url).unwrap();
        let form = Form { kind: "application/x-www-form-urlencoded", body, from_elsewhere: false };
        let own = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")];
        let (status, headers, body) = self.request(&Method::POST, &url, &own, Some(form)).await;
        match headers.get(LOCATION).filter(|_| status == 303) {
            Some(location) => self.navigate(url.join(location.to_str().unwrap()).unwrap().as_str()).await,
            None => Visit { way: vec![url.clone()], url, status, headers, body },
        }
    }

    /// What the page script asks for.
    pub(crate) async fn script(&self, method: Method, url: &str) -> Visit {
        let headers = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("x-csrf", "1")];
        self.follow(method, url, &headers, 0).await
    }

    async fn follow(&self, method: Method, url: &str, headers: &[(&str, &str)], redirects: usize) -> Visit {
        let mut method = method;
        let mut url = Url::parse(url).unwrap();
        let mut way = Vec::new();
        loop {
            way.push(url.clone());
            let (status, answer, body) = self.request(&method, &url, headers, None).await;
            let location = answer.get(LOCATION).filter(|_| (300..400).contains(&status));
            if let Some(location) = location
                && way.len() <= redirects
            {
                url = url.join(location.to_str().unwrap()).unwrap();
                method = Method::GET;
                continue;
            }
            assert!(location.is_none() || redirects == 0, "too many redirects: {way:#?}");
            return Visit { url, status, headers: answer, body, way };
        }
    }

    async fn request(
        &self,
        method: &Method,
        url: &Url,
        headers: &[(&str, &str)],
        form: Option<Form<'_>>,
    ) -> (u16, HeaderMap, String) {
        if url.host_str().is_some_and(|host| host.starts_with("127.")) {
            return self.send(method, url, url.clone(), headers, &[], form).await;
        }
        // A front proxy stands before the app: it has its own word on where the request came from.
        let (host, target) = (url.authority(), &url[url::Position::BeforePath..url::Position::AfterQuery]);
        let is_gateways = url.path().starts_with("/_hourgate/");
        let at_gateway = if is_gateways { target } else { "/_hourgate/authz/forward-auth" };
        let there = Url::parse(&format!("http://{}{at_gateway}", self.gateway)).unwrap();
        let mut forwarded = vec![("x-forwarded-host", host), ("x-forwarded-proto", url.scheme())];
        if !is_gateways {
            forwarded.extend([("x-forwarded-uri", target), ("x-forwarded-method", method.as_str())]);
        }
        let asked = if is_gateways { method.clone() } else { Method::GET };
        self.send(&asked, url, there, headers, &forwarded, form).await
    }

    async fn send(
        &self,
        method: &Method,
        seen: &Url,
        there: Url,
        headers: &[(&str, &str)],
        forwarded: &[(&str, &str)],
        form: Option<Form<'_>>,
    ) -> (u16, HeaderMap, String) {
        let host = seen.host_str().unwrap().to_owned();
        let mut request = self.http.request(method.clone(), there);
        for (name, value) in headers.iter().chain(forwarded) {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> = {
            let (jar, everywhere) = (self.jar.lock().unwrap(), self.everywhere.lock().unwrap());
            let from_elsewhere = form.as_ref().is_some_and(|form| form.from_elsewhere);
            let goes =
                |key: &(String, String)| key.0 == host && (!from_elsewhere || everywhere.contains(key));
            let ours = jar.iter().filter(|(key, _)| goes(key));
            ours.map(|((_, name), value)| format!("{name}={value}")).collect()
        };
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(Form { kind, body, .. }) = form {
            request = request.body(body.to_owned());
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for line in headers.get_all(SET_COOKIE) {
            self.take(&host, line.to_str().unwrap());
        }
        (status, headers, answer.text().await.unwrap())
    }

    fn take(&self, host: &str, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let key = (host.to_owned(), name.to_owned());
        let mut everywhere = self.everywhere.lock().unwrap();
        match parts.clone().any(|attribute| attribute.eq_ignore_ascii_case("samesite=none")) {
            true => drop(everywhere.insert(key)),
            false => drop(everywhere.remove(&key)),
        }
        let is_removal = parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0"));
        let mut jar = self.jar.lock().unwrap();
        if is_removal {
            jar.remove(&(host.to_owned(), name.to_owned()));
        } else {
            jar.insert((host.to_owned(), name.to_owned()), value.to_owned());
        }
    }
}
