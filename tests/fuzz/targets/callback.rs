//! The query that an IdP sends the browser back with: a code or an error.

use hourgate::oidc::authorization::{Outcome, UnverifiedAuthenticationResponse};
use hourgate::oidc::metadata;

use super::text::form;

const ISSUER: &str = "https://idp.example";

/// It is taken if and only if each known parameter stands there at most once and is printable, with a state, and with
/// either a code or an error; and it comes from the right issuer (RFC 9207).
pub fn run(data: &[u8]) -> bool {
    let query = String::from_utf8_lossy(data);
    let parsed = UnverifiedAuthenticationResponse::parse(&query);
    assert_eq!(parsed.as_ref().ok(), expected(&query).as_ref(), "{query}");
    let Ok(response) = parsed else { return false };
    for announced in [false, true] {
        let document = format!(
            r#"{{"issuer":"{ISSUER}","authorization_endpoint":"{ISSUER}/a","token_endpoint":"{ISSUER}/t","jwks_uri":"{ISSUER}/k",
            "response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"],
            "authorization_response_iss_parameter_supported":{announced}}}"#
        );
        let metadata = metadata::parse(ISSUER, document.as_bytes()).unwrap();
        let may = response.issuer.as_deref().map_or(!announced, |issuer| issuer == ISSUER);
        assert_eq!(response.check_issuer(&metadata).is_ok(), may);
    }
    let is_code = matches!(response.outcome, Outcome::Code(_));
    assert!(!is_code || format!("{:?}", response.outcome) == "Code(..)", "a code in the debug form");
    true
}

fn expected(query: &str) -> Option<UnverifiedAuthenticationResponse> {
    let pairs = form(query);
    let one = |name: &str, longest: usize| -> Option<Option<String>> {
        let mut values = pairs.iter().filter(|(found, _)| found == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Some(None),
            (Some(value), None) => {
                let fits =
                    (1..=longest).contains(&value.len()) && value.bytes().all(|b| (0x20..0x7f).contains(&b));
                fits.then(|| Some(value.clone()))
            }
            (Some(_), Some(_)) => None,
        }
    };
    let (state, issuer) = (one("state", 4096)??, one("iss", 1024)?);
    let outcome = match (one("code", 8192)?, one("error", 128)?) {
        (Some(code), None) => Outcome::Code(code),
        (None, Some(error)) => Outcome::Error(error),
        _ => return None,
    };
    Some(UnverifiedAuthenticationResponse { state, issuer, outcome })
}
