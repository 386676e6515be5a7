//! Chance that a seed repeats (SplitMix64).

use std::time::Duration;

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The `stream`th stream of a seed; streams of one seed have nothing to do with each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed);
        let salt = dice.next();
        let mut dice = Self(salt ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// A span in milliseconds, `from` at least and less than `to`.
    pub(crate) fn millis(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis(u64::try_from(from + self.below(to - from)).unwrap())
    }
}

/// The seed of a run: `HOURGATE_SEED`, or a new one. It is printed, so that a failure can be run again.
pub(crate) fn seed() -> u64 {
    let seed = match std::env::var("HOURGATE_SEED") {
        Ok(text) => text.parse().expect("HOURGATE_SEED is a number"),
        Err(_) => u64::from_le_bytes(hourgate::random::bytes()),
    };
    eprintln!("HOURGATE_SEED={seed}");
    seed
}
