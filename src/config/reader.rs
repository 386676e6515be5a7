//! Reads a tree key by key into types. Collects every problem, and knows which keys nobody asked for.

use super::context::{Context, Given, Leaf};
use super::problem::{Mark, Place, Problem, Refusal, nearest};
use super::source::SECRETS;
use super::tree::{Entries, Node, Value};
use super::variables;

/// A table that is being read. Every key is taken out by its reader; [`Table::finish`] complains about the rest.
pub(super) struct Table<'c> {
    pub(super) context: &'c Context,
    pub(super) place: Place,
    path: String,
    entries: Entries,
    known: Vec<&'static str>,
}

impl<'c> Table<'c> {
    /// The whole configuration.
    pub(super) const fn root(context: &'c Context, place: Place, entries: Entries) -> Self {
        Self { context, place, path: String::new(), entries, known: Vec::new() }
    }

    /// Is the key there, right or wrong? Of a secret, also its `_file` form. Ask before taking it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key) || self.entries.contains_key(&format!("{key}_file"))
    }

    /// The value of `key`; `None` where it is absent or was refused.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Leaf) -> Result<T, Refusal>,
    ) -> Option<Given<T>> {
        let leaf = self.leaf(key)?;
        match leaf.parse(parse) {
            Ok(value) => Some(Given { value, mark: leaf.mark }),
            Err(refusal) => {
                self.context.refuse(&leaf.mark, &refusal);
                None
            }
        }
    }

    /// The value of `key`, or its default.
    pub(super) fn get_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&Leaf) -> Result<T, Refusal>,
    ) -> T {
        self.get(key, parse).map_or(default, |given| given.value)
    }

    /// The value of `key`, which must be there; `line` is how one sets it.
    pub(super) fn need<T>(
        &mut self,
        key: &'static str,
        line: &str,
        parse: impl Fn(&Leaf) -> Result<T, Refusal>,
    ) -> Option<Given<T>> {
        if !self.has(key) {
            self.missing(key, line);
        }
        self.get(key, parse)
    }

    /// Says that `key` must be there.
    pub(super) fn missing(&self, key: &str, line: &str) {
        let dotted = self.dotted(key);
        let variable = variables::name_of(&dotted);
        let fix = match &self.place {
            Place::Variable(_) => format!("set {variable}"),
            _ => format!("add `{line}` to {}, or set {variable}", self.label()),
        };
        self.context.note(Problem::about(&self.place, &format!("{dotted} is missing"), true, Some(&fix)));
    }

    /// The elements of a list, each by `parse`. From the environment: a TOML array, or text with commas.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Leaf) -> Result<T, Refusal>,
    ) -> Option<Given<Vec<Given<T>>>> {
        let Leaf { mark, value } = self.leaf(key)?;
        let hidden = matches!(value, Value::Text(_)) && mark.shown.is_none();
        let nodes = match value {
            Value::List(nodes) => nodes,
            Value::Text(text) => split(&text, &mark.place),
            other => {
                let refusal = Refusal::new(format!("is {}, expected a list", other.kind()));
                let refusal = match &mark.shown {
                    Some(shown) => refusal.fix(format!("write {key} = [{shown}]")),
                    None => refusal,
                };
                self.context.refuse(&mark, &refusal);
                return None;
            }
        };
        let count = nodes.len();
        let mut seen: Vec<String> = Vec::new();
        let mut values = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let leaf = Leaf::new(format!("{}[{index}]", mark.key), node, hidden);
            let parsed = match &leaf.mark.shown {
                Some(shown) if seen.contains(shown) => Err(Refusal::new("stands twice in the list")),
                _ => leaf.parse(&parse),
            };
            seen.extend(leaf.mark.shown.clone());
            match parsed {
                Ok(value) => values.push(Given { value, mark: leaf.mark }),
                Err(refusal) => self.context.refuse(&leaf.mark, &refusal),
            }
        }
        (values.len() == count).then_some(Given { value: values, mark })
    }

    /// The table below `key`; an empty one where it is absent.
    pub(super) fn table(&mut self, key: &'static str) -> Self {
        self.known.push(key);
        let path = self.dotted(key);
        match self.entries.remove(key) {
            Some((_, node)) => self.child(path, node, "a table"),
            None => self.with(path, self.place.clone(), Entries::new()),
        }
    }

    /// The tables of the list `key`: `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        self.known.push(key);
        let path = self.dotted(key);
        match self.entries.remove(key) {
            Some((_, Node { value: Value::List(nodes), .. })) => nodes
                .into_iter()
                .enumerate()
                .map(|(index, node)| self.child(format!("{path}[{index}]"), node, "a table"))
                .collect(),
            Some((_, node)) => {
                self.wrong_kind(&path, &node, &format!("a list of tables, each with the header [[{path}]]"));
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// The tables below `key`, each with the place of its name: `[key.name]`.
    pub(super) fn named_tables(&mut self, key: &'static str) -> Vec<(String, Place, Self)> {
        let Self { entries, path, .. } = self.table(key);
        entries
            .into_iter()
            .map(|(name, (place, node))| {
                let table = self.child(format!("{path}.{name}"), node, "a table");
                (name, place, table)
            })
            .collect()
    }

    /// Complains about the keys that nobody asked for.
    pub(super) fn finish(mut self) {
        for (key, (place, node)) in std::mem::take(&mut self.entries) {
            let guess = nearest(&key, self.known.iter().copied());
            let sentence = match &place {
                Place::Variable(_) => format!("unknown key `{}`", self.dotted(&key)),
                _ if self.path.is_empty() => format!("unknown key `{key}` at the top level"),
                _ => format!("unknown key `{key}` in {}", self.label()),
            };
            let fix = match (guess, &place) {
                (Some(guess), Place::Variable(name)) => {
                    format!("did you mean {}?", variables::respelt(name, &key, guess))
                }
                (Some(guess), _) => format!("did you mean `{guess}`?"),
                (None, _) => {
                    let known: Vec<_> = self.known.iter().map(|known| format!("`{known}`")).collect();
                    format!("known here: {}", known.join(", "))
                }
            };
            // Anything may stand under a key that we do not know, a secret as well.
            let shown = node.value.is_plainly_harmless();
            self.context.note(Problem::about(&place, &sentence, shown, Some(&fix)));
        }
    }

    /// Takes out `key`, or `key_file` and what is in that file. The environment goes before the file.
    fn leaf(&mut self, key: &'static str) -> Option<Leaf> {
        let secret = SECRETS.contains(&key);
        self.known.push(key);
        let dotted = self.dotted(key);
        let file_key = format!("{key}_file");
        let direct = self.entries.remove(key).map(|(_, node)| node);
        let by_file = match self.entries.get(&file_key) {
            Some((place, _)) if secret || place.is_variable() => self.entries.remove(&file_key),
            _ => None,
        };
        let by_file = by_file.map(|(_, node)| Leaf::new(format!("{dotted}_file"), node, false));
        match (direct, by_file) {
            (Some(node), Some(file)) if node.place.is_variable() == file.mark.place.is_variable() => {
                let refusal = Refusal::new(format!("and {dotted} are both set")).fix("keep one of them");
                self.context.refuse(&Mark { shown: None, ..file.mark }, &refusal);
                None
            }
            (direct, Some(file)) if direct.is_none() || file.mark.place.is_variable() => {
                self.read(dotted, file)
            }
            (direct, _) => direct.map(|node| Leaf::new(dotted, node, secret)),
        }
    }

    fn read(&self, key: String, file: Leaf) -> Option<Leaf> {
        let content = match &file.value {
            Value::Text(path) | Value::String(path) => self.context.files.read(path),
            other => Err(Refusal::new(format!("is {}, expected a path", other.kind()))),
        };
        match content {
            Ok(text) => {
                let mark = Mark { key, shown: None, place: file.mark.place };
                Some(Leaf { mark, value: Value::Text(text) })
            }
            Err(refusal) => {
                self.context.refuse(&file.mark, &refusal);
                None
            }
        }
    }

    fn child(&self, path: String, node: Node, expected: &str) -> Self {
        match node {
            Node { place, value: Value::Table(entries) } => self.with(path, place, entries),
            node => {
                self.wrong_kind(&path, &node, expected);
                self.with(path, node.place, Entries::new())
            }
        }
    }

    fn with(&self, path: String, place: Place, entries: Entries) -> Self {
        Self { context: self.context, place, path, entries, known: Vec::new() }
    }

    /// The value is not shown: who puts one value where a table belongs may have put a secret there.
    fn wrong_kind(&self, path: &str, node: &Node, expected: &str) {
        let sentence = format!("{path} is {}, expected {expected}", node.value.kind());
        self.context.note(Problem::about(&node.place, &sentence, false, None));
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The header as it stands in the file.
    fn label(&self) -> String {
        let name: String = self.path.split('[').map(|part| part.rsplit(']').next().unwrap_or(part)).collect();
        if self.path.ends_with(']') { format!("[[{name}]]") } else { format!("[{name}]") }
    }
}

/// The elements of a list that came as text.
fn split(text: &str, place: &Place) -> Vec<Node> {
    let text = text.trim();
    let node = |text: &str| Node { place: place.clone(), value: Value::Text(text.trim().to_owned()) };
    if let Ok(list) = toml::de::DeValue::parse(text)
        && let Some(items) = list.get_ref().as_array()
    {
        return items
            .iter()
            .map(|item| match item.get_ref().as_str() {
                Some(text) => node(text),
                None => node(&text[item.span()]),
            })
            .collect();
    }
    if text.is_empty() { Vec::new() } else { text.split(',').map(node).collect() }
}
