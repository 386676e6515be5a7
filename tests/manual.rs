//! What the manual says of requirements and tests is so: every id can be looked up, every test that is named is there.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

const REQUIREMENTS: &str = include_str!("../src/manual/requirements.md");
const THREATS: &str = include_str!("../src/manual/threats.md");
const NONE_YET: &str = " (no test yet)";

/// The texts below a folder of the repository, with their names, of files with these extensions.
fn texts(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if extension.is_some_and(|extension| extensions.contains(&extension)) {
                texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    texts
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| !word.is_empty())
}

/// `RACE-13`: an area of the table, and two digits.
fn is_security_row(word: &str) -> bool {
    const AREAS: [&str; 14] =
        ["AUT", "TOK", "KEY", "PCI", "RACE", "RDS", "SES", "TMO", "LOG", "PXY", "DOS", "OPS", "ADM", "WSF"];
    word.split_once('-').is_some_and(|(area, number)| {
        AREAS.contains(&area) && number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `H8`: a letter of the policy's tables and a number. Only where comments say `row`: elsewhere it may be anything.
fn is_policy_row(word: &str) -> bool {
    word.strip_prefix(['H', 'C', 'O', 'A'])
        .is_some_and(|number| (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()))
}

fn cited(text: &str) -> BTreeSet<&str> {
    let policy = text.lines().filter(|line| line.contains("//") && line.contains("row")).flat_map(words);
    words(text)
        .filter(|word| is_security_row(word))
        .chain(policy.filter(|word| is_policy_row(word)))
        .collect()
}

fn rows() -> BTreeSet<&'static str> {
    let id = |line: &'static str| line.strip_prefix("| ")?.split(" |").next();
    REQUIREMENTS.lines().filter_map(id).filter(|id| is_security_row(id) || is_policy_row(id)).collect()
}

/// The row that a test's name begins with, and those it adds: `aut_04_and_aut_05_…`.
fn rows_of_a_test(name: &str) -> Vec<String> {
    let row = |part: &str| -> Option<String> {
        let (area, rest) = part.split_once('_')?;
        let number = rest.split('_').next()?;
        let id = format!("{}-{number}", area.to_uppercase());
        let of_policy = area.to_uppercase();
        [id, of_policy].into_iter().find(|id| is_security_row(id) || is_policy_row(id))
    };
    match row(name) {
        Some(first) => [first].into_iter().chain(name.split("_and_").skip(1).filter_map(row)).collect(),
        None => Vec::new(),
    }
}

fn tested() -> BTreeSet<String> {
    let names = |text: &str| -> Vec<String> {
        let functions = text.split("fn ").skip(1);
        let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        functions.map(name).collect()
    };
    let all = ["src", "tests"].into_iter().flat_map(|folder| texts(folder, &["rs"]));
    all.flat_map(|(_, text)| names(&text)).flat_map(|name| rows_of_a_test(&name)).collect()
}

#[test]
fn every_row_that_a_source_or_a_test_cites_can_be_looked_up() {
    let known = rows();
    assert!(known.len() > 200, "{}", known.len());
    let mut unknown = Vec::new();
    for (name, text) in texts("src", &["rs", "lua", "toml", "md"]) {
        unknown.extend(
            cited(&text).into_iter().filter(|id| !known.contains(id)).map(|id| format!("{name}: {id}")),
        );
    }
    unknown
        .extend(tested().iter().filter(|id| !known.contains(id.as_str())).map(|id| format!("a test: {id}")));
    assert!(unknown.is_empty(), "not in requirements.md: {unknown:#?}");
}

#[test]
fn every_row_that_is_said_to_be_tested_is_and_every_other_is_not() {
    let tested = tested();
    let mut wrong = Vec::new();
    let (mut with, mut without) = (0, 0);
    let (_, failures) = THREATS.split_once("## What happened to others").unwrap();
    for line in failures.lines().filter(|line| line.starts_with("| ")) {
        let last = line.trim_end_matches(" |").rsplit("| ").next().unwrap();
        for prefix in last.split('`').skip(1).step_by(2) {
            match &rows_of_a_test(&format!("{prefix}_"))[..] {
                [row] if tested.contains(row) => with += 1,
                _ => wrong.push(format!("no test begins with {prefix}_")),
            }
        }
        for (at, _) in last.match_indices(NONE_YET) {
            let row = words(&last[..at]).last().unwrap();
            without += 1;
            if tested.contains(row) {
                wrong.push(format!("{row} has tests: say `{}`", row.to_lowercase().replace('-', "_")));
            }
        }
    }
    assert!(with > 40 && without < with, "{with} with tests, {without} without");
    assert!(wrong.is_empty(), "threats.md is not up to date: {wrong:#?}");
}

/// Where systemd's own checker is at hand. The program of the unit is the one that was built here.
#[test]
fn the_unit_for_systemd_is_one_and_is_hardened() {
    let unit = include_str!("../src/manual/hourgate.service");
    let program = "/usr/local/bin/hourgate serve";
    assert!(
        unit.contains(program) && unit.contains("ProtectSystem=strict") && unit.contains("DynamicUser=yes")
    );
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hourgate.service");
    fs::write(&file, unit.replace(program, concat!(env!("CARGO_BIN_EXE_hourgate"), " serve"))).unwrap();
    for arguments in [&["verify"][..], &["security", "--offline=yes", "--threshold=20"]] {
        match Command::new("systemd-analyze").args(arguments).arg(&file).output() {
            Ok(told) => assert!(told.status.success(), "{told:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
        }
    }
}

#[test]
fn ids_are_read_off_names_and_comments() {
    assert_eq!(rows_of_a_test("aut_04_and_aut_05_what_is_missing"), ["AUT-04", "AUT-05"]);
    assert_eq!(rows_of_a_test("h1_the_id_token"), ["H1"]);
    assert!(rows_of_a_test("a_new_key_ring").is_empty() && rows_of_a_test("o_1").is_empty());
    let text = "/// (row H8, RACE-13)\nlet x = \"C3 A4\"; // SHA-256\n";
    assert_eq!(cited(text).into_iter().collect::<Vec<_>>(), ["H8", "RACE-13"]);
}
