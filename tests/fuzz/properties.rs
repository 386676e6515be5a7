//! The fuzz targets as property tests (ADM-16): each must hold for its corpus, and for what can be made of the corpus by
//! changing it and by putting in the words of its dictionary. `tests/fuzz/run` lets libFuzzer look further.

#![expect(clippy::unwrap_used, reason = "an oracle that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

pub mod targets;

/// Inputs a target gets beside its corpus. Signatures are slow without optimisation.
const CASES: u32 = 400;
const CASES_WITH_SIGNATURES: u32 = 60;

fn room() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The corpus of a target, by file name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(room().join("corpus").join(target)).unwrap();
    let mut seeds: Vec<_> = files
        .map(|file| file.unwrap())
        // What libFuzzer finds by itself has a hash for a name, and stays where it was found.
        .filter(|file| file.file_name().to_string_lossy().contains('.'))
        .map(|file| (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).unwrap()))
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target} has no corpus");
    seeds
}

/// The words of a dictionary, in libFuzzer's form.
fn words(target: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(room().join(format!("dictionaries/{target}.dict"))).unwrap();
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    let words: Vec<_> = quoted.map(unescaped).collect();
    assert!(!words.is_empty(), "{target} has no words");
    words
}

/// `\\`, `\"` and `\x0a`.
fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().unwrap() {
                b'x' => {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&hex, 16).unwrap()
                }
                escaped => escaped,
            },
            plain => plain,
        });
    }
    bytes
}

/// An input, printed so that it can be read and put into the corpus.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// One change to an input.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, Vec<u8>),
    Replace(Index, Vec<u8>),
    Drop(Index, usize),
    Cut(Index),
    Append(Vec<u8>),
}

fn change(words: Vec<Vec<u8>>, seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Change> {
    let piece = || {
        prop_oneof![
            4 => select(words.clone()),
            1 => prop::collection::vec(any::<u8>(), 1..4),
            1 => "\\PC{1,4}".prop_map(String::into_bytes),
        ]
    };
    prop_oneof![
        4 => (any::<Index>(), piece()).prop_map(|(at, piece)| Change::Put(at, piece)),
        4 => (any::<Index>(), piece()).prop_map(|(at, piece)| Change::Replace(at, piece)),
        2 => (any::<Index>(), 1..12_usize).prop_map(|(at, len)| Change::Drop(at, len)),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => select(seeds).prop_map(Change::Append),
    ]
}

fn changed(mut input: Vec<u8>, changes: &[Change]) -> Input {
    for change in changes {
        let place = |at: &Index| at.index(input.len() + 1);
        match change {
            Change::Put(at, piece) => drop(input.splice(place(at)..place(at), piece.iter().copied())),
            Change::Replace(at, piece) => {
                let end = input.len().min(place(at) + piece.len());
                drop(input.splice(place(at)..end, piece.iter().copied()));
            }
            Change::Drop(at, len) => drop(input.drain(place(at)..input.len().min(place(at) + len))),
            Change::Cut(at) => input.truncate(place(at)),
            Change::Append(seed) => input.extend_from_slice(seed),
        }
    }
    Input(input)
}

fn holds_for_its_corpus(target: &str, run: fn(&[u8]) -> bool) {
    let (mut broken, mut taken, mut refused) = (Vec::new(), 0, 0);
    for (name, seed) in corpus(target) {
        let is_good = name.starts_with("good");
        match std::panic::catch_unwind(|| run(&seed)) {
            Ok(is_taken) if is_taken || !is_good => {
                (taken, refused) = (taken + u32::from(is_taken), refused + u32::from(!is_taken))
            }
            _ => broken.push(name),
        }
    }
    assert!(broken.is_empty(), "corpus/{target}: {broken:?}");
    assert!(
        taken > 0 && refused > 0,
        "{target}: {taken} seeds are taken and {refused} refused, so one half is not tried"
    );
}

fn holds_for_what_comes_of_it(target: &str, run: fn(&[u8]) -> bool) {
    let seeds: Vec<_> = corpus(target).into_iter().map(|(_, seed)| seed).collect();
    let cases = if target.ends_with("_token") { CASES_WITH_SIGNATURES } else { CASES };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let input = prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Input),
        9 => (select(seeds.clone()), prop::collection::vec(change(words(target), seeds), 0..5))
            .prop_map(|(seed, changes)| changed(seed, &changes)),
    ];
    let holds = |input: Input| {
        run(&input.0);
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&input, holds) {
        panic!("{failure}");
    }
}

macro_rules! properties {
    ($($target:ident)*) => {$(
        mod $target {
            #[test]
            fn adm_16_the_corpus_is_replayed() {
                super::holds_for_its_corpus(stringify!($target), super::targets::$target::run);
            }

            #[test]
            fn adm_16_it_holds_whatever_comes() {
                super::holds_for_what_comes_of_it(stringify!($target), super::targets::$target::run);
            }
        }
    )*

        const TESTED: &[&str] = &[$(stringify!($target)),*];
    };
}

properties! {
    callback config cookies documents edge federation_metadata id_token key_file logout_token records return_to saml_response
    state token_answer xml_gate
}

#[test]
fn adm_16_every_target_is_tested_here_and_built_for_libfuzzer() {
    let manifest: toml::Table = fs::read_to_string(room().join("Cargo.toml")).unwrap().parse().unwrap();
    let binaries = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap());
    let tested: BTreeSet<&str> = TESTED.iter().copied().collect();
    assert_eq!(binaries.collect::<BTreeSet<_>>(), tested);
    for target in tested {
        let text = fs::read_to_string(room().join(format!("fuzz_targets/{target}.rs"))).unwrap();
        assert!(text.contains(&format!("targets::{target}::run(data)")), "{target}.rs runs something else");
    }
}
