//! Is a request a person's navigation, which can be redirected, or a script's, which cannot?

use actix_web::http::header::{ACCEPT, HeaderMap};

/// Not a navigation if a script says so, or the browser does (`Sec-Fetch-*`), or if it would not take a page.
#[must_use]
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| {
        headers.get(name).is_none_or(|found| found.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    let by_script = headers
        .get("x-requested-with")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"XMLHttpRequest"));
    !by_script
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
        && accepts_a_page(headers)
}

/// Is it a navigation, and did somebody click, or type an address? A page of another site can send a window of its own anywhere, and again and again;
/// browsers say then that nobody did.
#[must_use]
pub fn is_by_the_person(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    let is_from_elsewhere = is("sec-fetch-site", "cross-site") || is("sec-fetch-site", "same-site");
    is_navigation(headers) && (!is_from_elsewhere || is("sec-fetch-user", "?1"))
}

/// Without `Accept`, anything will do (RFC 9110 section 12.5.1).
fn accepts_a_page(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).peekable();
    let pages = ["text/html", "application/xhtml+xml", "*/*"];
    accepts.peek().is_none()
        || accepts.flat_map(|value| value.split(',')).any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            pages.iter().any(|page| range.eq_ignore_ascii_case(page))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_person_navigates() {
        for pairs in [
            &[][..],
            &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
            &[("accept", "*/*")],
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("accept", "text/html")],
        ] {
            assert!(is_navigation(&headers(pairs)), "{pairs:?}");
        }
    }

    #[test]
    fn c10_what_another_sites_script_does_to_a_window_is_nobodys_doing() {
        for (pairs, by_the_person) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none"), ("sec-fetch-user", "?1")], true),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-user", "?1")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
        ] {
            assert_eq!(is_by_the_person(&headers(pairs)), by_the_person, "{pairs:?}");
        }
    }

    #[test]
    fn aut_22_a_script_does_not_navigate() {
        for pairs in [
            &[("x-requested-with", "xmlhttprequest"), ("accept", "text/html")][..],
            &[("sec-fetch-mode", "cors"), ("accept", "*/*")],
            &[("sec-fetch-mode", "websocket")],
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
            &[("sec-fetch-dest", "image")],
            &[("accept", "application/json")],
            &[("accept", "image/avif,image/webp")],
            &[("accept", "")],
        ] {
            assert!(!is_navigation(&headers(pairs)), "{pairs:?}");
        }
    }
}
