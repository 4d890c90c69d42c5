//! Chance that is the same every time: SplitMix64 (Steele, Lea and Flood, 2014), seeded by a name.

use sha2::{Digest as _, Sha256};

#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// The chance that belongs to `name`, independent of all others.
    pub(super) fn of(name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        Self(
            digest
                .iter()
                .take(8)
                .fold(0, |all, byte| all << 8 | u64::from(*byte)),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap_or(0) + 1;
        low + i64::try_from(self.next() % span).unwrap_or(0)
    }

    /// True `percent` times of a hundred.
    pub(super) fn in_hundred(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }
}
