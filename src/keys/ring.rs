//! The key ring: one master key in use, the ones before it still accepted, perhaps one that comes into use later.
//!
//! A rotation hands the new key to every node before anyone uses it (`use_from` lies ahead), and keeps old keys for as
//! long as anything made with them can live; so it signs nobody out.

use std::sync::Arc;

use ::ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ::ring::hkdf::{HKDF_SHA256, Salt};
use ::ring::hmac;
use secrecy::{ExposeSecret, SecretBox};

use super::Purpose;
use crate::random;
use crate::time::Timestamp;

/// Names a master key without telling it: the first 32 bits of a hash of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

/// 256 random bits that all other keys are derived from.
#[derive(Clone, Debug)]
pub struct MasterKey {
    secret: Arc<SecretBox<[u8; 32]>>,
    use_from: Timestamp,
}

impl MasterKey {
    /// A key out of its bytes, to be used for new things from `use_from` on.
    #[must_use]
    pub fn new(secret: [u8; 32], use_from: Timestamp) -> Self {
        Self { secret: Arc::new(SecretBox::new(Box::new(secret))), use_from }
    }

    /// A fresh random key.
    #[must_use]
    pub fn random(use_from: Timestamp) -> Self {
        Self::new(random::bytes(), use_from)
    }

    /// When it comes into use.
    #[must_use]
    pub const fn use_from(&self) -> Timestamp {
        self.use_from
    }

    /// Its bytes, for the key file.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.secret.expose_secret()
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let derived = self.derive(b"hourgate key id v1");
        KeyId([derived[0], derived[1], derived[2], derived[3]])
    }

    #[expect(clippy::expect_used, reason = "the length is one that HKDF always gives")]
    fn derive(&self, info: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        Salt::new(HKDF_SHA256, b"hourgate")
            .extract(self.expose())
            .expand(&[info], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("HKDF-SHA-256 gives 32 bytes");
        key
    }
}

/// The ring has no key that may be used yet.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the key ring holds no key that is in use yet; run `hourgate keys new`")]
pub struct EmptyRing;

/// What was sealed cannot be opened: altered, cut, made for another purpose, or made with a key that is gone.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the sealed bytes are not authentic, or their key is no longer in the key ring")]
pub struct NotAuthentic;

/// The keys of a gateway, with one derived key for each purpose. The newest stands first.
pub struct KeyRing(Vec<Slot>);

struct Slot {
    id: KeyId,
    master: MasterKey,
    aead: Vec<LessSafeKey>,
    mac: Vec<hmac::Key>,
}

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + NONCE_LEN;

impl KeyRing {
    /// A ring of the given keys. At least one must be in use at `now`.
    ///
    /// # Errors
    ///
    /// [`EmptyRing`] where none is.
    pub fn new(mut keys: Vec<MasterKey>, now: Timestamp) -> Result<Self, EmptyRing> {
        keys.sort_by_key(|key| std::cmp::Reverse(key.use_from));
        if !keys.iter().any(|key| key.use_from <= now) {
            return Err(EmptyRing);
        }
        Ok(Self(keys.into_iter().map(Slot::new).collect()))
    }

    /// The keys, the newest first.
    pub fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        self.0.iter().map(|slot| &slot.master)
    }

    /// The name of the key that new things are made with at `now`: the newest that is in use.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> KeyId {
        self.slot_in_use(now).id
    }

    /// Seals `plain` for `purpose` with AES-256-GCM; `bound_to` must be given again to open it.
    ///
    /// Shape: version (1), key id (4), nonce (12), ciphertext and tag (16).
    ///
    /// # Panics
    ///
    /// Where `plain` is longer than 64 GiB.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "AES-GCM refuses nothing but absurd lengths; unsealed bytes must not leave"
    )]
    pub fn seal(&self, purpose: Purpose, bound_to: &[u8], plain: &[u8], now: Timestamp) -> Vec<u8> {
        let slot = self.slot_in_use(now);
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let mut body = plain.to_vec();
        slot.aead[purpose as usize]
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut body)
            .expect("AES-GCM seals anything shorter than 64 GiB");
        [&[VERSION][..], &slot.id.0, &nonce, &body].concat()
    }

    /// Opens what [`KeyRing::seal`] made, with whichever key of the ring made it, and tells which one that was.
    ///
    /// # Errors
    ///
    /// [`NotAuthentic`], the same for every cause.
    pub fn open(
        &self,
        purpose: Purpose,
        bound_to: &[u8],
        sealed: &[u8],
    ) -> Result<(Vec<u8>, KeyId), NotAuthentic> {
        if sealed.len() < HEADER + AES_256_GCM.tag_len() || sealed[0] != VERSION {
            return Err(NotAuthentic);
        }
        let id = KeyId(sealed[1..5].try_into().map_err(|_| NotAuthentic)?);
        let nonce = Nonce::try_assume_unique_for_key(&sealed[5..HEADER]).map_err(|_| NotAuthentic)?;
        let key = &self.slot(id).ok_or(NotAuthentic)?.aead[purpose as usize];
        let mut body = sealed[HEADER..].to_vec();
        let plain = key.open_in_place(nonce, Aad::from(bound_to), &mut body).map_err(|_| NotAuthentic)?.len();
        body.truncate(plain);
        Ok((body, id))
    }

    /// HMAC-SHA-256 over `parts` with the key `id`; each part is preceded by its length. `None` where that key is gone.
    #[must_use]
    pub fn mac(&self, id: KeyId, purpose: Purpose, parts: &[&[u8]]) -> Option<[u8; 32]> {
        let mut context = hmac::Context::with_key(&self.slot(id)?.mac[purpose as usize]);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().ok()
    }

    /// A clock that steps back before the oldest key still finds that key.
    fn slot_in_use(&self, now: Timestamp) -> &Slot {
        self.0.iter().find(|slot| slot.master.use_from <= now).unwrap_or(&self.0[self.0.len() - 1])
    }

    fn slot(&self, id: KeyId) -> Option<&Slot> {
        self.0.iter().find(|slot| slot.id == id)
    }
}

impl Slot {
    #[expect(clippy::expect_used, reason = "the derived keys have the length that AES-256 asks for")]
    fn new(master: MasterKey) -> Self {
        let derived = Purpose::ALL.map(|purpose| master.derive(purpose.info()));
        let aead = derived.iter().map(|key| {
            LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key"))
        });
        let mac = derived.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key));
        Self { id: master.id(), aead: aead.collect(), mac: mac.collect(), master }
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|slot| slot.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn ring() -> KeyRing {
        KeyRing::new(vec![MasterKey::new([7; 32], NOW)], NOW).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_only_for_its_purpose_and_binding() {
        let sealed = ring().seal(Purpose::SessionRecord, b"id", b"secret", NOW);
        assert_eq!(ring().open(Purpose::SessionRecord, b"id", &sealed).unwrap().0, b"secret");
        assert_eq!(ring().open(Purpose::TokenRecord, b"id", &sealed), Err(NotAuthentic));
        assert_eq!(ring().open(Purpose::SessionRecord, b"other", &sealed), Err(NotAuthentic));
    }

    #[test]
    fn no_altered_or_cut_bytes_open() {
        let sealed = ring().seal(Purpose::Transaction, b"", b"secret", NOW);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(ring().open(Purpose::Transaction, b"", &altered), Err(NotAuthentic), "byte {at}");
            assert_eq!(
                ring().open(Purpose::Transaction, b"", &sealed[..at]),
                Err(NotAuthentic),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn a_new_key_comes_into_use_at_its_instant_and_the_old_one_still_opens() {
        let later = NOW.plus(Duration::from_secs(3600));
        let (old, new) = (MasterKey::random(NOW), MasterKey::random(later));
        let rotated = KeyRing::new(vec![old.clone(), new.clone()], NOW).unwrap();
        let behind = KeyRing::new(vec![old.clone()], NOW).unwrap();

        assert_eq!(
            rotated.current(NOW),
            old.id(),
            "a node that has not restarted yet can read what we write"
        );
        assert_eq!(rotated.current(later), new.id());
        let sealed = behind.seal(Purpose::SessionRecord, b"", b"x", NOW);
        assert!(rotated.open(Purpose::SessionRecord, b"", &sealed).is_ok());
    }

    #[test]
    fn a_ring_without_a_usable_key_is_refused() {
        let tomorrow = NOW.plus(Duration::from_secs(86_400));
        assert_eq!(KeyRing::new(vec![MasterKey::random(tomorrow)], NOW).unwrap_err(), EmptyRing);
        assert_eq!(KeyRing::new(vec![], NOW).unwrap_err(), EmptyRing);
    }
}
