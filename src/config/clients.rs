//! `[environment.<name>.access]` and `[environment.<name>.exempt.<rule>]`: who may in, and for whom settings do not count.

use super::context::Leaf;
use super::problem::{Problem, Refusal};
use super::reader::Table;
use super::values::{boolean, one_of, string, text};
use crate::policy::access::{AccessRules, Condition};
use crate::policy::exemption::Exemption;

const SUBJECTS: [(&str, Subject); 2] =
    [("inactivity", Subject::Inactivity), ("max_length", Subject::MaxLength)];

/// What a kind of clients can be exempt from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Inactivity,
    MaxLength,
}

/// The access rules.
pub(super) fn access(mut table: Table<'_>) -> AccessRules {
    let mut conditions = |key| {
        table
            .list(key, condition)
            .map_or_else(Vec::new, |list| list.value.into_iter().map(|item| item.value).collect())
    };
    let rules = AccessRules { all: conditions("all"), any: conditions("any") };
    table.finish();
    rules
}

fn condition(leaf: &Leaf) -> Result<Condition, Refusal> {
    text(leaf)?.parse().map_err(|error| Refusal::new(format!("{error}")))
}

/// The exemptions, in the order of their names.
pub(super) fn exemptions(table: &mut Table<'_>) -> Vec<Exemption> {
    let tables = table.named_tables("exempt");
    tables.into_iter().map(|(name, _, table)| exemption(name, table)).collect()
}

fn exemption(name: String, mut table: Table<'_>) -> Exemption {
    if !table.has("from") {
        table.missing("from", "from = [\"inactivity\"]");
    }
    let from: Vec<Subject> = table
        .list("from", one_of(&SUBJECTS))
        .map_or_else(Vec::new, |list| list.value.into_iter().map(|item| item.value).collect());
    let rule = Exemption {
        name,
        from_inactivity: from.contains(&Subject::Inactivity),
        from_max_length: from.contains(&Subject::MaxLength),
        host: table.get("host", string).map(|given| given.value),
        path: table.get("path", url_path).map(|given| given.value),
        user_agent: table.get("user_agent", string).map(|given| given.value),
        header: table.get("header", header).map(|given| given.value),
    };
    // Anybody can send any header: by itself it says what the client wants to be taken for.
    let trusts_headers = table.get_or("trust_headers", false, boolean);
    if rule.host.is_none() && rule.path.is_none() && !trusts_headers {
        let by_header = rule.user_agent.is_some() || rule.header.is_some();
        let (sentence, fix) = if by_header {
            (
                "this exemption goes by headers alone, which any browser can send",
                "add host or path, or say trust_headers = true",
            )
        } else {
            ("this exemption names no clients", "add host, path, user_agent or header")
        };
        table.context.note(Problem::about(&table.place, sentence, true, Some(fix)));
    }
    table.finish();
    rule
}

/// A path such as `/api`.
pub(super) fn url_path(leaf: &Leaf) -> Result<String, Refusal> {
    let text = text(leaf)?;
    let is_path =
        text.starts_with('/') && !text.contains(['?', '#', '*']) && !text.contains(char::is_whitespace);
    if is_path { Ok(text.to_owned()) } else { Err(Refusal::new("is not a path such as /api")) }
}

/// `name: value`.
fn header(leaf: &Leaf) -> Result<(String, String), Refusal> {
    let refuse = || Refusal::new("is not a header such as \"x-client: tablet\"");
    let (name, value) = text(leaf)?.split_once(':').ok_or_else(refuse)?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name && !value.is_empty() { Ok((name, value.to_owned())) } else { Err(refuse()) }
}
