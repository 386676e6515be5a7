//! The address to return to after a sign-in, as text.

use hourgate::edge::paths;
use hourgate::session::origin::Origin;
use hourgate::session::return_to::ReturnTo;
use url::Url;

use super::text::percent_decoded;
use super::world::PROD;

/// Wherever it leads, a browser that gets it in `Location` stays on an origin of the environment and does not end up in
/// the gateway's own pages.
pub fn run(data: &[u8]) -> bool {
    let untrusted = String::from_utf8_lossy(data);
    let hosts: Vec<Origin> = PROD.iter().map(|origin| origin.parse().unwrap()).collect();
    let mut is_taken = false;
    for own in PROD {
        let origin: Origin = own.parse().unwrap();
        let parse = |text: &str| ReturnTo::parse(text, &origin, &hosts, paths::PREFIX);
        let judged = parse(&untrusted);
        assert_is_ours(judged.as_str(), own, &PROD);
        assert_eq!(parse(judged.as_str()), judged, "judged again, it changes");
        // Where it is taken, it is taken as a browser on that page would take it.
        if judged != ReturnTo::front_page(&origin) {
            is_taken = true;
            let mut meant = Url::parse(own).unwrap().join(&untrusted).expect("a browser cannot read it");
            meant.set_fragment(None);
            let got = Url::parse(judged.as_str()).unwrap();
            assert_eq!((meant.origin(), meant.path()), (got.origin(), got.path()));
            assert!(got.query() == meant.query() || got.query().is_none());
        }
    }
    is_taken
}

/// Reads a `Location` as a browser on `base` does.
pub fn assert_is_ours(location: &str, base: &str, allowed: &[&str]) {
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "not a header value: {location:?}");
    // Browsers drop tabs and line ends, and read a backslash as a slash; `url` does as they do.
    let url = Url::parse(base).unwrap().join(location).expect("a browser cannot read it");
    let origin = url.origin().ascii_serialization();
    assert!(allowed.contains(&origin.as_str()), "leads to {origin}: {location}");
    assert!(url.username().is_empty() && url.password().is_none(), "names a user: {location}");
    assert!(location.len() <= 700, "too long for a state");
    let path = percent_decoded(url.path());
    let is_own = path == paths::PREFIX || path.starts_with(&format!("{}/", paths::PREFIX));
    assert!(!is_own, "leads to the gateway itself: {location}");
}
