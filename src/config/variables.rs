//! Environment variables laid over the file: `HOURGATE__SECTION__KEY`.

use std::collections::BTreeMap;

use super::problem::{Place, Problem};
use super::tree::{Entries, Node, Value};

const PREFIX: &str = "HOURGATE__";
/// No key lies deeper than `environment.<name>.session.<key>`.
const DEEPEST: usize = 4;

/// The variables of this process, for [`super::load`]. Unlike [`std::env::vars`] it does not panic at odd bytes:
/// they become U+FFFD, which `load` refuses in its own variables.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// Is any variable ours?
pub(super) fn any(environment: &BTreeMap<String, String>) -> bool {
    environment.keys().any(|name| name.starts_with(PREFIX))
}

/// The variable that sets `key` (dotted, `provider[0].client_id`).
pub(super) fn name_of(key: &str) -> String {
    let path = key.replace('[', "__").replace(']', "").replace('.', "__");
    format!("{PREFIX}{}", path.to_uppercase())
}

/// Sets what the variables say; what they cannot say is a problem.
pub(super) fn overlay(root: &mut Entries, environment: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut ours: Vec<(Vec<String>, &String, &String)> = environment
        .iter()
        .filter_map(|(name, value)| Some((path(name.strip_prefix(PREFIX)?), name, value)))
        .collect();
    // Provider 10 comes after provider 9.
    ours.sort_by_key(|(path, ..)| {
        path.iter().map(|part| (part.parse::<u32>().ok(), part.clone())).collect::<Vec<_>>()
    });
    let mut problems = Vec::new();
    for (path, name, value) in ours {
        let place = Place::Variable(name.as_str().into());
        let leaf = Node { place: place.clone(), value: Value::Text(value.clone()) };
        if let Err(why) = set(root, &path, leaf) {
            problems.push(Problem::about(&place, &why, false, None));
        }
    }
    problems
}

fn path(name: &str) -> Vec<String> {
    name.split("__").map(str::to_lowercase).collect()
}

fn set(root: &mut Entries, path: &[String], leaf: Node) -> Result<(), String> {
    if path.len() > DEEPEST || path.iter().any(String::is_empty) {
        return Err("no setting has such a name: expected HOURGATE__SECTION__KEY".into());
    }
    if matches!(&leaf.value, Value::Text(text) if text.contains('\u{fffd}')) {
        return Err("its value is not UTF-8".into());
    }
    match path {
        [list, index, rest @ ..] if list == "provider" => set_in_list(root, list, index, rest, leaf),
        _ => set_in_table(root, path, leaf),
    }
}

fn set_in_list(
    root: &mut Entries,
    list: &str,
    index: &str,
    rest: &[String],
    leaf: Node,
) -> Result<(), String> {
    let place = leaf.place.clone();
    let (_, node) = root
        .entry(list.to_owned())
        .or_insert_with(|| (place.clone(), Node { place: place.clone(), value: Value::List(Vec::new()) }));
    let Value::List(items) = &mut node.value else {
        return Err(format!("`{list}` is {}, not a list of tables", node.value.kind()));
    };
    let index: usize = index
        .parse()
        .map_err(|_| format!("`{index}` is not the number of a provider, as in {PREFIX}PROVIDER__0__ID"))?;
    if index == items.len() {
        items.push(Node { place, value: Value::Table(Entries::new()) });
    }
    let count = items.len();
    match items.get_mut(index).map(|item| &mut item.value) {
        Some(Value::Table(table)) => set_in_table(table, rest, leaf),
        Some(other) => Err(format!("`{list}[{index}]` is {}, not a table", other.kind())),
        None => Err(format!("providers are counted from 0: the next has the number {count}")),
    }
}

fn set_in_table(table: &mut Entries, path: &[String], leaf: Node) -> Result<(), String> {
    let place = leaf.place.clone();
    match path {
        [] => Err("it names a table, not a key".into()),
        [key] => match table.get(key) {
            Some((_, node)) if node.place.is_variable() => {
                Err(format!("`{key}` is also set by {}", node.place))
            }
            _ => {
                table.insert(key.clone(), (place, leaf));
                Ok(())
            }
        },
        [key, rest @ ..] => {
            let empty =
                || (place.clone(), Node { place: place.clone(), value: Value::Table(Entries::new()) });
            match &mut table.entry(key.clone()).or_insert_with(empty).1.value {
                Value::Table(inner) => set_in_table(inner, rest, leaf),
                other => Err(format!("`{key}` is {}, not a table", other.kind())),
            }
        }
    }
}

/// The variable with its part `wrong` spelt `right`, for a suggestion.
pub(super) fn respelt(variable: &str, wrong: &str, right: &str) -> String {
    let mut parts: Vec<String> = variable.split("__").map(str::to_owned).collect();
    if let Some(part) = parts.iter_mut().find(|part| part.to_lowercase() == wrong) {
        *part = right.to_uppercase();
    }
    parts.join("__")
}
