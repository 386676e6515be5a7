//! What may reach the XML parser: bounded, and without anything that two readers could see differently.

use std::fmt;

use roxmltree::{Document, ParsingOptions};

/// The largest token, in bytes, after the form has been decoded.
pub const LARGEST_TOKEN: usize = 256 * 1024;
/// Elements within elements.
const DEEPEST: usize = 64;
/// Attributes and namespace declarations of one tag: parsers look for duplicates in quadratic time.
const MOST_ATTRIBUTES: usize = 64;
/// Namespace declarations in scope at once: the parser copies them for every element that adds one.
const MOST_DECLARATIONS: usize = 64;
/// Namespace declarations of one document: one for so many bytes that it may have, which lets a token have 512, and
/// metadata 2048; AD FS declares 220 in its metadata.
const BYTES_PER_DECLARATION: usize = 512;
/// Bytes of a namespace: the canonical form repeats it wherever it comes to be used.
const LONGEST_NAMESPACE: usize = 512;
/// Nodes of one document.
const MOST_NODES: u32 = 32_768;

/// Why a text is not parsed. The codes are stable; nothing of the text is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// More bytes than allowed.
    #[error("the document is larger than allowed")]
    TooLarge,
    /// Not UTF-8.
    #[error("the document is not UTF-8")]
    Encoding,
    /// A document type, a comment or a CDATA section.
    #[error("the document has a document type, a comment or a CDATA section")]
    MarkupDeclaration,
    /// A processing instruction, or an XML declaration of something else than XML 1.0 in UTF-8.
    #[error("the document has a processing instruction, or is not declared as XML 1.0 in UTF-8")]
    ProcessingInstruction,
    /// Nested too deeply.
    #[error("the document's elements are nested more than {DEEPEST} deep")]
    Depth,
    /// A tag with too many attributes, or too many namespace declarations.
    #[error("the document, or a tag of it, has too many attributes or namespaces")]
    AttributeCount,
    /// A long namespace.
    #[error("a namespace of the document has more than {LONGEST_NAMESPACE} bytes")]
    NamespaceLength,
    /// Not well-formed.
    #[error("the document is not well-formed XML with namespaces, or has too many nodes")]
    NotWellFormed,
}

impl DocumentError {
    /// The stable reason code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Encoding => "encoding",
            Self::MarkupDeclaration => "markup_declaration",
            Self::ProcessingInstruction => "processing_instruction",
            Self::Depth => "depth",
            Self::AttributeCount => "attribute_count",
            Self::NamespaceLength => "namespace_length",
            Self::NotWellFormed => "not_well_formed",
        }
    }
}

/// A text that has passed: no declarations, no instructions, line ends as XML wants them, not yet known to be well-formed.
pub struct Gated(String);

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated").finish_non_exhaustive()
    }
}

/// Lets a text of at most `largest` bytes in.
///
/// # Errors
///
/// [`DocumentError`], all but `NotWellFormed` where that takes a parser.
pub fn admit(document: &[u8], largest: usize) -> Result<Gated, DocumentError> {
    if document.len() > largest {
        return Err(DocumentError::TooLarge);
    }
    let text = std::str::from_utf8(document).map_err(|_| DocumentError::Encoding)?;
    let text = without_declaration(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    // The parser would leave out another one.
    if text.starts_with('\u{feff}') {
        return Err(DocumentError::NotWellFormed);
    }
    if text.contains("<!") {
        return Err(DocumentError::MarkupDeclaration);
    }
    if text.contains("<?") {
        return Err(DocumentError::ProcessingInstruction);
    }
    measure(text, largest / BYTES_PER_DECLARATION)?;
    // XML 1.0 section 2.11. The parser does it too, but leaves a lone CR beside a reference.
    let text =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
    Ok(Gated(text))
}

impl Gated {
    /// Parses it.
    ///
    /// # Errors
    ///
    /// `NotWellFormed`.
    pub fn parse(&self) -> Result<Document<'_>, DocumentError> {
        parse(&self.0)
    }
}

/// The only parser, for what has passed the gate and for canonical forms made of that.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, DocumentError> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| DocumentError::NotWellFormed)
}

/// The text after its XML declaration (XML 1.0 section 2.8), if it has one, which must say version 1.0 and no other
/// encoding than UTF-8.
fn without_declaration(text: &str) -> Result<&str, DocumentError> {
    let refused = DocumentError::ProcessingInstruction;
    let Some(rest) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with([' ', '\t', '\r', '\n']))
    else {
        return Ok(text);
    };
    let (declared, document) = rest.split_once("?>").ok_or(refused)?;
    let mut parts = declared.split_ascii_whitespace().map(unquoted).peekable();
    let is_xml_1_0 = parts.next() == Some(Some(("version", "1.0")));
    parts.next_if(|part| matches!(part, Some(("encoding", name)) if name.eq_ignore_ascii_case("utf-8")));
    parts.next_if(|part| matches!(part, Some(("standalone", "yes" | "no"))));
    if is_xml_1_0 && parts.next().is_none() { Ok(document) } else { Err(refused) }
}

/// `name="value"`, in either quotes.
fn unquoted(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).map(|value| (name, value))
}

/// Counts what costs the parser more than linear time. Sees tags as the parser does, as far as they are well-formed.
fn measure(text: &str, most_declarations: usize) -> Result<(), DocumentError> {
    let mut open: Vec<usize> = Vec::new(); // how many namespaces each open element declares
    let mut declared = 0;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let tag = Tag::read(after).ok_or(DocumentError::NotWellFormed)?;
        rest = &after[tag.content.len() + 1..];
        if tag.content.starts_with('/') {
            open.pop();
            continue;
        }
        let in_scope = open.iter().sum::<usize>() + tag.declarations;
        declared += tag.declarations;
        if tag.attributes > MOST_ATTRIBUTES || in_scope > MOST_DECLARATIONS || declared > most_declarations {
            return Err(DocumentError::AttributeCount);
        }
        if tag.longest_namespace > LONGEST_NAMESPACE {
            return Err(DocumentError::NamespaceLength);
        }
        if open.len() >= DEEPEST {
            return Err(DocumentError::Depth);
        }
        if !tag.content.ends_with('/') {
            open.push(tag.declarations);
        }
    }
    Ok(())
}

struct Tag<'a> {
    /// What stands between `<` and `>`.
    content: &'a str,
    /// Attributes, namespace declarations among them.
    attributes: usize,
    declarations: usize,
    /// As it is written, in bytes.
    longest_namespace: usize,
}

impl<'a> Tag<'a> {
    /// Reads on from behind a `<`. `None` where the tag does not end.
    fn read(text: &'a str) -> Option<Self> {
        let (mut attributes, mut declarations, mut longest_namespace) = (0, 0, 0);
        let (mut declares, mut quote) = (false, None);
        for (at, byte) in text.bytes().enumerate() {
            match (quote, byte) {
                (Some((open, start)), _) if byte == open => {
                    longest_namespace = longest_namespace.max(if declares { at - start - 1 } else { 0 });
                    quote = None;
                }
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some((byte, at)),
                (None, b'<') => return None,
                (None, b'>') => {
                    let content = &text[..at];
                    return Some(Self { content, attributes, declarations, longest_namespace });
                }
                (None, b'=') => {
                    attributes += 1;
                    let is_outside = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '=');
                    let name = text[..at].trim_ascii_end().rsplit(is_outside).next().unwrap_or_default();
                    declares = name.starts_with("xmlns");
                    declarations += usize::from(declares);
                    // The parser lets a prefix be taken back, and `xmlns` be declared (Namespaces in XML 1.0, sections
                    // 3 and 5).
                    let value = text[at + 1..].trim_ascii_start();
                    let is_empty = value.starts_with("\"\"") || value.starts_with("''");
                    if name == "xmlns:xmlns" || (name.starts_with("xmlns:") && is_empty) {
                        return None;
                    }
                }
                (None, _) => {}
            }
        }
        None
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
