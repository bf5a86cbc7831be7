//! Chance from a seed: the same seed, the same rolls.

use fastrand::Rng;

/// Dice.
#[derive(Clone, Debug)]
pub struct Dice(Rng);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// Dice of their own, so that who rolls them moves nobody else's.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.0.fork())
    }

    /// A number from 0 to `below - 1`; 0 when there is no such number.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0.u64(..below.max(1))
    }

    /// The place of one of so many; 0 when there are none.
    pub fn index(&mut self, of: usize) -> usize {
        self.0.usize(..of.max(1))
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.u64(least..=most.max(least))
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    /// One of several, each as likely.
    pub fn one_of<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.index(several.len())]
    }

    /// One of several, each by its weight.
    pub fn weighed<'a, T>(&mut self, several: &'a [(u64, T)]) -> &'a T {
        let mut left = self.roll(several.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in several {
            if left < *weight {
                return one;
            }
            left -= weight;
        }
        panic!("a table of weights is not empty")
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}
