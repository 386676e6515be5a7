//! `wresult`, the answer to a sign-in: one RequestSecurityTokenResponse with one token. What stands around the token is not
//! signed; only its shape is looked at, and none of it is used.

use roxmltree::Node;

use crate::saml::{self, AssertionError, VerifiedAssertion, gate, xml};
use crate::time::Timestamp;

/// WS-Trust of February 2005, and 1.3. Only the latter has collections.
const TRUST_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const TRUST_1_3: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const SOAP: [&str; 2] =
    ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];

/// Verifies the token in `wresult`, the text of the form field.
///
/// # Errors
///
/// [`AssertionError`].
pub fn verify(
    wresult: &str,
    expected: &saml::Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedAssertion, AssertionError> {
    if is_jwt(wresult) {
        return Err(AssertionError::TokenType);
    }
    let text = gate::admit(wresult.as_bytes(), gate::LARGEST_TOKEN)?;
    let document = text.parse()?;
    saml::verify(token(document.root_element())?, expected, now)
}

/// Some issuers send a bare JWT.
fn is_jwt(text: &str) -> bool {
    let mut parts = text.trim_ascii().split('.');
    let is_base64url = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    parts.clone().count() == 3 && parts.all(is_base64url)
}

fn token<'a, 'input: 'a>(root: Node<'a, 'input>) -> Result<Node<'a, 'input>, AssertionError> {
    let (response, trust) = response(root)?;
    let only = |parent, name| xml::exactly_one(parent, trust, name).map_err(|_| AssertionError::TokenCount);
    let requested = only(response, "RequestedSecurityToken")?;
    let mut tokens = xml::elements(requested);
    let (Some(token), None) = (tokens.next(), tokens.next()) else { return Err(AssertionError::TokenCount) };

    // Not only tokens: nobody is to wonder whether a statement beside the token counts.
    let is_said_of_somebody = |node: &Node<'_, '_>| {
        saml::is_token_name(node.tag_name().name())
            || matches!(node.tag_name().namespace(), Some(xml::SAML_1 | xml::SAML_2))
    };
    for node in root.descendants().filter(is_said_of_somebody) {
        if !node.ancestors().any(|ancestor| ancestor == token) {
            return Err(AssertionError::TokenOutsideRst);
        }
    }
    Ok(token)
}

/// The one RequestSecurityTokenResponse, and its version of WS-Trust.
fn response<'a, 'input: 'a>(
    root: Node<'a, 'input>,
) -> Result<(Node<'a, 'input>, &'static str), AssertionError> {
    let name = root.tag_name();
    let found = match (name.namespace().unwrap_or_default(), name.name()) {
        (TRUST_2005, "RequestSecurityTokenResponse") => (root, TRUST_2005),
        (TRUST_1_3, "RequestSecurityTokenResponse") => (root, TRUST_1_3),
        (TRUST_1_3, "RequestSecurityTokenResponseCollection") => {
            let mut responses = xml::elements(root);
            match (responses.next(), responses.next()) {
                (Some(one), None) if xml::is(one, TRUST_1_3, "RequestSecurityTokenResponse") => {
                    (one, TRUST_1_3)
                }
                _ => return Err(AssertionError::RstrCount),
            }
        }
        (_, name) if saml::is_token_name(name) => return Err(AssertionError::BareAssertion),
        (namespace, "Envelope" | "Fault") if SOAP.contains(&namespace) => {
            return Err(AssertionError::SoapFault);
        }
        _ => return Err(AssertionError::Root),
    };
    let responses =
        root.descendants().filter(|node| node.tag_name().name() == "RequestSecurityTokenResponse").count();
    if responses == 1 { Ok(found) } else { Err(AssertionError::RstrCount) }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
