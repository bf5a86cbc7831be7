//! Chance that a seed decides.

/// A row of lots (SplitMix64): the same seed gives the same row.
#[derive(Clone, Debug)]
pub(super) struct Lots(u64);

impl Lots {
    /// A row for number `number` of a run on `seed`.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut seeds = Self(seed);
        Self(seeds.draw() ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// A number from 0 to `below - 1`.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.draw() % below.max(1)
    }

    /// The same for something small.
    pub(super) fn index(&mut self, below: usize) -> usize {
        let below = u64::try_from(below).expect("small");
        usize::try_from(self.below(below)).expect("below something that fits")
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
