//! Names and texts of a parsed document. Names are compared with their namespace, always; texts are whole or nothing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use roxmltree::Node;

/// XML Signature.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Encryption.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// What XML Encryption 1.1 adds.
pub const XENC_1_1: &str = "http://www.w3.org/2009/xmlenc11#";
/// SAML 1.0 and 1.1.
pub const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
/// SAML 2.0.
pub const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// Something stands there more often than it may, or not as the text that it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misshapen;

/// Is it the element of this namespace and local name?
#[must_use]
pub fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(namespace)
}

/// The child elements.
pub fn elements<'a, 'input: 'a>(parent: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(Node::is_element)
}

/// The child elements of this name.
pub fn named<'a, 'input: 'a>(
    parent: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(move |child| is(*child, namespace, name))
}

/// The child element of this name, if there is one.
///
/// # Errors
///
/// Where there are several.
pub fn at_most_one<'a, 'input: 'a>(
    parent: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Option<Node<'a, 'input>>, Misshapen> {
    let mut found = named(parent, namespace, name);
    match (found.next(), found.next()) {
        (one, None) => Ok(one),
        _ => Err(Misshapen),
    }
}

/// The child element of this name.
///
/// # Errors
///
/// Where there is none, or several.
pub fn exactly_one<'a, 'input: 'a>(
    parent: Node<'a, 'input>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Node<'a, 'input>, Misshapen> {
    at_most_one(parent, namespace, name)?.ok_or(Misshapen)
}

/// The whole text of an element.
///
/// # Errors
///
/// Where it holds anything but text.
pub fn text(element: Node<'_, '_>) -> Result<String, Misshapen> {
    let mut whole = String::new();
    for child in element.children() {
        match child.text() {
            Some(part) if child.is_text() => whole.push_str(part),
            _ => return Err(Misshapen),
        }
    }
    Ok(whole)
}

/// The bytes that an element holds as Base64 (`xs:base64Binary`), white space left out.
///
/// # Errors
///
/// Where it holds anything else.
pub fn binary(element: Node<'_, '_>) -> Result<Vec<u8>, Misshapen> {
    let mut encoded = text(element)?;
    encoded.retain(|c| !c.is_ascii_whitespace());
    BASE64_STANDARD.decode(encoded).map_err(|_| Misshapen)
}
