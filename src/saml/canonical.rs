//! Exclusive XML Canonicalization 1.0, without comments: the one spelling of an element that is hashed.
//!
//! Of documents that came through the gate only: comments and instructions are not there to be left out.

use roxmltree::{Attribute, Node, NodeId};

use super::DocumentError;

/// The canonical form of `apex` without `omitted`, which lies within it. `inclusive` are the prefixes of a PrefixList
/// (section 4, `""` for `#default`), which are declared where they are in scope, and not only where they are used.
///
/// # Errors
///
/// `TooLarge` where it would have more than `largest` bytes: a namespace that is declared once, outside, is written out for
/// each element that uses it.
pub fn canonical(
    apex: Node<'_, '_>,
    omitted: Option<Node<'_, '_>>,
    inclusive: &[&str],
    largest: usize,
) -> Result<String, DocumentError> {
    let mut writer = Writer {
        source: apex.document().input_text(),
        omitted: omitted.map(|node| node.id()),
        inclusive,
        out: String::with_capacity(largest.min(apex.range().len() + 256)),
        largest,
        rendered: Vec::new(),
    };
    writer.element(apex)?;
    Ok(writer.out)
}

struct Writer<'a> {
    source: &'a str,
    omitted: Option<NodeId>,
    inclusive: &'a [&'a str],
    out: String,
    largest: usize,
    /// The declarations that stand on the open elements: prefix and namespace, the innermost last.
    rendered: Vec<(&'a str, &'a str)>,
}

impl<'a> Writer<'a> {
    fn element(&mut self, node: Node<'a, 'a>) -> Result<(), DocumentError> {
        let outer = self.rendered.len();
        let name = name_at(self.source, node.range().start + 1);
        let mut attributes: Vec<_> = node.attributes().collect();
        attributes.sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));

        self.push("<")?;
        self.push(name)?;
        self.declarations(node, name, &attributes)?;
        for attribute in attributes {
            self.attribute(name_at(self.source, attribute.range().start), attribute.value())?;
        }
        self.push(">")?;
        let omitted = self.omitted;
        for child in node.children().filter(|child| Some(child.id()) != omitted) {
            match child.text() {
                Some(text) if child.is_text() => self.escape(text, text_escape)?,
                _ if child.is_element() => self.element(child)?,
                _ => {}
            }
        }
        self.push("</")?;
        self.push(name)?;
        self.push(">")?;
        self.rendered.truncate(outer);
        Ok(())
    }

    /// Declares what the element and its attributes visibly use (section 3), in the order of the prefixes, unless an
    /// open element already says the same.
    fn declarations(
        &mut self,
        node: Node<'a, 'a>,
        name: &'a str,
        attributes: &[Attribute<'a, 'a>],
    ) -> Result<(), DocumentError> {
        let mut used = vec![(prefix(name), node.tag_name().namespace().unwrap_or_default())];
        for attribute in attributes {
            let prefix = prefix(name_at(self.source, attribute.range().start));
            if !prefix.is_empty() {
                used.push((prefix, attribute.namespace().unwrap_or_default()));
            }
        }
        for listed in self.inclusive {
            let in_scope =
                node.namespaces().find(|namespace| namespace.name().unwrap_or_default() == *listed);
            used.push((listed, in_scope.map_or("", |namespace| namespace.uri())));
        }
        used.sort_unstable();
        used.dedup();
        for (prefix, namespace) in used {
            let known =
                self.rendered.iter().rev().find(|(known, _)| *known == prefix).map_or("", |known| known.1);
            if prefix == "xml" || known == namespace {
                continue;
            }
            self.rendered.push((prefix, namespace));
            self.push(" xmlns")?;
            self.push(if prefix.is_empty() { "" } else { ":" })?;
            self.push(prefix)?;
            self.value(namespace)?;
        }
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), DocumentError> {
        self.push(" ")?;
        self.push(name)?;
        self.value(value)
    }

    fn value(&mut self, value: &str) -> Result<(), DocumentError> {
        self.push("=\"")?;
        self.escape(value, value_escape)?;
        self.push("\"")
    }

    fn escape(
        &mut self,
        text: &str,
        replacement: fn(u8) -> Option<&'static str>,
    ) -> Result<(), DocumentError> {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if let Some(replacement) = replacement(byte) {
                self.push(&text[plain..at])?;
                self.push(replacement)?;
                plain = at + 1;
            }
        }
        self.push(&text[plain..])
    }

    /// The only place that writes, so that nothing is written beyond the largest.
    fn push(&mut self, text: &str) -> Result<(), DocumentError> {
        if text.len() > self.largest - self.out.len() {
            return Err(DocumentError::TooLarge);
        }
        self.out.push_str(text);
        Ok(())
    }
}

/// Canonical XML 1.0 section 2.3, text nodes.
const fn text_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    }
}

/// Canonical XML 1.0 section 2.3, attribute nodes.
const fn value_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    }
}

/// The qualified name that starts there; the tree keeps no prefixes.
fn name_at(source: &str, start: usize) -> &str {
    let rest = &source[start..];
    let end = rest.bytes().position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'=' | b'/' | b'>'));
    &rest[..end.unwrap_or(rest.len())]
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::super::gate;
    use super::*;

    fn form(document: &str, apex: &str, inclusive: &[&str]) -> String {
        let gated = gate::admit(document.as_bytes(), 10_000).unwrap();
        let document = gated.parse().unwrap();
        let apex = document.descendants().find(|node| node.tag_name().name() == apex).unwrap();
        let omitted = document.descendants().find(|node| node.tag_name().name() == "omitted");
        canonical(apex, omitted, inclusive, 10_000).unwrap()
    }

    #[test]
    fn tags_attributes_and_texts_have_one_spelling() {
        let spelled = "<?xml version='1.0'?>\n<a  z = '1' b='\"&amp;&lt;&#9;&#10;&#13;>'\n><b/>&gt;&quot;\r\n&#13;ü🦀</a  >\n";
        let canonical = "<a b=\"&quot;&amp;&lt;&#x9;&#xA;&#xD;>\" z=\"1\"><b></b>&gt;\"\n&#xD;ü🦀</a>";
        assert_eq!(form(spelled, "a", &[]), canonical);
    }

    #[test]
    fn attributes_go_by_namespace_and_then_by_name() {
        let spelled = "<a xmlns:x='urn:2' xmlns:y='urn:1' x:a='1' y:b='2' c='3' xml:lang='en' y:a='4'/>";
        let canonical = "<a xmlns:x=\"urn:2\" xmlns:y=\"urn:1\" c=\"3\" xml:lang=\"en\" y:a=\"4\" y:b=\"2\" x:a=\"1\"></a>";
        assert_eq!(form(spelled, "a", &[]), canonical);
    }

    #[test]
    fn a_namespace_is_declared_where_it_is_used_and_once() {
        let spelled = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q'><p:a><p:b q:c=''><q:d/></p:b><q:e/><f xmlns='urn:d'/></p:a></r>";
        let canonical = "<p:a xmlns:p=\"urn:p\"><p:b xmlns:q=\"urn:q\" q:c=\"\"><q:d></q:d></p:b><q:e xmlns:q=\"urn:q\"></q:e><f xmlns=\"urn:d\"></f></p:a>";
        assert_eq!(form(spelled, "a", &[]), canonical);
    }

    #[test]
    fn a_default_namespace_is_taken_back_where_that_matters() {
        let spelled = "<a xmlns='urn:a'><b xmlns=''><c/></b><b xmlns='urn:b'><c xmlns='urn:a'/></b></a>";
        let canonical =
            "<a xmlns=\"urn:a\"><b xmlns=\"\"><c></c></b><b xmlns=\"urn:b\"><c xmlns=\"urn:a\"></c></b></a>";
        assert_eq!(form(spelled, "a", &[]), canonical);
        assert_eq!(form("<r xmlns='urn:r'><a xmlns=''/></r>", "a", &[]), "<a></a>");
    }

    #[test]
    fn a_prefix_may_be_declared_anew() {
        let spelled = "<p:a xmlns:p='urn:1'><p:b xmlns:p='urn:2'/><p:c/></p:a>";
        let canonical = "<p:a xmlns:p=\"urn:1\"><p:b xmlns:p=\"urn:2\"></p:b><p:c></p:c></p:a>";
        assert_eq!(form(spelled, "a", &[]), canonical);
    }

    #[test]
    fn listed_prefixes_are_declared_where_they_are_in_scope() {
        let spelled = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:x='urn:x'><p:a><p:b t='x:y'/></p:a></r>";
        let listed = "<p:a xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:x=\"urn:x\"><p:b t=\"x:y\"></p:b></p:a>";
        assert_eq!(form(spelled, "a", &["x", "", "unknown"]), listed);
        assert_eq!(form(spelled, "a", &[]), "<p:a xmlns:p=\"urn:p\"><p:b t=\"x:y\"></p:b></p:a>");
    }

    #[test]
    fn what_is_omitted_leaves_nothing_behind() {
        assert_eq!(form("<a> <omitted>x<b/></omitted> <c/></a>", "a", &[]), "<a>  <c></c></a>");
    }

    #[test]
    fn a_canonical_form_is_its_own_canonical_form() {
        let spelled = "<r xmlns:p='urn:p'><p:a xmlns='urn:d' b='&#13;'><c xmlns=''>&amp;</c>\t</p:a></r>";
        let once = form(spelled, "a", &[]);
        assert_eq!(form(&once, "a", &[]), once);
    }

    #[test]
    fn wsf_09_a_canonical_form_is_never_larger_than_it_may_be() {
        let siblings = "<p:b/>".repeat(4000);
        let document = format!("<r xmlns:p='urn:{}'><a>{siblings}</a></r>", "x".repeat(500));
        let gated = gate::admit(document.as_bytes(), gate::LARGEST_TOKEN).unwrap();
        let document = gated.parse().unwrap();
        let apex = document.root_element().first_element_child().unwrap();
        let form = |largest| canonical(apex, None, &[], largest).map(|form| form.len());
        let length = form(usize::MAX).unwrap();
        assert!(length > 2_000_000, "{length}");
        assert_eq!(form(length), Ok(length));
        for largest in [length - 1, length / 2, 40, 1, 0] {
            assert_eq!(form(largest), Err(DocumentError::TooLarge), "{largest}");
        }
    }
}
