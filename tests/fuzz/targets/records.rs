//! What a store gives back: `h` and a record as it lies there; `s`, `t` or `x` (session, tokens, tombstone), a place, and
//! changes to the sealed bytes; `p`, a kind and a plain text that is sealed as it stands.

use std::sync::{Arc, OnceLock};

use hourgate::keys::Purpose;
use hourgate::session::id::{SessionId, StoredId};
use hourgate::store::sessions::Found;
use hourgate::store::{Store, StoreError, Stored, Version, record};

use super::edits::edited;
use super::world::{self, NOW, Shelf, ring, run as wait};

/// A record is what was written for that very session, kind and version, or it is unreadable; it is never taken for "not
/// there", which would sign somebody out.
pub fn run(data: &[u8]) -> bool {
    match data {
        [b'h', bytes @ ..] => head(bytes),
        [b's', place, script @ ..] => session(*place, script),
        [b't', place, script @ ..] => tokens(*place, script),
        [b'x', place, script @ ..] => tombstone(*place, script),
        [b'p', kind, plain @ ..] => sealed(*kind, plain),
        _ => false,
    }
}

struct Minted {
    session: Vec<u8>,
    tokens: Vec<u8>,
    tombstone: Vec<u8>,
}

fn id() -> StoredId {
    world::session_id().stored()
}

/// What the product writes for the session of the world.
fn minted() -> &'static Minted {
    static MINTED: OnceLock<Minted> = OnceLock::new();
    MINTED.get_or_init(|| {
        let shelf = Arc::new(Shelf::default());
        let sessions = world::sessions_on(shelf.clone());
        let record = || wait(shelf.session(id())).unwrap();
        wait(sessions.create(id(), &world::session(), &world::tokens(), NOW, NOW)).unwrap();
        let Some(Stored::Live(_, session)) = record() else { panic!("a session was written") };
        let (_, tokens) = wait(shelf.tokens(id())).unwrap().expect("tokens were written");
        wait(sessions.end(id(), &world::tombstone())).unwrap();
        let Some(Stored::Tombstone(tombstone)) = record() else { panic!("a tombstone was written") };
        Minted { session, tokens, tombstone }
    })
}

/// The id and the version under which bytes are put: mostly the right ones.
fn place(place: u8) -> (StoredId, Version) {
    match place {
        b'i' => (SessionId::from_bytes([8; SessionId::LEN]).stored(), Version(1)),
        b'v' => (id(), Version(2)),
        _ => (id(), Version(1)),
    }
}

fn find(id: StoredId, record: Stored) -> Result<Found, StoreError> {
    let shelf = Arc::new(Shelf::default());
    shelf.put(id, record);
    wait(world::sessions_on(shelf).find(id))
}

fn session(at: u8, script: &[u8]) -> bool {
    let (id, version) = place(at);
    let bytes = match at {
        b'k' => edited(&minted().tombstone, script),
        b't' => edited(&minted().tokens, script),
        _ => edited(&minted().session, script),
    };
    let is_minted = bytes == minted().session && (id, version) == place(0);
    match find(id, Stored::Live(version, bytes)) {
        Ok(Found::Live(found, session)) => {
            assert!(is_minted && found == version && *session == world::session());
        }
        Ok(other) => panic!("a live record was read as {other:?}"),
        Err(error) => assert_unreadable(&error, !is_minted),
    }
    is_minted
}

fn tombstone(at: u8, script: &[u8]) -> bool {
    let (id, _) = place(at);
    let bytes = edited(if at == b'k' { &minted().session } else { &minted().tombstone }, script);
    let is_minted = bytes == minted().tombstone && id == place(0).0;
    match find(id, Stored::Tombstone(bytes)) {
        Ok(Found::Ended(tombstone)) => assert!(is_minted && tombstone == world::tombstone()),
        Ok(other) => panic!("a tombstone was read as {other:?}"),
        Err(error) => assert_unreadable(&error, !is_minted),
    }
    is_minted
}

fn tokens(at: u8, script: &[u8]) -> bool {
    let (id, version) = place(at);
    let bytes = edited(if at == b'k' { &minted().session } else { &minted().tokens }, script);
    let is_minted = bytes == minted().tokens && (id, version) == place(0);
    let shelf = Arc::new(Shelf::default());
    shelf.put_tokens(id, version, bytes);
    match wait(world::sessions_on(shelf).tokens(id)) {
        Ok(Some((found, tokens))) => {
            assert!(is_minted && found == version && tokens.nonce == world::tokens().nonce);
        }
        Ok(None) => panic!("tokens were overlooked"),
        Err(error) => assert_unreadable(&error, !is_minted),
    }
    is_minted
}

/// Bytes of another version of the gateway: authentic, but perhaps not what this one writes.
fn sealed(kind: u8, plain: &[u8]) -> bool {
    let id = id();
    let version = if kind == b'X' { 0_u64 } else { 1 };
    let bound_to = [&[kind][..], id.as_bytes(), &version.to_be_bytes()].concat();
    let purpose = if kind == b'T' { Purpose::TokenRecord } else { Purpose::SessionRecord };
    let bytes = ring().seal(purpose, &bound_to, plain, NOW);
    let opened = match kind {
        b'S' => find(id, Stored::Live(Version(1), bytes)).map(|found| {
            let Found::Live(..) = found else { panic!("a live record was read as {found:?}") };
        }),
        b'X' => find(id, Stored::Tombstone(bytes)).map(|found| {
            let Found::Ended(_) = found else { panic!("a tombstone was read as {found:?}") };
        }),
        b'T' => {
            let shelf = Arc::new(Shelf::default());
            shelf.put_tokens(id, Version(1), bytes);
            wait(world::sessions_on(shelf).tokens(id)).map(|tokens| assert!(tokens.is_some()))
        }
        _ => return false,
    };
    if let Err(error) = &opened {
        assert_unreadable(error, true);
        assert!(!error.to_string().contains("hunter2"), "a record in a message: {error}");
    }
    opened.is_ok()
}

fn assert_unreadable(error: &StoreError, expected: bool) {
    assert!(matches!(error, StoreError::Unreadable { .. }) && expected, "{error}");
}

/// The head comes off as it was put on, and no other bytes have one.
fn head(bytes: &[u8]) -> bool {
    let read = record::read(bytes.to_vec());
    match &read {
        Some(Stored::Live(version, body)) => assert_eq!(record::live(*version, body), bytes),
        Some(Stored::Tombstone(body)) => assert_eq!(record::tombstone(body), bytes),
        None => assert!(bytes.first() != Some(&b'T') && (bytes.first() != Some(&b'L') || bytes.len() < 9)),
    }
    read.is_some()
}
