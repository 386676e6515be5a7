//! A text that may reach the XML parser, and its canonical form.

use hourgate::saml::canonical::canonical;
use hourgate::saml::gate::{LARGEST_TOKEN, admit};
use roxmltree::{Document, Node};

const LARGEST_FORM: usize = 4 * LARGEST_TOKEN;

/// What comes through has nothing that two readers could see differently and is no deeper or wider than a token; its
/// canonical form says the same, and is its own canonical form.
pub fn run(data: &[u8]) -> bool {
    let Ok(gated) = admit(data, LARGEST_TOKEN) else { return false };
    let text = std::str::from_utf8(data).expect("it is let in, and is no UTF-8");
    assert!(data.len() <= LARGEST_TOKEN && !text.contains("<!"), "{text}");
    assert!(!text.strip_prefix('\u{feff}').unwrap_or(text).starts_with('\u{feff}'), "{text}");
    let instructions = text.matches("<?").count();
    assert!(instructions <= usize::from(text.trim_start_matches('\u{feff}').starts_with("<?xml")), "{text}");
    let Ok(document) = gated.parse() else { return false };
    assert!(!document.input_text().contains('\r'));

    let deepest = document.descendants().map(|node| node.ancestors().count()).max();
    // The root node and texts count, too.
    assert!(deepest <= Some(66), "{deepest:?} deep");
    assert!(document.descendants().all(|node| node.attributes().len() <= 64), "{text}");

    let root = document.root_element();
    let Ok(form) = canonical(root, None, &[], LARGEST_FORM) else { return false };
    assert!(form.len() <= LARGEST_FORM);
    let again = Document::parse(&form).unwrap_or_else(|error| panic!("{error}: {form}\n{text}"));
    assert_same(root, again.root_element());
    assert_eq!(canonical(again.root_element(), None, &[], LARGEST_FORM), Ok(form), "{text}");
    true
}

/// The same names, attributes and texts, whatever the prefixes and the order of the attributes.
fn assert_same(one: Node<'_, '_>, other: Node<'_, '_>) {
    // No namespace is none, or an empty one where the default was taken back.
    assert_eq!(name(one), name(other));
    assert_eq!(attributes(one), attributes(other));
    let (ones, others): (Vec<_>, Vec<_>) = (one.children().collect(), other.children().collect());
    assert_eq!(ones.len(), others.len(), "within {:?}", one.tag_name());
    for (one, other) in ones.into_iter().zip(others) {
        if one.is_element() {
            assert_same(one, other);
        } else {
            assert!(one.is_text() && other.is_text());
            assert_eq!(one.text(), other.text());
        }
    }
}

fn name<'a>(node: Node<'a, '_>) -> (&'a str, &'a str) {
    (node.tag_name().namespace().unwrap_or_default(), node.tag_name().name())
}

fn attributes<'a>(node: Node<'a, '_>) -> Vec<(Option<&'a str>, &'a str, &'a str)> {
    let mut all: Vec<_> = node.attributes().map(|it| (it.namespace(), it.name(), it.value())).collect();
    all.sort_unstable();
    all
}
