//! The control API is for programs, not for the web pages that a developer looks at meanwhile: a page of another origin can send a
//! `POST` without asking first, and one whose name is led to this machine (DNS rebinding) can read the answers, too.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, ORIGIN};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, ResponseError};
use url::{Host, Url};

use super::super::tenants::Tenants;
use super::ControlError;

/// The middleware.
pub(in super::super) async fn programs_only(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let base = req.app_data::<Data<Tenants>>().map(|tenants| tenants.base().clone());
    match refusal(req.request(), base.as_ref()) {
        None => Ok(next.call(req).await?.map_into_left_body()),
        Some(message) => {
            let refused = ControlError::new(StatusCode::FORBIDDEN, message).error_response();
            Ok(req.into_response(refused).map_into_right_body())
        }
    }
}

fn refusal(req: &HttpRequest, base: Option<&Url>) -> Option<String> {
    let header = |name: &str| req.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let host = header(HOST.as_str()).unwrap_or_default();
    if !is_here(host, base) {
        return Some(format!(
            "{host:?} is another name than this machine's, a container's or the public URL's; ask by one of those"
        ));
    }
    let site = header("sec-fetch-site").unwrap_or("none");
    let is_own = |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    let is_of_a_page =
        !["none", "same-origin"].contains(&site) || header(ORIGIN.as_str()).is_some_and(|it| !is_own(it));
    is_of_a_page.then(|| "web pages of other origins have no say here".to_owned())
}

/// Names that nobody on the internet can have.
fn is_here(authority: &str, base: Option<&Url>) -> bool {
    let Ok(url) = Url::parse(&format!("http://{authority}/")) else { return false };
    match url.host() {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        Some(Host::Domain(name)) => {
            !name.contains('.')
                || name.ends_with(".localhost")
                || base.and_then(Url::host_str).is_some_and(|public| public == name)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_13_only_names_that_nobody_else_can_have_are_this_machine() {
        let base = Url::parse("https://idp.test.example:9400").unwrap();
        for here in [
            "127.0.0.1:9400",
            "[::1]:9400",
            "localhost",
            "idp.localhost:9400",
            "hourgate-idp:9400",
            "idp.test.example",
        ] {
            assert!(is_here(here, Some(&base)), "{here}");
        }
        for elsewhere in
            ["evil.example:9400", "evil.example", "localhost.evil.example", "", "a b", "u@evil.example"]
        {
            assert!(!is_here(elsewhere, Some(&base)), "{elsewhere}");
        }
    }
}
