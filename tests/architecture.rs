//! The import rule: rooms know only what lies below them, and only the named files touch the world.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may know. The leaves (`time`, `random`) know nobody.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("gateway", &["config", "edge", "admin", "journeys", "keys", "provider", "store", "telemetry", "time"]),
    (
        "config",
        &["edge", "keys", "oidc", "policy", "provider", "saml", "session", "store", "telemetry", "time"],
    ),
    (
        "edge",
        &[
            "journeys",
            "keys",
            "oidc",
            "policy",
            "provider",
            "random",
            "saml",
            "session",
            "store",
            "telemetry",
            "time",
            "wsfed",
        ],
    ),
    ("admin", &["journeys", "policy", "session", "store", "time"]),
    (
        "journeys",
        &["keys", "oidc", "policy", "provider", "random", "session", "store", "telemetry", "time", "wsfed"],
    ),
    ("provider", &["keys", "oidc", "random", "saml", "session", "time", "wsfed"]),
    ("store", &["keys", "random", "session", "time"]),
    ("policy", &["session", "time"]),
    ("oidc", &["keys", "time"]),
    ("wsfed", &["saml", "time"]),
    ("saml", &["keys", "time"]),
    ("session", &["random", "time"]),
    ("keys", &["random", "time"]),
    ("idp", &["issuer", "random", "time"]),
    ("issuer", &["random", "saml", "time"]),
    ("telemetry", &[]),
    ("manual", &[]),
    ("time", &[]),
    ("random", &[]),
];

/// Words that may stand in some files only: who touches the world, and how.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("SystemTime", &["time.rs"], "the system clock is read in time.rs"),
    ("SystemRandom", &["random.rs"], "randomness comes from random.rs"),
    ("redis::", &["store/"], "only the store's redis room knows the redis crate"),
    ("redb::", &["store/embedded/"], "only the embedded store knows redb"),
    (
        "reqwest::",
        &["provider/transport.rs", "admin/client.rs", "idp/courier.rs", "bin/"],
        "outbound HTTP goes through provider/transport.rs; the CLI's goes to a socket, the test IdP's has a file of its own",
    ),
    (
        "actix_web",
        &["edge/", "admin/api", "gateway.rs", "idp/", "bin/"],
        "only edge, the admin API and their wiring know the HTTP server",
    ),
    ("askama", &["edge/page.rs", "idp/pages.rs", "bin/"], "pages are made in page rooms"),
    ("roxmltree", &["saml/", "wsfed/"], "XML is parsed behind the gate of saml, and nowhere else"),
    ("roxmltree", &["saml/", "wsfed/"], "XML is read behind the gate, by saml and wsfed"),
    (
        "aws_lc_rs",
        &["saml/decrypt", "issuer/xml_encryption.rs"],
        "ring does the cryptography; tokens alone are encrypted by another",
    ),
    (
        "openidconnect",
        &["oidc/", "provider/oidc_provider.rs"],
        "only oidc and provider know the protocol crate",
    ),
];

fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.insert(path.strip_prefix(&root).unwrap().to_owned(), text);
            }
        }
    }
    assert!(files.len() > 100, "the sources are found: {}", files.len());
    files
}

/// What is not a comment, up to the tests at the foot of a file, or at its head.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]") && !line.starts_with("#![cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The rooms that `crate::room` and `crate::{room, …}` name.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let (mut depth, mut end) = (1, 0);
                for (position, c) in list.char_indices() {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    if depth == 0 {
                        end = position;
                        break;
                    }
                }
                let mut depth = 0;
                for item in list[..end].split_inclusive([',', '{', '}']) {
                    if depth == 0 {
                        rooms.extend(first_word(item));
                    }
                    depth += i32::from(item.ends_with('{')) - i32::from(item.ends_with('}'));
                }
            }
            None => rooms.extend(first_word(rest)),
        }
    }
    rooms
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty() && word.chars().all(|c| c.is_lowercase() || c == '_')).then_some(word)
}

fn room_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_go_down_only() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_KNOW.iter().map(|(room, known)| (*room, known.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if ["lib", "main", "cli", "bin"].contains(&room.as_str()) {
            continue;
        }
        let known = allowed.get(room.as_str()).unwrap_or_else(|| panic!("{room} is a room without a rule"));
        for other in rooms_named(&text) {
            if other != room && !known.contains(other.as_str()) {
                wrong.push(format!("{} knows {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rule_is_read_off_real_imports() {
    let text = "use crate::{provider as upstream, store::{self, Store}};\nuse crate::keys::Ring;\n// crate::ghost\nfn f() { crate::time::human(x) }";
    let named: Vec<_> = rooms_named(text).into_iter().collect();
    assert_eq!(named, ["keys", "provider", "store", "time"]);
}

#[test]
fn nobody_below_imports_the_wiring() {
    for (path, text) in sources() {
        if ["lib", "main", "cli", "bin", "gateway"].contains(&room_of(&path).as_str()) {
            continue;
        }
        let named = rooms_named(&text);
        let is_config = room_of(&path) == "config";
        assert!(!named.contains("gateway") && (is_config || !named.contains("config")), "{}", path.display());
    }
}

#[test]
fn the_gateway_never_links_the_test_idp() {
    for (path, text) in sources() {
        let room = room_of(&path);
        let is_its_own = ["idp", "issuer", "lib"].contains(&room.as_str())
            || path.starts_with("bin/hourgate-idp.rs")
            || path.starts_with("bin/hourgate-demo");
        let names_it =
            code(&text).any(|line| line.contains("hourgate::idp") || line.contains("hourgate::issuer"));
        let named = rooms_named(&text);
        assert!(
            is_its_own || !(names_it || named.contains("idp") || named.contains("issuer")),
            "{}",
            path.display()
        );
    }
}

#[test]
fn only_the_named_files_touch_the_world() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let name = path.to_str().unwrap();
        for (word, places, why) in ONLY_IN {
            let is_there = code(&text).any(|line| {
                line.match_indices(word)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            if is_there && !places.iter().any(|place| name.starts_with(place)) {
                wrong.push(format!("{name}: {word} ({why})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_policy_and_the_protocol_do_no_input_or_output() {
    for (path, text) in sources() {
        let room = room_of(&path);
        if ["policy", "oidc", "saml", "session", "wsfed"].contains(&room.as_str()) {
            for word in ["async ", ".await", "Clock", "tokio", "std::fs", "std::net", "std::env"] {
                assert!(!code(&text).any(|line| line.contains(word)), "{}: {word}", path.display());
            }
        }
    }
}
