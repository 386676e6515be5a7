//! As much of a browser as it takes to be signed in: cookies and redirects.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use url::Url;

/// The hosts that tests use; a browser finds names below `localhost` by itself.
const HOSTS: [&str; 3] = ["app.localhost", "one.localhost", "two.localhost"];
const MOST_REDIRECTS: usize = 20;

#[derive(Debug)]
pub(crate) struct Browser {
    http: reqwest::Client,
    jar: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    /// `SameSite=None`: it goes along with what pages of other sites ask for.
    crosses_sites: bool,
}

/// The form of a page: where it goes, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// The same form with another value in a field.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut form = self.clone();
        let field = form.fields.iter_mut().find(|(field, _)| field == name);
        field.unwrap_or_else(|| panic!("there is no {name} in {self:?}")).1 = value.to_owned();
        form
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(field, _)| field == name);
        &field.unwrap_or_else(|| panic!("there is no {name} in {self:?}")).1
    }
}

/// What came back in the end.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The addresses that the browser was sent away from, with the status.
    pub(crate) hops: Vec<(u16, Url)>,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The page's only form.
    pub(crate) fn form(&self) -> Form {
        let attribute = |html: &str, name: &str| {
            let found = html.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("{self:?}")).1;
            unescaped(found.split('"').next().unwrap())
        };
        let inputs = self.body.split("<input ").skip(1).filter(|input| input.contains("name=\""));
        let fields = inputs.map(|input| (attribute(input, "name"), attribute(input, "value")));
        Form { fields: fields.collect(), action: attribute(&self.body, "action") }
    }

    /// What the app was sent under a name: all of it, should it have come more than once.
    pub(crate) fn app_got(&self, name: &str) -> Vec<&str> {
        assert!(self.body.contains("HTTP/1."), "not the app's answer: {self:?}");
        self.body.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
    }

    /// Was the browser sent through an address that contains this?
    pub(crate) fn went_through(&self, part: &str) -> bool {
        self.hops.iter().any(|(_, url)| url.as_str().contains(part))
    }
}

/// What an attribute says.
fn unescaped(html: &str) -> String {
    let mut parts = html.split('&');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';').unwrap();
        text.push(match reference {
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "amp" => '&',
            _ => char::from_u32(reference.strip_prefix('#').unwrap().parse().unwrap()).unwrap(),
        });
        text.push_str(rest);
    }
    text
}

impl Browser {
    pub(crate) fn new() -> Self {
        // A second installation is refused, and means that the first one is in place.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "tests are outside the gateway")]
        let mut builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
        // Shorter than the gateway keeps a connection: a test that floods it does not look after its own meanwhile.
        builder = builder.pool_idle_timeout(Duration::from_secs(30));
        for host in HOSTS {
            builder = builder.resolve(host, SocketAddr::from(([127, 0, 0, 1], 0)));
        }
        let http = builder.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, jar: Vec::new() }
    }

    /// One request as it is, with the cookies that belong to it.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Page {
        let cookies = self.cookies(&Url::parse(url).unwrap());
        self.send_with(method, url, headers, body, cookies).await
    }

    async fn send_with(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
        cookies: Option<String>,
    ) -> Page {
        let url = Url::parse(url).unwrap();
        let mut request = self.http.request(method.parse().unwrap(), url.clone()).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookies) = cookies {
            request = request.header(COOKIE, cookies);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{method} {url}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            self.keep(&url, cookie.to_str().unwrap());
        }
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        Page { url, status, headers, body, hops: Vec::new() }
    }

    /// Goes to an address and wherever it leads.
    pub(crate) async fn navigate(&mut self, url: &str) -> Page {
        let page = self.send("GET", url, &NAVIGATION, "").await;
        self.follow(page).await
    }

    /// Sends a form and goes wherever that leads.
    pub(crate) async fn submit(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        let origin = Url::parse(url).unwrap().origin().ascii_serialization();
        let mut headers = NAVIGATION.to_vec();
        headers.extend([
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ]);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let page = self.send("POST", url, &headers, &body).await;
        self.follow(page).await
    }

    /// Sends a form from a page of another site and goes wherever that leads.
    pub(crate) async fn submit_from(&mut self, page: &Url, form: &Form) -> Page {
        let origin = page.origin().ascii_serialization();
        let mut headers = NAVIGATION.to_vec();
        headers.extend([
            ("origin", origin.as_str()),
            ("sec-fetch-site", "cross-site"),
            ("content-type", "application/x-www-form-urlencoded"),
        ]);
        // In a form every end of a line becomes CR LF.
        let lines = |value: &String| value.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n");
        let fields = form.fields.iter().map(|(name, value)| (name, lines(value)));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let to = Url::parse(&form.action).unwrap();
        let cookies = self.cookies_where(&to, |cookie| cookie.crosses_sites);
        let page = self.send_with("POST", to.as_str(), &headers, &body, cookies).await;
        self.follow(page).await
    }

    /// What a script does with `fetch(url)`.
    pub(crate) async fn fetch(&mut self, url: &str) -> Page {
        self.send(
            "GET",
            url,
            &[("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
            "",
        )
        .await
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        let mut hops = Vec::new();
        while let Some(location) = page.headers.get(LOCATION).filter(|_| (300..400).contains(&page.status)) {
            let next = page.url.join(location.to_str().unwrap()).unwrap();
            hops.push((page.status, page.url.clone()));
            assert!(hops.len() <= MOST_REDIRECTS, "no end of redirects: {hops:#?}");
            page = self.send("GET", next.as_str(), &NAVIGATION, "").await;
        }
        Page { hops, ..page }
    }

    /// The `Cookie` header that goes to an address.
    pub(crate) fn cookie_header(&self, url: &str) -> String {
        self.cookies(&Url::parse(url).unwrap()).unwrap_or_default()
    }

    fn cookies(&self, url: &Url) -> Option<String> {
        self.cookies_where(url, |_| true)
    }

    fn cookies_where(&self, url: &Url, go_along: impl Fn(&Cookie) -> bool) -> Option<String> {
        let fits = |cookie: &&Cookie| {
            Some(cookie.host.as_str()) == url.host_str()
                && url.path().starts_with(&cookie.path)
                && go_along(cookie)
        };
        let pairs: Vec<_> =
            self.jar.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep(&mut self, url: &Url, set_cookie: &str) {
        let mut parts = set_cookie.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attribute = |wanted: &str| {
            set_cookie
                .split(';')
                .filter_map(|part| part.trim().split_once('='))
                .find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then(|| value.to_owned()))
        };
        let cookie = Cookie {
            host: url.host_str().unwrap().to_owned(),
            path: attribute("path").unwrap_or_else(|| "/".to_owned()),
            name: name.to_owned(),
            value: value.to_owned(),
            crosses_sites: attribute("samesite").is_some_and(|value| value == "None"),
        };
        self.jar
            .retain(|old| (&old.host, &old.path, &old.name) != (&cookie.host, &cookie.path, &cookie.name));
        let is_taken_away = value.is_empty() || attribute("max-age").is_some_and(|age| age == "0");
        if !is_taken_away {
            self.jar.push(cookie);
        }
    }
}

const NAVIGATION: [(&str, &str); 3] =
    [("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
