//! The pages that people see: plain HTML, nothing from elsewhere, and no script but the line that sends a form by itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use url::Url;

use super::users::Users;
use crate::issuer::authorization_request::AuthorizationRequest;
use crate::random;

/// A page on its way out.
pub(super) struct Page {
    status: StatusCode,
    has_script: bool,
    nonce: String,
    html: askama::Result<String>,
    /// Whose pages it shows in frames.
    framed: Vec<Url>,
}

impl Page {
    fn new<T: Template>(status: StatusCode, template: impl FnOnce(String) -> T) -> Self {
        let nonce = BASE64_STANDARD.encode(random::bytes::<16>());
        Self { status, has_script: false, html: template(nonce.clone()).render(), nonce, framed: Vec::new() }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let Ok(html) = self.html else { return HttpResponse::InternalServerError().finish() };
        // No form-action: browsers apply it to the redirects after the form too, and those lead to any app.
        let nonce = self.nonce;
        let script = if self.has_script { format!("script-src 'nonce-{nonce}'; ") } else { String::new() };
        let mut policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; {script}base-uri 'none'; frame-ancestors 'none'"
        );
        if !self.framed.is_empty() {
            policy.push_str("; frame-src");
            self.framed.iter().for_each(|url| policy.extend([" ", &url.origin().ascii_serialization()]));
        }
        HttpResponse::build(self.status)
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(html)
    }
}

/// A button of the login page.
struct Person<'a> {
    subject: &'a str,
    name: &'a str,
    detail: &'a str,
    hinted: bool,
    disabled: bool,
}

#[derive(Template)]
#[template(path = "login.html", config = "src/idp/html/askama.toml")]
struct LoginPage<'a> {
    nonce: String,
    request: &'a str,
    client_id: &'a str,
    people: Vec<Person<'a>>,
}

#[derive(Template)]
#[template(path = "consent.html", config = "src/idp/html/askama.toml")]
struct ConsentPage<'a> {
    nonce: String,
    request: &'a str,
    client_id: &'a str,
    subject: &'a str,
    scope: String,
}

#[derive(Template)]
#[template(path = "confirm_sign_out.html", config = "src/idp/html/askama.toml")]
struct ConfirmSignOutPage {
    nonce: String,
}

#[derive(Template)]
#[template(path = "signing_out.html", config = "src/idp/html/askama.toml")]
struct SigningOutPage<'a> {
    nonce: String,
    frames: &'a [Url],
    next: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "message.html", config = "src/idp/html/askama.toml")]
struct MessagePage<'a> {
    nonce: String,
    title: &'a str,
    message: &'a str,
    id: &'a str,
}

#[derive(Template)]
#[template(path = "form_post.html", config = "src/idp/html/askama.toml")]
struct FormPostPage<'a> {
    nonce: String,
    action: &'a str,
    /// Escaped.
    parameters: Vec<(&'static str, String)>,
}

/// The response as a form that sends itself; without script, a button sends it.
pub(super) fn form_post(action: &str, parameters: &[(&'static str, String)]) -> Page {
    let parameters = parameters.iter().map(|(name, value)| (*name, attribute(value))).collect();
    let page = |nonce| FormPostPage { nonce, action, parameters };
    Page { has_script: true, ..Page::new(StatusCode::OK, page) }
}

/// The value of an attribute, escaped so that a carriage return is none of the page's own, which browsers would change.
fn attribute(value: &str) -> String {
    let escaped = |mut out: String, c| {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '\r' => out.extend(["&#", &u32::from(c).to_string(), ";"]),
            _ => out.push(c),
        }
        out
    };
    value.chars().fold(String::with_capacity(value.len()), escaped)
}

/// One button per person, and one for no.
pub(super) fn login(query: &str, client: &str, hint: Option<&str>, users: &Users) -> Page {
    let hinted = hint.and_then(|hint| users.named(hint));
    let mut people: Vec<Person<'_>> = users
        .0
        .iter()
        .map(|(subject, user)| {
            let claim = |name: &str| user.claims.get(name).and_then(Value::as_str);
            Person {
                subject,
                name: claim("name").unwrap_or(subject),
                detail: claim("email").unwrap_or(subject),
                hinted: hinted == Some(subject),
                disabled: user.disabled,
            }
        })
        .collect();
    people.sort_by_key(|person| !person.hinted);
    Page::new(StatusCode::OK, |nonce| LoginPage { nonce, request: query, client_id: client, people })
}

/// Yes or no.
pub(super) fn consent(query: &str, request: &AuthorizationRequest, subject: &str) -> Page {
    Page::new(StatusCode::OK, |nonce| ConsentPage {
        nonce,
        request: query,
        client_id: &request.client_id,
        subject,
        scope: request.scope.join(", "),
    })
}

/// A sign-out that nobody proved to want.
pub(super) fn confirm_sign_out() -> Page {
    Page::new(StatusCode::OK, |nonce| ConfirmSignOutPage { nonce })
}

/// Done, and nowhere to go.
pub(super) fn signed_out() -> Page {
    message(StatusCode::OK, "signed-out", "Signed out", "You are signed out of the test identity provider.")
}

/// Done, and the apps are told by way of the browser, which then goes on.
pub(super) fn signing_out(frames: Vec<Url>, next: Option<&str>) -> Page {
    let page = Page::new(StatusCode::OK, |nonce| SigningOutPage { nonce, frames: &frames, next });
    Page { framed: frames, ..page }
}

/// A request that cannot be answered to whoever made it.
pub(super) fn bad_request(reason: &str) -> Page {
    message(StatusCode::BAD_REQUEST, "bad-request", "This request cannot be answered", reason)
}

/// Someone who would rather not, where the app cannot be told.
pub(super) fn said_no() -> Page {
    message(StatusCode::FORBIDDEN, "said-no", "Not signed in", "You said no. The app is not told.")
}

/// The IdP cannot do its work.
pub(super) fn out_of_order(reason: &str) -> Page {
    message(StatusCode::INTERNAL_SERVER_ERROR, "out-of-order", "Out of order", reason)
}

/// Someone who may not sign in.
pub(super) fn no_entry(subject: &str) -> Page {
    let text = format!("{subject} is disabled or does not exist here, and cannot sign in.");
    message(StatusCode::FORBIDDEN, "no-entry", "No entry", &text)
}

fn message(status: StatusCode, id: &str, title: &str, message: &str) -> Page {
    Page::new(status, |nonce| MessagePage { nonce, title, message, id })
}
