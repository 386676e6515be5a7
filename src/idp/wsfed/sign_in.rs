//! Signing in for a relying party (`wa=wsignin1.0`).

use std::sync::MutexGuard;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::cookie::Cookie;

use super::super::endpoint::Endpoint;
use super::super::fault_mode::{Mode, Stage};
use super::super::pages;
use super::super::sign_in::{COOKIE, session_cookie};
use super::super::sso::SsoSession;
use super::super::tenant::{State, Tenant};
use super::token;
use crate::issuer::params::Params;
use crate::issuer::passive_request::SignInRequest;
use crate::time::Timestamp;

/// Without a word from the person.
pub(in super::super) fn ask(req: &HttpRequest, tenant: &Tenant, query: &[u8]) -> HttpResponse {
    match Visit::begin(req, tenant, query) {
        Ok(visit) => visit.proceed(),
        Err(reason) => pages::bad_request(reason).into_response(),
    }
}

/// After the person pressed a button of the login page. The sign-in request comes along and is read anew, so the page
/// cannot be used to skip a check.
pub(in super::super) fn chosen(
    req: &HttpRequest,
    tenant: &Tenant,
    query: &[u8],
    form: &Params,
) -> HttpResponse {
    match (Visit::begin(req, tenant, query), form.get("user")) {
        (Err(reason), _) => pages::bad_request(reason).into_response(),
        (Ok(_), _) if form.get("deny").is_some() => pages::said_no().into_response(),
        (Ok(visit), Some(user)) => visit.sign_in(user),
        (Ok(_), None) => pages::bad_request("nobody was chosen").into_response(),
    }
}

/// One valid sign-in request in one browser.
struct Visit<'a> {
    tenant: &'a Tenant,
    state: MutexGuard<'a, State>,
    now: Timestamp,
    request: SignInRequest,
    /// The request as it came, for the page to send along.
    query: String,
    cookie: Option<String>,
    /// The browser's session, if it has one.
    session: Option<SsoSession>,
    /// Who signs in without a page.
    auto: Option<String>,
}

impl<'a> Visit<'a> {
    fn begin(req: &HttpRequest, tenant: &'a Tenant, query: &[u8]) -> Result<Self, &'static str> {
        let (mut state, now) = tenant.lock();
        let params = Params::parse(query);
        let mut request =
            SignInRequest::parse(&params, |realm, reply| state.relying_parties.reply_for(realm, reply))?;
        match state.faults.take(Endpoint::Wsfed, Stage::Question, None).map(|fault| fault.mode) {
            Some(Mode::OldAuthn) => request.freshness = None,
            Some(Mode::IgnoresWauth) => request.method = None,
            _ => {}
        }
        if !request.method_is_known() {
            return Err("wauth asks for a way to sign in that does not exist here");
        }
        let cookie = req.cookie(COOKIE).as_ref().map(|cookie| Cookie::value(cookie).to_owned());
        let session = cookie
            .as_deref()
            .and_then(|cookie| state.sso.find(cookie, now))
            .filter(|session| state.users.active(&session.subject).is_some())
            .cloned();
        let auto = match (&request.login_hint, params.get("hourgate_auto") == Some("1")) {
            (Some(hint), true) => Some(state.users.named(hint).unwrap_or(hint).to_owned()),
            _ => state.auto_login.clone(),
        };
        let query = String::from_utf8_lossy(query).into_owned();
        Ok(Self { tenant, state, now, request, query, cookie, session, auto })
    }

    fn proceed(mut self) -> HttpResponse {
        let fresh = self.session.take().filter(|session| self.request.takes(session.auth_time, self.now));
        match (fresh, self.auto.take()) {
            (Some(session), auto) if auto.as_ref().is_none_or(|auto| *auto == session.subject) => {
                self.answer(&session, None)
            }
            (_, Some(auto)) => self.sign_in(&auto),
            (_, None) => {
                let hint = self.request.login_hint.as_deref();
                pages::login(&self.query, &self.request.realm, hint, &self.state.users).into_response()
            }
        }
    }

    fn sign_in(mut self, subject: &str) -> HttpResponse {
        if self.state.users.active(subject).is_none() {
            return pages::no_entry(subject).into_response();
        }
        let lifetime = self.state.lifetimes.sso_session.0;
        let (cookie, session) = self.state.sso.begin(self.cookie.as_deref(), subject, self.now, lifetime);
        self.answer(&session, Some(cookie))
    }

    fn answer(mut self, session: &SsoSession, cookie: Option<String>) -> HttpResponse {
        if let Some(cookie) = cookie.as_ref().or(self.cookie.as_ref()) {
            self.state.sso.note_realm(cookie, &self.request.realm);
        }
        let parameters =
            match token::parameters(&mut self.state, &self.tenant.issuer, &self.request, session, self.now) {
                Ok(parameters) => parameters,
                Err(error) => return pages::out_of_order(&error.to_string()).into_response(),
            };
        let mut response = pages::form_post(&self.request.reply, &parameters).into_response();
        if let Some(value) = cookie {
            // A cookie of our own making is always a valid header.
            let _ = response.add_cookie(&session_cookie(self.tenant, value));
        }
        response
    }
}
