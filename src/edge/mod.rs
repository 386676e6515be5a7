//! What browsers and front proxies talk to. Each handler parses one request, calls one journey and answers.
//!
//! All paths lie under [`paths::PREFIX`], mounted on every app host by the front proxy.

pub mod authz;
pub mod backchannel_logout;
pub mod callback;
pub mod check;
pub mod client;
pub mod connection;
pub mod cookie;
pub mod error;
pub mod form;
pub mod frontchannel_logout;
pub mod guard;
pub mod headers;
pub mod jwks;
pub mod limits;
pub mod listener;
mod loop_guard;
pub mod management;
pub mod navigation;
pub mod page;
pub mod paths;
pub mod same_origin;
pub mod session;
pub mod sign_in_budget;
pub mod sign_out;
pub mod site;
pub mod start;
pub mod wsfed;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, Data, ServiceConfig};
use ipnet::IpNet;
use tokio::sync::Semaphore;

use crate::journeys::Services;
use crate::session::names::ProviderId;
use crate::session::origin::Origin;
use sign_in_budget::SignInBudget;

/// What the handlers work with.
#[derive(Debug)]
pub struct Edge {
    /// The journeys' own.
    pub services: Arc<Services>,
    /// Whose forwarded headers are believed; nobody's by default.
    pub trusted_proxies: Vec<IpNet>,
    /// How often strangers may begin or end a sign-in.
    pub sign_in_budget: SignInBudget,
    /// Places for forms with tokens, which may be long.
    pub token_forms: Semaphore,
}

impl Edge {
    /// Where an IdP answers on an origin.
    #[must_use]
    pub fn callback(&self, origin: &Origin, id: &ProviderId) -> String {
        let provider = self.services.providers.get(id);
        match provider.and_then(|provider| provider.ws_federation()) {
            Some(_) => paths::wsfed(origin, id),
            None => paths::callback(origin, id),
        }
    }
}

/// The routes of the public listener.
pub fn public(edge: Data<Edge>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(edge).service(
            web::scope(paths::PREFIX)
                .route("/authz/auth-request", web::route().to(authz::auth_request))
                .route("/authz/forward-auth", web::route().to(authz::forward_auth))
                .route("/authz/ext-authz{path:(/.*)?}", web::route().to(authz::ext_authz))
                .route("/start", get().to(start::start))
                .route("/start", web::post().to(start::start_by_form))
                .route("/popup-done", get().to(page::popup_done))
                .route("/callback/{idp}", get().to(callback::by_query))
                .route("/callback/{idp}", web::post().to(callback::by_post))
                .route("/wsfed/{idp}", get().to(wsfed::signed_out))
                .route("/wsfed/{idp}", web::post().to(wsfed::signed_in))
                .route("/check", get().to(check::check_page))
                .route("/signout", get().to(sign_out::ask))
                .route("/signout", web::post().to(sign_out::act))
                .route("/signed-out", get().to(sign_out::done))
                .route("/backchannel-logout/{idp}", web::post().to(backchannel_logout::backchannel_logout))
                .route("/frontchannel-logout/{idp}", get().to(frontchannel_logout::frontchannel_logout))
                .route("/session", get().to(session::session))
                .route("/session/activity", web::post().to(session::activity))
                .route("/session/extend", web::post().to(session::extend))
                .route("/userinfo", get().to(session::userinfo))
                .route("/jwks.json", get().to(jwks::jwks))
                .route("/style.css", get().to(page::style))
                .route("/session.css", get().to(page::session_style))
                .route("/session.js", get().to(page::session_script))
                .route("/popup-done.js", get().to(page::popup_done_script))
                .default_service(web::to(error::not_found)),
        );
        config.default_service(web::to(HttpResponse::NotFound));
    }
}

fn get() -> actix_web::Route {
    web::route().guard(Any(Get()).or(Head()))
}
