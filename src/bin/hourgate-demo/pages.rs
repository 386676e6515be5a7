//! The demo's own pages: plain HTML, one style sheet, no script.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use askama::Template;

use crate::app::App;

/// Where the style sheet is, on every host.
pub(crate) const STYLE_PATH: &str = "/demo.css";
/// No `form-action`: browsers apply it to the redirects after a form too, and these may lead to the IdP.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Anything between the browser, the gateway and the IdP that went wrong; shown as it is, for this is a demo.
pub(crate) type Error = Box<dyn std::error::Error>;

/// An app's page.
#[derive(Template)]
#[template(path = "app.html", config = "src/bin/hourgate-demo/pages/askama.toml")]
pub(crate) struct AppPage<'a> {
    pub(crate) app: &'a App,
    pub(crate) others: Vec<&'a App>,
    pub(crate) control: &'a str,
    /// Who is signed in, for people.
    pub(crate) label: String,
    pub(crate) sub: String,
    /// The identity headers, exactly as the gateway gave them.
    pub(crate) headers: Vec<(String, String)>,
    /// Does the IdP refuse this person by now?
    pub(crate) is_disabled: bool,
    pub(crate) session: Option<SessionView>,
    /// The policy check interval in seconds.
    pub(crate) interval: u64,
    /// When the page comes again; `None` where it stands still.
    pub(crate) refresh_secs: Option<u32>,
}

/// What `/_hourgate/session` said; all times in seconds.
pub(crate) struct SessionView {
    pub(crate) proof_age: u64,
    pub(crate) proof_ends_in: u64,
    pub(crate) next_check_in: u64,
    pub(crate) last_check: String,
    pub(crate) reason: String,
}

/// The control room's page.
#[derive(Template)]
#[template(path = "control.html", config = "src/bin/hourgate-demo/pages/askama.toml")]
pub(crate) struct ControlPage<'a> {
    pub(crate) people: Vec<PersonRow>,
    pub(crate) apps: &'a [App],
    /// The policy check interval in seconds.
    pub(crate) interval: u64,
}

/// What stands at an address that is none of the demo's.
#[derive(Template)]
#[template(path = "elsewhere.html", config = "src/bin/hourgate-demo/pages/askama.toml")]
pub(crate) struct ElsewherePage<'a> {
    pub(crate) apps: &'a [App],
    pub(crate) control: &'a str,
    /// The policy check interval in seconds.
    pub(crate) interval: u64,
}

/// One person in the control room.
pub(crate) struct PersonRow {
    pub(crate) sub: String,
    pub(crate) disabled: bool,
    /// How many live sessions they have at the gateway.
    pub(crate) sessions: usize,
}

/// A page on its way out.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(page.render()?))
}

/// The style sheet.
pub(crate) fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "max-age=60"))
        .body(include_str!("pages/demo.css"))
}
