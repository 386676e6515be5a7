//! Authorization endpoint and login page.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use super::defects::WRONG_ISSUER;
use super::endpoint::Endpoint;
use super::fault_mode::{Mode, Stage};
use super::gate::Here;
use super::pages;
use super::sso::SsoSession;
use super::tenant::{State, Tenant};
use super::wsfed;
use crate::issuer::authorization_request::{AuthorizationRequest, Refusal};
use crate::issuer::authorization_response::{AuthorizationResponse, ResponseMode, ResponseTarget};
use crate::issuer::error::{ErrorCode, OAuthError};
use crate::issuer::grants::Authorization;
use crate::issuer::jws;
use crate::issuer::params::Params;
use crate::issuer::prompt::{Step, next_step};
use crate::issuer::pushed_requests::PushedRequests;
use crate::time::Timestamp;

/// The cookie of the single sign-on session; its path is the tenant's.
pub(super) const COOKIE: &str = "hourgate_idp_session";

/// Where a browser goes from here.
enum Answer {
    /// Back to the client, perhaps with a new session cookie.
    Client { response: AuthorizationResponse, cookie: Option<String> },
    /// Nowhere.
    Page(pages::Page),
}

/// `GET` or `POST /{tenant}/authorize`.
pub(super) async fn authorize(req: HttpRequest, tenant: Here, body: Bytes) -> HttpResponse {
    let query = if req.method() == Method::POST { &body } else { req.query_string().as_bytes() };
    let cookie = req.cookie(COOKIE);
    let answer = Visit::begin(&tenant, query, PushedRequests::begin, cookie.as_ref().map(Cookie::value))
        .map_or_else(|answer| answer, Visit::proceed);
    respond(&tenant, answer, StatusCode::FOUND)
}

/// `POST /{tenant}/login`: what a person chose on the page. The authorization request comes along and is read anew,
/// so the page cannot be used to skip a check.
pub(super) async fn login(req: HttpRequest, tenant: Here, body: Bytes) -> HttpResponse {
    let form = Params::parse(&body);
    let cookie = req.cookie(COOKIE);
    let query = form.get("request").unwrap_or_default();
    if Params::parse(query.as_bytes()).get("wa").is_some() {
        return wsfed::sign_in::chosen(&req, &tenant, query.as_bytes(), &form);
    }
    let resume =
        |pushed: &mut PushedRequests, name: &str, client: &str, now| pushed.resume(name, client, now);
    let answer = Visit::begin(&tenant, query.as_bytes(), resume, cookie.as_ref().map(Cookie::value))
        .map_or_else(|answer| answer, |visit| visit.chosen(&form));
    respond(&tenant, answer, StatusCode::SEE_OTHER)
}

fn respond(tenant: &Tenant, answer: Answer, redirect: StatusCode) -> HttpResponse {
    match answer {
        Answer::Page(page) => page.into_response(),
        Answer::Client { response, cookie } => {
            let mut answer = match response.mode {
                ResponseMode::Query => HttpResponse::build(redirect)
                    .insert_header((LOCATION, response.location()))
                    .insert_header(("Cache-Control", "no-store"))
                    .finish(),
                ResponseMode::FormPost => {
                    pages::form_post(&response.redirect_uri, &response.parameters).into_response()
                }
            };
            if let Some(value) = cookie {
                // A cookie of our own making is always a valid header.
                let _ = answer.add_cookie(&session_cookie(tenant, value));
            }
            answer
        }
    }
}

/// The cookie as the browser is to keep it. With an empty value and no age, it is forgotten.
pub(super) fn session_cookie(tenant: &Tenant, value: String) -> Cookie<'static> {
    let path = url::Url::parse(&tenant.issuer).map_or_else(|_| "/".to_owned(), |url| url.path().to_owned());
    Cookie::build(COOKIE, value)
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(tenant.issuer.starts_with("https://"))
        .finish()
}

/// One valid authorization request in one browser.
struct Visit<'a> {
    tenant: &'a Tenant,
    state: std::sync::MutexGuard<'a, State>,
    now: Timestamp,
    request: AuthorizationRequest,
    /// Under which it was pushed, if it was.
    name: Option<String>,
    /// The request as it came, for the page to send along.
    query: String,
    cookie: Option<String>,
    /// The browser's session, if the request can use it.
    session: Option<SsoSession>,
    /// Who signs in without a page.
    auto: Option<String>,
}

impl<'a> Visit<'a> {
    /// `pushed` gives the request that was pushed under a name.
    fn begin(
        tenant: &'a Tenant,
        query: &[u8],
        pushed: impl FnOnce(&mut PushedRequests, &str, &str, Timestamp) -> Option<String>,
        cookie: Option<&str>,
    ) -> Result<Self, Answer> {
        let (mut state, now) = tenant.lock();
        let mut params = Params::parse(query);
        let name = params.get("request_uri").filter(|_| state.pushed_policy.offered).map(str::to_owned);
        if let Some(name) = &name {
            let client_id = params.get("client_id").unwrap_or_default();
            let Some(request) = pushed(&mut state.pushed, name, client_id, now) else {
                let why = "request_uri is unknown, was used before, has ended, or is another client's";
                return Err(Answer::Page(pages::bad_request(why)));
            };
            params = Params::parse(request.as_bytes());
        }
        let parsed =
            AuthorizationRequest::parse(&params, |client, uri| state.clients.may_redirect(client, uri));
        let mut request = match parsed {
            Ok(request) => request,
            Err(Refusal::Here(reason)) => return Err(Answer::Page(pages::bad_request(reason))),
            Err(Refusal::ToClient(target, error)) => return Err(refuse(tenant, &mut state, &target, &error)),
        };
        if state.faults.take(Endpoint::Authorize, Stage::Question, None).is_some() {
            request.prompt.login = false;
            request.max_age = None;
        }
        if state.pushed_policy.required && name.is_none() {
            let error = OAuthError::invalid_request("this tenant wants requests pushed");
            return Err(refuse(tenant, &mut state, &request.target, &error));
        }
        if state.clients.strict && request.nonce.is_none() {
            let error = OAuthError::invalid_request("a strict tenant wants a nonce");
            return Err(refuse(tenant, &mut state, &request.target, &error));
        }
        let hinted = match request.id_token_hint.as_deref().map(|token| jws::verify(&state.keys, token)) {
            None => None,
            Some(Some(claims)) => claims.get("sub").and_then(|sub| sub.as_str()).map(str::to_owned),
            Some(None) => {
                let error = OAuthError::invalid_request("id_token_hint is not an ID token of this issuer");
                return Err(refuse(tenant, &mut state, &request.target, &error));
            }
        };
        let session = cookie
            .and_then(|cookie| state.sso.find(cookie, now))
            .filter(|session| state.users.active(&session.subject).is_some())
            .filter(|session| hinted.as_ref().is_none_or(|sub| *sub == session.subject))
            .cloned();
        let asked = params.get("hourgate_auto") == Some("1");
        let auto = match (&request.login_hint, asked) {
            (Some(hint), true) => Some(state.users.named(hint).unwrap_or(hint).to_owned()),
            _ => state.auto_login.clone(),
        };
        let query = String::from_utf8_lossy(query).into_owned();
        let cookie = cookie.map(str::to_owned);
        Ok(Self { tenant, state, now, request, name, query, cookie, session, auto })
    }

    /// Without a word from the person.
    fn proceed(mut self) -> Answer {
        if let Some(fault) = self.state.faults.take(Endpoint::Authorize, Stage::Error, None) {
            let code = fault.body.as_ref().and_then(|body| body["error"].as_str()).unwrap_or("server_error");
            let (issuer, target) = response(self.tenant, &mut self.state, &self.request.target);
            let response = target.with_error_code(code, "fault on demand", issuer.as_deref());
            return self.finish(response, None);
        }
        let step = next_step(&self.request, self.session.as_ref().map(|session| session.auth_time), self.now);
        let auto = self.auto.take().filter(|_| !self.request.prompt.none);
        match (step, auto, self.session.take()) {
            (Step::Refuse(error), _, _) => self.refuse(&error),
            (Step::Answer, None, Some(session)) => self.answer(&session, None),
            (Step::Answer | Step::AskConsent, Some(auto), Some(session)) if session.subject == auto => {
                self.answer(&session, None)
            }
            (_, Some(auto), _) => self.sign_in(&auto),
            (Step::AskConsent, None, Some(session)) => {
                Answer::Page(pages::consent(&self.query, &self.request, &session.subject))
            }
            (_, None, _) => Answer::Page(self.login_page()),
        }
    }

    /// After the person pressed a button.
    fn chosen(mut self, form: &Params) -> Answer {
        if form.get("deny").is_some() {
            return self.refuse(&OAuthError::new(ErrorCode::AccessDenied, "the person said no"));
        }
        if form.get("consent").is_some() {
            return match (
                next_step(&self.request, self.session.as_ref().map(|session| session.auth_time), self.now),
                self.session.take(),
            ) {
                (Step::AskConsent, Some(session)) => self.answer(&session, None),
                _ => Answer::Page(self.login_page()),
            };
        }
        match form.get("user") {
            Some(user) => self.sign_in(user),
            None => Answer::Page(pages::bad_request("nobody was chosen")),
        }
    }

    fn login_page(&self) -> pages::Page {
        let (client, hint) = (&self.request.client_id, self.request.login_hint.as_deref());
        pages::login(&self.query, client, hint, &self.state.users)
    }

    fn sign_in(mut self, subject: &str) -> Answer {
        if self.state.users.active(subject).is_none() {
            return Answer::Page(pages::no_entry(subject));
        }
        let lifetime = self.state.lifetimes.sso_session.0;
        let (cookie, session) = self.state.sso.begin(self.cookie.as_deref(), subject, self.now, lifetime);
        self.answer(&session, Some(cookie))
    }

    fn answer(mut self, session: &SsoSession, cookie: Option<String>) -> Answer {
        if let Some(cookie) = cookie.as_ref().or(self.cookie.as_ref()) {
            self.state.sso.note_client(cookie, &self.request.client_id);
        }
        let authorization = Authorization {
            client_id: self.request.client_id.clone(),
            redirect_uri: self.request.target.redirect_uri.clone(),
            challenge: self.request.challenge.clone(),
            scope: self.request.scope.clone(),
            nonce: self.request.nonce.clone(),
            subject: session.subject.clone(),
            sid: session.sid.clone(),
            auth_time: session.auth_time,
        };
        let lifetimes = self.state.lifetimes.grants();
        match self.state.grants.authorize(authorization, &lifetimes, self.now) {
            Ok(code) => {
                let (issuer, target) = response(self.tenant, &mut self.state, &self.request.target);
                let response = target.with_code(&code, issuer.as_deref());
                self.finish(response, cookie)
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn refuse(mut self, error: &OAuthError) -> Answer {
        let (issuer, target) = response(self.tenant, &mut self.state, &self.request.target);
        let response = target.with_error(error, issuer.as_deref());
        self.finish(response, None)
    }

    /// A pushed request is answered once.
    fn finish(mut self, response: AuthorizationResponse, cookie: Option<String>) -> Answer {
        if let Some(name) = &self.name {
            self.state.pushed.finish(name);
        }
        Answer::Client { response, cookie }
    }
}

fn refuse(tenant: &Tenant, state: &mut State, target: &ResponseTarget, error: &OAuthError) -> Answer {
    let (issuer, target) = response(tenant, state, target);
    Answer::Client { response: target.with_error(error, issuer.as_deref()), cookie: None }
}

/// The `iss` of an authorization response (RFC 9207), and where it goes, unless a fault spoils them.
fn response(tenant: &Tenant, state: &mut State, target: &ResponseTarget) -> (Option<String>, ResponseTarget) {
    let (mut issuer, mut target) = (Some(tenant.issuer.clone()), target.clone());
    match state.faults.take(Endpoint::Authorize, Stage::Redirect, None).map(|fault| fault.mode) {
        Some(Mode::WrongResponseIss) => issuer = Some(WRONG_ISSUER.to_owned()),
        Some(Mode::MissingResponseIss) => issuer = None,
        Some(Mode::WrongState) => target.state = Some("another".to_owned()),
        Some(Mode::MissingState) => target.state = None,
        _ => {}
    }
    (issuer, target)
}
