//! A person's browser, and the front proxy that asks a gateway about its requests. Everything that it sees goes into a
//! history.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hourgate::session::id::SessionId;
use reqwest::Response;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::Value;
use url::Url;

use crate::history::{Answer, Event, Generation, What};
use crate::idp::Profile;
use crate::world::{World, host};

const SESSION: &str = "__Host-hourgate";
const NAVIGATION: [(&str, &str); 3] =
    [("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
const SCRIPT: [(&str, &str); 3] =
    [("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
const MOST_HOPS: usize = 12;

#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) world: Arc<World>,
    pub(crate) user: String,
    pub(crate) profile: Profile,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Name and value of the cookies for the app's host.
    app: Vec<(String, String)>,
    /// The IdP's.
    idp: Vec<(String, String)>,
    generation: Generation,
    /// By when the sign-in that is under way had begun.
    sign_in_begun: u64,
    events: Vec<Event>,
}

/// Where a navigation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// At the app.
    App,
    /// At a page of the gateway or the IdP, with its status.
    Page(u16),
    /// Nobody answered.
    Nowhere,
}

impl Visitor {
    pub(crate) fn new(world: &Arc<World>, user: &str, profile: Profile) -> Self {
        Self { world: world.clone(), user: user.to_owned(), profile, state: Mutex::default() }
    }

    /// Has it a session cookie?
    pub(crate) fn session(&self) -> Option<Generation> {
        self.lock().session()
    }

    /// The public id of its session, as the gateway itself makes it of what lies between key id and MAC in the cookie.
    pub(crate) fn public_id(&self) -> Option<String> {
        let state = self.lock();
        let (_, cookie) = state.app.iter().find(|(name, _)| name == SESSION)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cookie).unwrap();
        let id = SessionId::from_bytes(bytes[4..4 + SessionId::LEN].try_into().unwrap());
        Some(id.stored().to_string())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = self.lock().events.clone();
        events.sort_by_key(|event| event.begun);
        events
    }

    pub(crate) fn note(&self, begun: u64, node: Option<usize>, session: Option<Generation>, what: What) {
        let ended = self.world.now();
        self.lock().events.push(Event { begun, ended, node, session, what });
    }

    /// A script's request for the app: what a front proxy is told about it.
    pub(crate) async fn fetch(&self, node: usize) -> Option<Answer> {
        self.ask(node, &SCRIPT).await.map(|(answer, _)| answer)
    }

    /// Goes to the app and wherever that leads, from node to node: the next one is `next`'s to say.
    pub(crate) async fn navigate(&self, mut next: impl FnMut() -> usize) -> Arrival {
        for _ in 0..MOST_HOPS {
            let mut location = match self.ask(next(), &NAVIGATION).await {
                None => return Arrival::Nowhere,
                Some((Answer::Allowed(_), _)) => return Arrival::App,
                Some((_, Some(location))) => location,
                Some((Answer::Unknown { .. }, None)) => return Arrival::Page(503),
                Some((_, None)) => return Arrival::Page(0),
            };
            // Until it leads back to the app itself.
            loop {
                match self.step(&location, &mut next).await {
                    Err(end) => return end,
                    Ok(further) if further.path().starts_with("/_hourgate/") || !self.is_app(&further) => {
                        location = further;
                    }
                    Ok(_) => break,
                }
            }
        }
        Arrival::Page(310)
    }

    /// Signs in at once, whatever there was before; `true` where that brought a session.
    pub(crate) async fn sign_in(&self, mut next: impl FnMut() -> usize) -> bool {
        let before = self.lock().generation;
        let start = format!("https://{}/_hourgate/start?rd=%2F&ask=1", host(self.profile));
        let mut location = Url::parse(&start).unwrap();
        for _ in 0..MOST_HOPS {
            match self.step(&location, &mut next).await {
                Ok(further) if further.path().starts_with("/_hourgate/") || !self.is_app(&further) => {
                    location = further;
                }
                _ => break,
            }
        }
        self.lock().generation > before
    }

    /// Begins a sign-in and gets as far as the IdP's answer: the address to come back to.
    pub(crate) async fn begin_sign_in(&self, node: usize) -> Url {
        let start = format!("https://{}/_hourgate/start?rd=%2F", host(self.profile));
        let at_idp = self.own_page(&Url::parse(&start).unwrap(), node).await.unwrap();
        self.idp_page(&at_idp).await.unwrap()
    }

    /// Comes back from the IdP; the status of the gateway's page, if that is where it ends.
    pub(crate) async fn come_back(&self, callback: &Url, node: usize) -> Result<Url, Arrival> {
        self.own_page(callback, node).await
    }

    /// Presses the button on the sign-out page. Was it acknowledged?
    pub(crate) async fn sign_out(&self, node: usize) -> bool {
        let (begun, (session, cookies)) = (self.world.now(), self.presents());
        let origin = format!("https://{}", host(self.profile));
        let request = self.world.http.post(self.address(node, "/_hourgate/signout"));
        let request = request.header("sec-fetch-site", "same-origin").header("origin", origin);
        let request = self.forwarded(request, &NAVIGATION, "POST", "/_hourgate/signout");
        let answer = with(request, cookies).send().await;
        let acknowledged = answer.as_ref().is_ok_and(|answer| answer.status() == 303);
        if let Ok(answer) = &answer {
            self.keep_cookies(answer.headers());
        }
        self.note(begun, Some(node), session, What::SignOut { acknowledged });
        acknowledged
    }

    /// What `/_hourgate/session` tells about the session.
    pub(crate) async fn look(&self, node: usize) -> Option<Value> {
        let request = self.world.http.get(self.address(node, "/_hourgate/session"));
        let request = self.forwarded(request, &SCRIPT, "GET", "/_hourgate/session");
        let answer = with(request, self.presents().1).send().await.ok()?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok().filter(|look: &Value| look.is_object())
    }

    async fn ask(&self, node: usize, headers: &[(&str, &str)]) -> Option<(Answer, Option<Url>)> {
        let (begun, (session, cookies)) = (self.world.now(), self.presents());
        let request = self.world.http.get(self.address(node, "/_hourgate/authz/forward-auth"));
        let sent = with(self.forwarded(request, headers, "GET", "/"), cookies).send().await;
        // A 408 comes to a connection that was opened and not used in time.
        let Some(answer) = sent.ok().filter(|answer| answer.status() != 408) else {
            self.note(begun, Some(node), session, What::NoAnswer);
            return None;
        };
        let location = location(&answer);
        self.look_for_a_cleared_cookie(begun, node, session, answer.headers());
        let answer = judged(&answer, location.as_ref());
        self.note(begun, Some(node), session, What::Answer(answer.clone()));
        Some((answer, location))
    }

    /// One hop of a navigation: where it leads, or where it ends.
    async fn step(&self, url: &Url, next: &mut impl FnMut() -> usize) -> Result<Url, Arrival> {
        if self.is_app(url) { self.own_page(url, next()).await } else { self.idp_page(url).await }
    }

    /// An address of the gateway's own.
    async fn own_page(&self, url: &Url, node: usize) -> Result<Url, Arrival> {
        let (begun, (session, cookies)) = (self.world.now(), self.presents());
        let target =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let is_callback = url.path().starts_with("/_hourgate/callback/");
        let request = self.world.http.get(self.address(node, &target));
        let sent = with(self.forwarded(request, &NAVIGATION, "GET", &target), cookies).send().await;
        let sign_in_begun = self.lock().sign_in_begun;
        let Ok(answer) = sent else {
            let what = match is_callback {
                true => What::Callback { sign_in_begun, got: None },
                false => What::NoAnswer,
            };
            self.note(begun, Some(node), session, what);
            return Err(Arrival::Nowhere);
        };
        let status = answer.status().as_u16();
        self.look_for_a_cleared_cookie(begun, node, session, answer.headers());
        let got = self.keep_cookies(answer.headers());
        self.note(
            begun,
            Some(node),
            session,
            match is_callback {
                true => What::Callback { sign_in_begun, got },
                false => What::Page(status),
            },
        );
        if url.path() == "/_hourgate/start" {
            self.lock().sign_in_begun = self.world.now();
        }
        location(&answer).ok_or(Arrival::Page(status))
    }

    /// The IdP's page; whoever stands before it for the first time says who they are.
    async fn idp_page(&self, url: &Url) -> Result<Url, Arrival> {
        let begun = self.world.now();
        let mut url = url.clone();
        let cookies = header(&self.lock().idp);
        if cookies.is_none() {
            url.query_pairs_mut().append_pair("login_hint", &self.user).append_pair("hourgate_auto", "1");
        }
        let Ok(answer) = with(self.world.http.get(url), cookies).send().await else {
            self.note(begun, None, self.session(), What::NoAnswer);
            return Err(Arrival::Nowhere);
        };
        for (name, value, _) in cookies_of(answer.headers()) {
            put(&mut self.lock().idp, &name, &value);
        }
        let status = answer.status().as_u16();
        if status == 200 {
            self.note(begun, None, self.session(), What::CredentialsAsked);
        }
        location(&answer).ok_or(Arrival::Page(status))
    }

    fn address(&self, node: usize, target: &str) -> String {
        format!("http://{}{target}", self.world.nodes[node].public())
    }

    /// As a front proxy passes a request on.
    fn forwarded(
        &self,
        mut request: reqwest::RequestBuilder,
        headers: &[(&str, &str)],
        method: &str,
        target: &str,
    ) -> reqwest::RequestBuilder {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", host(self.profile))
            .header("x-forwarded-method", method)
            .header("x-forwarded-uri", target)
    }

    /// The session and the cookies that a request takes along: both of one moment.
    fn presents(&self) -> (Option<Generation>, Option<String>) {
        let state = self.lock();
        (state.session(), header(&state.app))
    }

    fn is_app(&self, url: &Url) -> bool {
        url.host_str() == Some(&host(self.profile))
    }

    fn look_for_a_cleared_cookie(
        &self,
        begun: u64,
        node: usize,
        session: Option<Generation>,
        headers: &HeaderMap,
    ) {
        if cookies_of(headers).any(|(name, _, is_removal)| name == SESSION && is_removal) {
            self.note(begun, Some(node), session, What::CookieCleared);
        }
    }

    /// Keeps cookies; says which session there is now, if a new one came.
    fn keep_cookies(&self, headers: &HeaderMap) -> Option<Generation> {
        let mut state = self.lock();
        let mut got = None;
        for (name, value, is_removal) in cookies_of(headers) {
            if is_removal {
                state.app.retain(|(known, _)| *known != name);
                continue;
            }
            put(&mut state.app, &name, &value);
            if name == SESSION {
                state.generation += 1;
                got = Some(state.generation);
            }
        }
        got
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn session(&self) -> Option<Generation> {
        self.app.iter().any(|(name, _)| name == SESSION).then_some(self.generation)
    }
}

fn with(request: reqwest::RequestBuilder, cookies: Option<String>) -> reqwest::RequestBuilder {
    match cookies {
        Some(cookies) => request.header(COOKIE, cookies),
        None => request,
    }
}

fn judged(answer: &Response, location: Option<&Url>) -> Answer {
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let reason = || {
        let challenge = header("www-authenticate")?;
        Some(challenge.split_once("reason=\"")?.1.split_once('"')?.0.to_owned())
    };
    match (answer.status().as_u16(), location.map(Url::path)) {
        (200, _) => header("x-auth-request-user")
            .map_or_else(|| Answer::Strange("200 for nobody".into()), Answer::Allowed),
        (302, Some("/_hourgate/start")) => Answer::SignIn(None),
        (302, Some("/_hourgate/check")) => Answer::Checking,
        (401, _) => Answer::SignIn(reason()),
        (503, _) => Answer::Unknown {
            reason: reason().unwrap_or_default(),
            retry_after: answer.headers().contains_key("retry-after"),
        },
        (status, location) => Answer::Strange(format!("{status} {location:?}")),
    }
}

fn location(answer: &Response) -> Option<Url> {
    let location = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection())?;
    Some(Url::parse(location.to_str().unwrap()).unwrap())
}

/// Name, value, and whether the cookie is taken away.
fn cookies_of(headers: &HeaderMap) -> impl Iterator<Item = (String, String, bool)> {
    headers.get_all(SET_COOKIE).iter().map(|header| {
        let text = header.to_str().unwrap();
        let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
        let is_removal = value.is_empty() || text.to_ascii_lowercase().contains("max-age=0");
        (name.to_owned(), value.to_owned(), is_removal)
    })
}

fn put(jar: &mut Vec<(String, String)>, name: &str, value: &str) {
    jar.retain(|(known, _)| known != name);
    jar.push((name.to_owned(), value.to_owned()));
}

fn header(jar: &[(String, String)]) -> Option<String> {
    let pairs: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}
