//! The canonical form against libxml2's.

use std::fs;

use hourgate::saml::canonical::canonical;
use hourgate::saml::gate;
use serde::Deserialize;

use crate::workshop;

const COUNT: usize = 12_000;

/// A document, the places of two elements in document order, and libxml2's answer.
#[derive(Debug, Deserialize)]
struct Question {
    document: String,
    apex: usize,
    omitted: Option<usize>,
    prefixes: Vec<String>,
    canonical: String,
}

#[test]
fn wsf_02_the_canonical_form_is_that_of_libxml2() {
    let seed = std::env::var("HOURGATE_SEED").unwrap_or_else(|_| "1".to_owned());
    let path = workshop::target().join(format!("canonical-{seed}.jsonl"));
    workshop::python("canonical.py", &[path.to_str().unwrap(), &COUNT.to_string(), &seed]);
    let questions = fs::read_to_string(&path).unwrap();
    let (mut differences, mut asked, mut within, mut omitting, mut listing) = (Vec::new(), 0, 0, 0, 0);
    for line in questions.lines() {
        let question: Question = serde_json::from_str(line).unwrap();
        asked += 1;
        within += u32::from(question.apex > 0);
        omitting += u32::from(question.omitted.is_some());
        listing += u32::from(!question.prefixes.is_empty());
        if form(&question) != question.canonical {
            differences.push(question);
        }
    }
    println!(
        "{asked} documents ({within} from within, {omitting} leaving out, {listing} with a list of prefixes), {} differences",
        differences.len()
    );
    assert_eq!(asked, COUNT);
    assert!(within > 1000 && omitting > 1000 && listing > 1000, "the documents are too much alike");
    let first = differences.first().map(|question| (form(question), question));
    assert!(differences.is_empty(), "seed {seed}: {} differ; {first:#?}", differences.len());
}

fn form(question: &Question) -> String {
    let gated = gate::admit(question.document.as_bytes(), usize::MAX).unwrap();
    let document = gated.parse().unwrap();
    let element = |place: usize| document.descendants().filter(|node| node.is_element()).nth(place).unwrap();
    let prefixes: Vec<_> =
        question.prefixes.iter().map(|it| if it == "#default" { "" } else { it }).collect();
    canonical(element(question.apex), question.omitted.map(element), &prefixes, usize::MAX).unwrap()
}
