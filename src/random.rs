//! The only source of randomness: the operating system's, through `ring`.

use ring::rand::{SecureRandom, SystemRandom};
use rsa::rand_core::{CryptoRng, Error, RngCore};

/// `N` random bytes.
///
/// # Panics
///
/// When the operating system has no randomness to give; nothing safe could follow.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "a process without randomness must not go on")]
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A number in `0.0..1.0`, for jitter.
#[must_use]
pub fn fraction() -> f64 {
    f64::from(u32::from_be_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// The source itself, for `ring`'s signatures and keys: it takes no bytes of ours.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
pub fn source() -> SystemRandom {
    SystemRandom::new()
}

/// The same, in the shape that the `rsa` crate asks for.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl RngCore for Source {
    fn next_u32(&mut self) -> u32 {
        u32::from_ne_bytes(bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_ne_bytes(bytes())
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(64) {
            chunk.copy_from_slice(&bytes::<64>()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Source {}
