//! Text in XML, spelt as canonical XML spells it (Canonical XML 1.0 section 2.3): what is signed here is written that way
//! from the start, and needs no canonicalization.

use std::fmt::Write;

/// Character data.
#[must_use]
pub fn text(raw: &str) -> String {
    escape(raw, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// The value of an attribute, to stand between double quotes.
#[must_use]
pub fn attribute(raw: &str) -> String {
    escape(raw, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

fn escape(raw: &str, escaped: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match escaped(c) {
            Some(text) => out.push_str(text),
            None => out.push(c),
        }
    }
    out
}

/// Without control characters, and without what XML 1.0 cannot say at all (section 2.2). Relying parties disagree on what
/// a carriage return in a claim is; none is worth a refused signature.
#[must_use]
pub fn plain(raw: &str) -> String {
    raw.chars().filter(|c| !c.is_control() && is_character(*c)).collect()
}

/// Whether XML 1.0 can say this, escaped or not (section 2.2, `Char`).
#[must_use]
pub fn is_sayable(raw: &str) -> bool {
    raw.chars().all(is_character)
}

fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..) && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// ` name="value"`, as many as there are.
pub(super) fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> String {
    pairs.iter().fold(String::new(), |mut out, (name, value)| {
        // A string takes everything.
        let _ = write!(out, " {name}=\"{}\"", attribute(value));
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markup_is_made_of_is_escaped() {
        assert_eq!(text("a<b>&\"c'\r\n"), "a&lt;b&gt;&amp;\"c'&#xD;\n");
        assert_eq!(attribute("a<b>&\"c'\r\n\t"), "a&lt;b>&amp;&quot;c'&#xD;&#xA;&#x9;");
    }

    #[test]
    fn control_characters_get_into_no_claim() {
        assert_eq!(plain("A\r\nl\u{0}i\u{85}c\u{FFFF}e\t \u{1F600}"), "Alice \u{1F600}");
        assert!(is_sayable("a\r\n\t\u{1F600}") && !is_sayable("\u{1}") && !is_sayable("\u{FFFE}"));
    }
}
