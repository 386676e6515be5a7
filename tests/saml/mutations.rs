//! Changes to good documents by chance: none signs in somebody else, and none makes the verifier panic.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::documents::{Document, Verifier};
use crate::identity::Identity;

/// Where `HOURGATE_MUTATIONS` does not say how many.
const COUNT: u64 = 500_000;

/// Some twice, to be taken more often; encrypted ones take longest.
const GOOD: &[&str] = &[
    "as_ad_fs_sends_it_11",
    "as_ad_fs_sends_it_11",
    "as_ad_fs_sends_it_20",
    "as_ad_fs_sends_it_20",
    "as_plain_issuers_send_it_11",
    "collection_of_trust_1_3_20",
    "no_key_info_11",
    "no_key_info_20",
    "a_name_with_unicode_20",
    "a_prefix_list_of_the_wrappers_namespaces_20",
    "an_indented_assertion_through_a_form_11",
    "ecdsa_p256_20",
    "a_session_20",
    "aes_256_cbc_by_the_operators_word_11",
];
/// Whose parts are put into the good ones.
const EVIL: &[&str] = &[
    "rogue_key_with_its_certificate_11",
    "rogue_key_with_its_certificate_20",
    "evil_without_signature_11",
    "evil_without_signature_20",
    "metadata_signature_in_evil_20",
    "xsw8_the_original_in_an_object_20_same_id",
];
/// The words of the fuzz target, in libFuzzer's form.
const DICTIONARY: &str = include_str!("../fuzz/dictionaries/saml_response.dict");
const CHARACTERS: &[&str] =
    &["\r", "\n", "\t", " ", "/", "<", ">", "\"", "'", "=", ":", "\0", "\u{feff}", "é", "😀", "Z", "2099"];

/// SplitMix64: a seed, and the same numbers at every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A document with the places of its elements.
struct Source {
    text: Vec<u8>,
    elements: Vec<Range<usize>>,
    meant: Identity,
    verifier: Verifier,
}

impl Source {
    fn new(name: &str) -> Self {
        let document = Document::named(name);
        let text = document.octets();
        let meant = document.accepted.clone().unwrap_or_else(|| panic!("{name} is no good one"));
        Self { elements: elements(&text), text, meant, verifier: Verifier::new(&document.settings) }
    }
}

fn elements(text: &[u8]) -> Vec<Range<usize>> {
    let document = roxmltree::Document::parse(std::str::from_utf8(text).unwrap()).unwrap();
    document.descendants().filter(|node| node.is_element()).map(|node| node.range()).collect()
}

/// What is put into a document.
struct Pieces {
    words: Vec<String>,
    /// Elements of hostile documents.
    donors: Vec<Vec<u8>>,
}

impl Pieces {
    fn new() -> Self {
        let words = DICTIONARY.lines().map(|line| line.trim_matches('"').replace("\\\"", "\""));
        Self {
            words: words.chain(CHARACTERS.iter().map(|text| (*text).to_owned())).collect(),
            donors: EVIL.iter().flat_map(|name| parts(name)).collect(),
        }
    }
}

/// One to three changes, half of them of whole elements.
fn mutant(chance: &mut Chance, source: &Source, pieces: &Pieces) -> Vec<u8> {
    let mut text = source.text.clone();
    for _ in 0..=chance.below(3) {
        // Places of elements are those of the original: after a change of length they are only near.
        let element = chance.pick(&source.elements).clone();
        let element = element.start.min(text.len())..element.end.min(text.len());
        let other = chance.pick(&source.elements).clone();
        let edge = if chance.below(2) == 0 { other.start } else { other.end }.min(text.len());
        let place = chance.below(text.len() + 1);
        let end = text.len().min(place + chance.below(40));
        match chance.below(14) {
            0 => drop(text.splice(edge..edge, text[element].to_vec())),
            1 => drop(text.drain(element)),
            2 => {
                let moved: Vec<u8> = text.drain(element).collect();
                let edge = edge.min(text.len());
                drop(text.splice(edge..edge, moved));
            }
            3 => drop(text.splice(element, chance.pick(&pieces.donors).iter().copied())),
            4 => drop(text.splice(edge..edge, chance.pick(&pieces.donors).iter().copied())),
            5 => {
                // The whole of it becomes a part of something hostile.
                let donor = chance.pick(&pieces.donors);
                let middle = donor.iter().position(|byte| *byte == b'>').map_or(0, |at| at + 1);
                let around = [&donor[..middle], &text[element.clone()], &donor[middle..]].concat();
                drop(text.splice(element, around));
            }
            6 => drop(text.splice(edge..edge, chance.pick(&pieces.words).bytes())),
            7 | 8 => drop(text.splice(place..place, chance.pick(&pieces.words).bytes())),
            9 => drop(text.splice(place..end, chance.pick(&pieces.words).bytes())),
            10 => drop(text.drain(place..end)),
            11 if place < text.len() => text[place] ^= 1 << chance.below(8),
            12 if place < text.len() => text[place] = u8::try_from(chance.below(256)).unwrap(),
            _ => replace_word(chance, &mut text),
        }
    }
    text
}

/// A word wherever it stands becomes another, of the attacker's liking.
fn replace_word(chance: &mut Chance, text: &mut Vec<u8>) {
    const PAIRS: &[[&str; 2]] = &[
        ["alice", "admin"],
        ["saml:", "t:"],
        ["ds:", "saml:"],
        ["Signature", "Object"],
        ["SAML:2.0", "SAML:1.0"],
        ["SAML:1.0", "SAML:2.0"],
        ["AssertionID", "ID"],
        ["ID=", "Id="],
        ["2026", "2027"],
        ["\"", "'"],
        ["bearer", "holder-of-key"],
        ["sha256", "sha1"],
        ["NameID", "Issuer"],
        ["staff", "admins"],
    ];
    let [old, new] = chance.pick(PAIRS);
    let Ok(whole) = std::str::from_utf8(text) else { return };
    *text =
        if chance.below(2) == 0 { whole.replace(old, new) } else { whole.replacen(old, new, 1) }.into_bytes();
}

#[derive(Debug, Default)]
struct Tally {
    tried: u64,
    accepted: u64,
    refused: BTreeMap<&'static str, u64>,
    wrong: Vec<String>,
}

fn run(seed: u64, count: u64) -> Tally {
    let sources: Vec<_> = GOOD.iter().map(|name| Source::new(name)).collect();
    let pieces = Pieces::new();
    let mut tally = Tally::default();
    for number in 0..count {
        // Each has a seed of its own, so that one can be made again.
        let mut chance = Chance(seed.wrapping_add(number).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let which = chance.below(sources.len());
        let source = &sources[which];
        let text = mutant(&mut chance, source, &pieces);
        tally.tried += 1;
        match catch_unwind(AssertUnwindSafe(|| source.verifier.judge(&text))) {
            Ok(Err(code)) => *tally.refused.entry(code).or_default() += 1,
            Ok(Ok(assertion)) if Identity::of(&assertion) == source.meant => tally.accepted += 1,
            Ok(Ok(assertion)) => tally.wrong.push(format!(
                "mutation {number} of {} with seed {seed} signs in {:?}:\n{}",
                GOOD[which],
                Identity::of(&assertion),
                String::from_utf8_lossy(&text)
            )),
            Err(_) => tally.wrong.push(format!(
                "mutation {number} of {} with seed {seed} panics:\n{}",
                GOOD[which],
                text.escape_ascii()
            )),
        }
    }
    tally
}

fn parts(name: &str) -> Vec<Vec<u8>> {
    let text = Document::named(name).octets();
    elements(&text).into_iter().map(|element| text[element].to_vec()).collect()
}

#[test]
fn wsf_02_no_change_by_chance_signs_in_somebody_else() {
    let from = |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let (count, seed) = (from("HOURGATE_MUTATIONS", COUNT), from("HOURGATE_SEED", 1));
    let threads = thread::available_parallelism().unwrap().get() as u64;
    let share = count.div_ceil(threads);
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let runs: Vec<_> =
            (0..threads).map(|number| scope.spawn(move || run(seed + (number << 32), share))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let (mut tried, mut accepted, mut refused, mut wrong) = (0, 0, BTreeMap::<_, u64>::new(), Vec::new());
    for tally in tallies {
        tried += tally.tried;
        accepted += tally.accepted;
        tally.refused.into_iter().for_each(|(code, times)| *refused.entry(code).or_default() += times);
        wrong.extend(tally.wrong);
    }
    println!("{tried} mutations: {accepted} accepted as who they are, refused: {refused:?}");
    assert!(wrong.is_empty(), "{} of {tried}; the first:\n{}", wrong.len(), wrong[0]);
    assert!(tried >= count);
    // Where nothing gets as far as the digest, nothing is proved.
    assert!(accepted > tried / 100 && refused.get("digest_value") > Some(&(tried / 100)), "{refused:?}");
}
