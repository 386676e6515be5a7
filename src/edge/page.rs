//! The pages that people see: plain HTML, one style sheet, nothing from elsewhere; a script only where a window closes itself.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use askama::Template;

use super::paths;

/// No `form-action`: browsers apply it to the redirects after a form too, and a sign-out's lead to the IdP.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("pages/style.css");
const SESSION_STYLE: &str = include_str!("script/session.css");
const SESSION_SCRIPT: &str = include_str!("script/built/session.js");
const POPUP_DONE_SCRIPT: &str = include_str!("script/built/popup-done.js");

/// A message, perhaps with something to do about it.
#[derive(Template)]
#[template(path = "message.html", config = "src/edge/pages/askama.toml")]
pub struct Message {
    /// The heading.
    pub title: &'static str,
    /// What happened and what to do, for people.
    pub sentence: &'static str,
    /// The stable reason code.
    pub code: &'static str,
    /// Names the line in the log.
    pub reference: Option<String>,
    /// A link: its words and its address.
    pub action: Option<(&'static str, String)>,
    /// Try again after so many seconds; the page does so by itself.
    pub retry_after_secs: Option<u32>,
}

/// Where a sign-in begins: why, where, and whether to be kept signed in.
#[derive(Template)]
#[template(path = "start.html", config = "src/edge/pages/askama.toml")]
pub struct Start {
    /// The heading.
    pub title: &'static str,
    /// What happened, if something did.
    pub sentence: Option<&'static str>,
    /// Its stable reason code.
    pub code: Option<&'static str>,
    /// The words on the button, where there is one IdP.
    pub button: &'static str,
    /// Where the form goes.
    pub action: String,
    /// Where the person wants to go.
    pub return_to: String,
    /// Id and name of each IdP.
    pub providers: Vec<(String, String)>,
    /// May they choose to be kept signed in?
    pub offers_keep: bool,
    /// Where they sign out, if that is what they can do.
    pub sign_out: Option<String>,
}

/// Where a window that was opened to sign in or renew ends; its script tells the page that opened it.
#[derive(Template)]
#[template(path = "popup_done.html", config = "src/edge/pages/askama.toml")]
pub struct PopupDone {
    /// Where the script is.
    pub script: String,
}

/// Where people are asked whether they want to sign out.
#[derive(Template)]
#[template(path = "sign_out.html", config = "src/edge/pages/askama.toml")]
pub struct SignOut {
    /// Who they are.
    pub label: String,
    /// Where the form goes.
    pub action: String,
    /// Where to go instead.
    pub stay: String,
}

/// A page on its way out.
pub struct Page {
    status: StatusCode,
    html: askama::Result<String>,
    retry_after_secs: Option<u32>,
}

impl Page {
    /// A page made of a template.
    #[must_use]
    pub fn new(status: StatusCode, template: &impl Template) -> Self {
        Self { status, html: template.render(), retry_after_secs: None }
    }

    /// A message.
    #[must_use]
    pub fn message(status: StatusCode, message: Message) -> Self {
        Self { retry_after_secs: message.retry_after_secs, ..Self::new(status, &message) }
    }

    /// The response.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let Ok(html) = self.html else { return HttpResponse::InternalServerError().finish() };
        let mut response = HttpResponse::build(self.status);
        response
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((CACHE_CONTROL, "no-store"))
            // Not `no-referrer`: a form's `Origin` would be `null` then, and the sign-out could not tell its own page.
            .insert_header((REFERRER_POLICY, "same-origin"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((X_FRAME_OPTIONS, "DENY"));
        if let Some(secs) = self.retry_after_secs {
            response.insert_header((RETRY_AFTER, secs));
        }
        response.body(html)
    }
}

/// Sends the browser elsewhere: 303, so that nothing is posted again.
#[must_use]
pub fn see_other(location: &str, cookies: impl IntoIterator<Item = Cookie<'static>>) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header(("location", location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    for cookie in cookies {
        response.cookie(cookie);
    }
    response.finish()
}

/// `GET /_hourgate/popup-done`
pub async fn popup_done() -> HttpResponse {
    let script = format!("{}/popup-done.js", paths::PREFIX);
    Page::new(StatusCode::OK, &PopupDone { script }).into_response()
}

/// The style sheet of all pages.
pub async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

/// `GET /_hourgate/session.css`: the style sheet of the page script.
pub async fn session_style() -> HttpResponse {
    asset("text/css; charset=utf-8", SESSION_STYLE)
}

/// `GET /_hourgate/session.js`: the page script.
pub async fn session_script() -> HttpResponse {
    asset("text/javascript; charset=utf-8", SESSION_SCRIPT)
}

/// `GET /_hourgate/popup-done.js`
pub async fn popup_done_script() -> HttpResponse {
    asset("text/javascript; charset=utf-8", POPUP_DONE_SCRIPT)
}

fn asset(kind: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}

/// Where the style sheet is, for the templates.
#[must_use]
pub fn style_path() -> String {
    format!("{}/style.css", paths::PREFIX)
}
