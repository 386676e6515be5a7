//! The sealed transaction that travels as `state`: `r` and a text; `e` and changes to a minted one; `p` and a plain text that
//! is sealed as it stands.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hourgate::journeys::transaction::Transaction;
use hourgate::keys::Purpose;

use super::edits::edited;
use super::world::{NOW, nonce, ring, strange_ring, transaction, world};

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
        Some((_, raw)) => {
            let state = String::from_utf8_lossy(raw);
            assert!(
                state == world().state || Transaction::open(&state, ring()).is_err(),
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
