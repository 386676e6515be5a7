//! Each document of the corpus signs in exactly whom its signer meant, or is refused for the expected reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::{Document, Verifier, all};
use crate::identity::Identity;

/// Nobody has ever signed for this person.
const ADMIN: &str = "admin@example.test";

/// What went otherwise than expected, one line a document.
fn judge(documents: &[&Document]) -> Vec<String> {
    documents
        .iter()
        .filter_map(|document| {
            let judged = Verifier::new(&document.settings).judge(&document.octets());
            let said = match (judged, &document.accepted, &document.refused) {
                (Ok(assertion), Some(meant), None) if Identity::of(&assertion) == *meant => return None,
                (Err(code), None, Some(codes)) if codes.iter().any(|expected| expected == code) => {
                    return None;
                }
                (Ok(assertion), Some(meant), _) => {
                    format!("signs in {:?} and not {meant:?}", Identity::of(&assertion))
                }
                (Ok(assertion), None, _) => format!("is accepted: {:?}", Identity::of(&assertion)),
                (Err(code), _, codes) => format!("is refused as {code}; expected {codes:?}"),
            };
            Some(format!("{}: {said}", document.name))
        })
        .collect()
}

fn holds_for(row: &str) {
    let documents: Vec<_> = all().iter().filter(|document| document.row == row).collect();
    assert!(documents.len() >= 10, "{row} has {} documents", documents.len());
    let wrong = judge(&documents);
    println!("{row}: {} documents, {} as expected", documents.len(), documents.len() - wrong.len());
    assert!(wrong.is_empty(), "{row}:\n{}", wrong.join("\n"));
}

macro_rules! rows {
    ($($name:ident: $row:literal)*) => {$(
        #[test]
        fn $name() {
            holds_for($row);
        }
    )*

        const TESTED: &[&str] = &[$($row),*];
    };
}

rows! {
    good_documents_sign_in_whom_they_name: "GOOD"
    wsf_01_a_wrapped_assertion_signs_nobody_in: "WSF-01"
    wsf_02_what_parsers_disagree_about_is_refused: "WSF-02"
    wsf_03_there_is_exactly_one_response_token_assertion_and_signature: "WSF-03"
    wsf_04_what_is_said_outside_the_signed_part_does_not_count: "WSF-04"
    wsf_05_comments_instructions_and_cdata_are_refused: "WSF-05"
    wsf_06_the_signature_is_over_the_whole_assertion_and_nothing_else: "WSF-06"
    wsf_07_only_pinned_keys_and_strong_methods_count: "WSF-07"
    wsf_08_only_the_two_transforms_of_the_profile_are_taken: "WSF-08"
    wsf_09_declarations_and_bombs_are_refused: "WSF-09"
    wsf_10_an_assertion_of_another_issuer_or_for_another_audience_is_refused: "WSF-10"
    wsf_11_an_assertion_counts_within_its_time_only: "WSF-11"
    wsf_15_encrypted_tokens_are_opened_and_what_is_inside_must_be_signed: "WSF-15"
}

#[test]
fn no_document_signs_in_somebody_else() {
    for document in all() {
        let Ok(assertion) = Verifier::new(&document.settings).judge(&document.octets()) else { continue };
        let says = format!("{:?}", Identity::of(&assertion));
        assert!(!says.contains(ADMIN), "{}: {says}", document.name);
        let meant = document.accepted.as_ref().map(|identity| &identity.name_id);
        assert_eq!(Some(assertion.name_id()), meant.map(|name| name.as_deref()), "{}", document.name);
    }
}

#[test]
fn the_corpus_is_as_large_as_it_says() {
    let rows: BTreeSet<_> = all().iter().map(|document| document.row.as_str()).collect();
    assert_eq!(
        rows,
        TESTED.iter().copied().collect(),
        "a row of the corpus has no test, or the other way round"
    );
    let hostile: Vec<_> = all().iter().filter(|document| document.refused.is_some()).collect();
    let good: Vec<_> = all().iter().filter(|document| document.accepted.is_some()).collect();
    assert!(hostile.len() >= 150 && good.len() >= 50, "{} hostile and {} good", hostile.len(), good.len());
    assert_eq!(hostile.len() + good.len(), all().len());
    // Eight wrappings, two versions, two choices of the ID.
    for number in 1..=8 {
        for which in ["11_new_id", "11_same_id", "20_new_id", "20_same_id"] {
            let is_that = |name: &str| name.starts_with(&format!("xsw{number}_")) && name.ends_with(which);
            assert!(
                hostile.iter().any(|document| is_that(&document.name)),
                "no wrapping {number} of {which}"
            );
        }
    }
    let mut codes = BTreeMap::<&str, u32>::new();
    for code in hostile.iter().filter_map(|document| document.refused.as_ref()?.first()) {
        *codes.entry(code).or_default() += 1;
    }
    println!("{} documents, {} to be refused: {codes:?}", all().len(), hostile.len());
    assert!(codes.len() >= 30, "few reasons: {codes:?}");
}
