//! Which file is the configuration.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::problem::{Place, Problem};
use super::source::Source;
use super::variables;

/// The variable that names the file.
const VARIABLE: &str = "HOURGATE_CONFIG";
/// Where the file is looked for if nobody names it.
pub(super) const USUAL: [&str; 2] = ["./hourgate.toml", "/etc/hourgate/hourgate.toml"];

/// Name and text of the file; `None` where there is no file, but the environment sets keys.
pub(super) fn file(
    path: Option<&Path>,
    env: &BTreeMap<String, String>,
    usual: &[&str],
) -> Result<Option<(String, String)>, Problem> {
    if let Some(path) = path {
        return named(path, &Place::Whole(Source::none())).map(Some);
    }
    if let Some(path) = env.get(VARIABLE) {
        return named(Path::new(path), &Place::Variable(VARIABLE.into())).map(Some);
    }
    for &candidate in usual {
        match text(Path::new(candidate)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(candidate, &Place::Whole(Source::none()), &error)),
            Ok(text) => return Ok(Some((candidate.trim_start_matches("./").to_owned(), text))),
        }
    }
    if variables::any(env) {
        return Ok(None);
    }
    let sentence = format!("no file: looked for ${VARIABLE} (not set), {}", usual.join(", "));
    let fix = "name one with --config, or write one";
    Err(Problem::about(&Place::Whole(Source::none()), &sentence, false, Some(fix)))
}

fn named(path: &Path, place: &Place) -> Result<(String, String), Problem> {
    let name = path.display().to_string();
    text(path).map_err(|error| unreadable(&name, place, &error)).map(|text| (name, text))
}

fn unreadable(name: &str, place: &Place, error: &std::io::Error) -> Problem {
    Problem::about(place, &format!("cannot read {name}: {error}"), false, None)
}

fn text(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}
