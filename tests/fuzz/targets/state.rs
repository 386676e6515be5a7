//! What travels sealed as `state`, of a sign-in: `r` and a text; `e` and changes to a minted one; `p` and a plain text that is
//! sealed as it stands. Of a sign-out: `o` and changes to a minted one; `q` and a plain text.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hourgate::journeys::cookies::NonceCookie;
use hourgate::journeys::sign_out_state::SignOutState;
use hourgate::journeys::transaction::Transaction;
use hourgate::keys::Purpose;
use hourgate::session::origin::Origin;

use super::edits::edited;
use super::json::{self, Json};
use super::world::{NOW, PROD, nonce, ring, strange_ring, transaction, world};

/// A state opens if and only if it is, byte for byte, one that was minted, and for nothing else than sign-ins.
pub fn run(data: &[u8]) -> bool {
    match data.split_first() {
        Some((b'e', script)) => {
            let minted = &world().state;
            let Ok(state) = String::from_utf8(edited(minted.as_bytes(), script)) else { return false };
            let opened = Transaction::open(&state, ring()).map(|(opened, _)| opened);
            assert_eq!(opened.as_ref().ok(), (state == *minted).then(transaction).as_ref());
            assert!(Transaction::open(&state, &strange_ring()).is_err(), "opened with a strange key");
            opened.is_ok()
        }
        Some((b'p', plain)) => sealed(plain),
        Some((b'o', script)) => {
            let minted = &world().sign_out_state;
            let Ok(state) = String::from_utf8(edited(minted.as_bytes(), script)) else { return false };
            let is_minted = state == *minted;
            assert_eq!(signs_out(&state, Some(&nonce()), PROD[0]), is_minted);
            let stranger = NonceCookie::new();
            for (browser, origin) in [(None, PROD[0]), (Some(&stranger), PROD[0]), (Some(&nonce()), PROD[1])]
            {
                assert!(!signs_out(&state, browser, origin), "good for another browser or elsewhere");
            }
            assert!(Transaction::open(&state, ring()).is_err(), "a sign-out's state signs in");
            is_minted
        }
        Some((b'q', plain)) => sealed_sign_out(plain),
        Some((_, raw)) => {
            let state = String::from_utf8_lossy(raw);
            assert!(
                state == world().state || Transaction::open(&state, ring()).is_err(),
                "not minted: {state}"
            );
            assert!(
                state == world().sign_out_state || !signs_out(&state, Some(&nonce()), PROD[0]),
                "not minted: {state}"
            );
            false
        }
        None => false,
    }
}

/// What was sealed is believed; but it must be a transaction, and be the same one after another trip.
fn sealed(plain: &[u8]) -> bool {
    let keys = ring();
    let seal =
        |purpose, bound_to: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(keys.seal(purpose, bound_to, plain, NOW));
    for (purpose, bound_to) in [(Purpose::SessionRecord, &b"state"[..]), (Purpose::Transaction, b"")] {
        assert!(Transaction::open(&seal(purpose, bound_to), keys).is_err(), "sealed for something else");
    }
    let Ok((transaction, key)) = Transaction::open(&seal(Purpose::Transaction, b"state"), keys) else {
        return false;
    };
    let secrets = transaction.secrets(&nonce(), key, keys).expect("its key is there");
    assert!(secrets.pkce_verifier.len() == 43 && secrets.nonce != secrets.pkce_verifier);
    let has_expired = transaction.has_expired(NOW);
    let age = NOW.as_millis().saturating_sub(transaction.begun_at.as_millis());
    assert_eq!(has_expired, age >= 600_000);
    let (again, _) = Transaction::open(&transaction.seal(keys), keys).expect("what we sealed opens");
    assert_eq!(again, transaction);
    true
}

fn signs_out(state: &str, browser: Option<&NonceCookie>, origin: &str) -> bool {
    let origin: Origin = origin.parse().unwrap();
    SignOutState::is_good(state, browser, &origin, ring(), NOW)
}

/// It is good for its browser, where it began, for an hour; and only if it was sealed for a sign-out.
fn sealed_sign_out(plain: &[u8]) -> bool {
    if json::is_deep(plain) {
        return false;
    }
    let seal = |purpose| BASE64_URL_SAFE_NO_PAD.encode(ring().seal(purpose, b"state", plain, NOW));
    let is_good = signs_out(&seal(Purpose::SignOut), Some(&nonce()), PROD[0]);
    assert!(!signs_out(&seal(Purpose::Transaction), Some(&nonce()), PROD[0]), "sealed for a sign-in");
    if is_good {
        let mine = json::read(plain).expect("what is no JSON was read");
        let own = SignOutState { browser: nonce().browser(), origin: PROD[0].into(), begun_at: NOW };
        let own = json::read(&serde_json::to_vec(&own).unwrap()).unwrap();
        // A list stands for the members in their order.
        let member = |place: usize, name| match &mine {
            Json::List(items) => items.get(place),
            mine => mine.only(name),
        };
        assert_eq!(member(0, "b"), own.only("b"), "another browser's");
        assert_eq!(member(1, "o").and_then(Json::text), Some(PROD[0]));
        let begun_at = member(2, "s").and_then(Json::number).expect("an instant");
        let hour = Duration::from_secs(3600).as_millis() as f64;
        assert!(NOW.as_millis() as f64 - begun_at < hour, "older than an hour");
    }
    is_good
}
