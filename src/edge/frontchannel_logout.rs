//! `GET /_hourgate/frontchannel-logout/{idp}?iss=&sid=` (Front-Channel Logout 1.0 section 2), which the IdP puts into an
//! iframe of its own sign-out page.
//!
//! Nobody proves anything here. `sid` names the session: it is known to the IdP and to us, and cannot be guessed. Entra
//! sends it without `iss`, and browsers send no cookies along with it; neither is needed.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::error::EdgeError;
use super::headers::one;
use super::{Edge, cookie};
use crate::journeys::idp_logout::{front_channel, front_channel_of_browser};
use crate::provider::Provider;

/// No IdP's `sid` is longer.
const LONGEST_SID: usize = 1024;

/// The parameters, each at most once.
#[derive(Default)]
struct Query {
    iss: Option<String>,
    sid: Option<String>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, EdgeError> {
        let mut parsed = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "iss" => &mut parsed.iss,
                "sid" => &mut parsed.sid,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(EdgeError::Query("a parameter is given twice"));
            }
        }
        match &parsed.sid {
            Some(sid) if sid.is_empty() || sid.len() > LONGEST_SID => Err(EdgeError::Query("sid is not one")),
            _ => Ok(parsed),
        }
    }
}

/// `GET /_hourgate/frontchannel-logout/{idp}`
pub async fn frontchannel_logout(
    request: HttpRequest,
    edge: Data<Edge>,
    idp: Path<String>,
) -> Result<HttpResponse, EdgeError> {
    // WS-Federation has a clean-up of its own, and sessions whose names can be guessed.
    let provider = edge.services.providers.get(idp.as_str()).filter(|provider| provider.oidc().is_some());
    let provider = provider.ok_or(EdgeError::NotFound)?;
    let query = Query::parse(request.query_string())?;
    if query.iss.is_some_and(|iss| iss != provider.issuer()) {
        return Err(EdgeError::Query("iss is not the issuer of this identity provider"));
    }
    let now = edge.services.now();
    // The host matters only for the cookies that come with it.
    let site = edge.site(&request).ok();
    let own = site
        .as_ref()
        .and_then(|site| cookie::presented(&request, site, &edge.services.keys).session.id().cloned());
    let ended = match (&query.sid, &own) {
        (Some(sid), _) => front_channel(&edge.services, provider, sid, now).await?,
        (None, Some(own)) if is_framed_from_here(&request) => {
            front_channel_of_browser(&edge.services, provider, own, now).await?
        }
        // Nothing is ended by guess.
        (None, _) => Vec::new(),
    };
    let mut response = page(provider);
    if let (Some(site), Some(own)) = (site, own)
        && ended.contains(&own.stored())
    {
        // A Set-Cookie of our own making is always a valid header.
        let _ = response.add_cookie(&cookie::no_session(&site));
    }
    Ok(response)
}

/// Without `sid` only the browser's cookie says which session is meant, and any page can bring people here with it, by a
/// link (LOG-02). So the browser must say that this is an iframe of a page on the same site; into those of other sites it
/// takes no cookie of ours.
fn is_framed_from_here(request: &HttpRequest) -> bool {
    let is = |name, values: &[&str]| matches!(one(request, name), Ok(Some(value)) if values.contains(&value));
    is("sec-fetch-dest", &["iframe"]) && is("sec-fetch-site", &["same-origin", "same-site"])
}

/// The IdP's page, and no other, may show it.
pub(super) fn page(provider: &Provider) -> HttpResponse {
    let framed_by = provider.page_origin().unwrap_or_else(|| "'none'".to_owned());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, format!("default-src 'none'; frame-ancestors {framed_by}")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body("<!doctype html><title>Signed out</title>\n")
}
