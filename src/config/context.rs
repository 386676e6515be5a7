//! What a reading gathers: problems, and values on their way from the tree to their types.

use std::cell::RefCell;
use std::path::PathBuf;

use super::problem::{Mark, Problem, Refusal};
use super::secret_files::SecretFiles;
use super::source::holds_a_password;
use super::tree::{Node, Value};

/// What all tables of one reading share.
pub(super) struct Context {
    problems: RefCell<Vec<Problem>>,
    pub(super) files: SecretFiles,
}

impl Context {
    /// Starts with the problems known so far.
    pub(super) const fn new(problems: Vec<Problem>, files: SecretFiles) -> Self {
        Self { problems: RefCell::new(problems), files }
    }

    /// Notes a problem; the reading goes on.
    pub(super) fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Notes what speaks against a value.
    pub(super) fn refuse(&self, mark: &Mark, refusal: &Refusal) {
        self.note(Problem::with(mark, refusal));
    }

    /// All that was noted, and the files of secrets that others may read.
    pub(super) fn into_findings(self) -> (Vec<Problem>, Vec<PathBuf>) {
        (self.problems.into_inner(), self.files.into_open_to_others())
    }
}

/// A value before its parser has seen it.
pub(super) struct Leaf {
    pub(super) mark: Mark,
    pub(super) value: Value,
}

impl Leaf {
    /// Nothing of a secret will be shown.
    pub(super) fn new(key: String, node: Node, secret: bool) -> Self {
        let shown = node.value.shown().filter(|shown| !secret && !holds_a_password(shown));
        Self { mark: Mark { place: node.place, key, shown }, value: node.value }
    }

    /// What the parser makes of it. A fix may repeat the value, so a hidden value gets none.
    pub(super) fn parse<T>(&self, parse: impl Fn(&Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        parse(self).map_err(|refusal| if self.mark.shown.is_some() { refusal } else { refusal.without_fix() })
    }
}

/// A value and where it was given, for checks across keys.
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) mark: Mark,
}
