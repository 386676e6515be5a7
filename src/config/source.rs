//! The configuration file: its text, its tree of values, and the lines of it that must never be shown.

use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, nearest, printable};
use super::tree::{Entries, Node, Value};

/// A stretch of the file, in bytes.
pub(super) type Span = Range<usize>;

/// The keys whose values are secret.
pub(super) const SECRETS: [&str; 5] = ["client_secret", "decryption_key", "private_key", "ring", "url"];

/// A file, or the lack of one.
pub(super) struct Source {
    /// How messages call it: the path as given.
    pub(super) name: String,
    text: String,
    /// Where secrets stand.
    hidden: Vec<Span>,
}

impl Source {
    /// For a configuration that lives in the environment alone.
    pub(super) fn none() -> Rc<Self> {
        Rc::new(Self { name: "configuration".into(), text: String::new(), hidden: Vec::new() })
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }

    /// The line where `span` starts, and carets below it; nothing if a secret stands on that line, or could under an unknown
    /// key of an inline table.
    pub(super) fn excerpt(&self, span: &Span) -> Option<String> {
        let line = self.line_of(span.start);
        let marked_end = span.end.clamp(line.start, line.end);
        let holds_a_secret =
            self.hidden.iter().any(|secret| secret.start <= line.end && line.start <= secret.end);
        if holds_a_secret || self.text.get(line.start..marked_end)?.contains('{') {
            return None;
        }
        let (number, column) = self.position(span.start);
        let marked = self.text.get(span.start..marked_end).unwrap_or("");
        let carets = "^".repeat(marked.chars().count().max(1));
        let text = printable(&self.text[line]);
        Some(format!("{number:>5} | {}\n      | {}{carets}", text.trim_end(), " ".repeat(column - 1)))
    }

    fn line_of(&self, at: usize) -> Span {
        let at = if self.text.is_char_boundary(at) { at } else { self.text.len() };
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline);
        start..end
    }
}

/// A file and its tree, or every place where it is not TOML.
pub(super) type Parsed = (Rc<Source>, Result<Entries, Vec<Problem>>);

/// Reads TOML into a tree, or says every place where it is not TOML.
pub(super) fn parse(name: String, text: String) -> Parsed {
    let mut source = Source { name, text: String::new(), hidden: Vec::new() };
    match DeTable::parse(&text) {
        Ok(table) => {
            find_secrets(table.get_ref(), &mut source.hidden);
            source.text.clone_from(&text);
            let source = Rc::new(source);
            let entries = entries(table.into_inner(), &source);
            (source, Ok(entries))
        }
        Err(_) => {
            let (_, errors) = DeTable::parse_recoverable(&text);
            source.text.clone_from(&text);
            let source = Rc::new(source);
            let problems = syntax_problems(&source, &errors);
            (source, Err(problems))
        }
    }
}

/// One problem per broken line: what follows the first on a line is rarely of use. No line is shown: where the text does not
/// parse, nobody knows which of it is secret.
fn syntax_problems(source: &Rc<Source>, errors: &[toml::de::Error]) -> Vec<Problem> {
    let mut last = 0;
    let mut problems = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let (line, _) = source.position(span.start);
        if line != last {
            let place = Place::Text(Rc::clone(source), span);
            problems.push(Problem::about(&place, &format!("not TOML: {}", error.message()), false, None));
        }
        last = line;
    }
    problems
}

fn find_secrets(table: &DeTable<'_>, found: &mut Vec<Span>) {
    for (key, value) in table {
        if names_a_secret(key.get_ref()) {
            found.push(key.span().start..value.span().end);
        }
        find_secrets_in(value, found);
    }
}

fn find_secrets_in(value: &Spanned<DeValue<'_>>, found: &mut Vec<Span>) {
    match value.get_ref() {
        DeValue::Table(inner) => find_secrets(inner, found),
        DeValue::Array(items) => items.iter().for_each(|item| find_secrets_in(item, found)),
        DeValue::String(text) if holds_a_password(text) => found.push(value.span()),
        _ => {}
    }
}

/// Is this, perhaps misspelt, a key whose value is secret?
fn names_a_secret(key: &str) -> bool {
    let lower = key.to_lowercase();
    let speaks_of_one = lower.contains("secr") || lower.contains("passw");
    (speaks_of_one && !lower.ends_with("_file")) || nearest(key, SECRETS).is_some()
}

/// Could this be a URL with a password in it?
pub(super) fn holds_a_password(text: &str) -> bool {
    text.contains("://") && text.contains('@')
}

fn entries(table: DeTable<'_>, source: &Rc<Source>) -> Entries {
    table
        .into_iter()
        .map(|(key, value)| {
            let place = Place::Text(Rc::clone(source), key.span());
            (key.into_inner().into_owned(), (place, node(value, source)))
        })
        .collect()
}

fn node(value: Spanned<DeValue<'_>>, source: &Rc<Source>) -> Node {
    let place = Place::Text(Rc::clone(source), value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => Value::Integer(number.to_string()),
        DeValue::Float(number) => Value::Other("a fraction", number.to_string()),
        DeValue::Datetime(at) => Value::Other("a date", at.to_string()),
        DeValue::Boolean(flag) => Value::Boolean(flag),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node(item, source)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, source)),
    };
    Node { place, value }
}
