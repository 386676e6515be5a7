//! The independent signer, in Python: `tests/run` makes its environment, these tests have it make documents.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/saml")
}

/// Runs a program of `tests/saml/corpus`.
pub(crate) fn python(program: &str, arguments: &[&str]) {
    let python = target().join("venv/bin/python");
    assert!(python.exists(), "{} is missing: tests/saml/install, or tests/run, makes it", python.display());
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/saml/corpus");
    let output = Command::new(python).arg(sources.join(program)).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Where the corpus is; made where it is not that of its programs.
pub(crate) fn corpus() -> PathBuf {
    static MADE: OnceLock<()> = OnceLock::new();
    let folder = target().join("corpus");
    MADE.get_or_init(|| python("make.py", &[folder.to_str().unwrap()]));
    folder
}
