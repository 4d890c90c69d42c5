//! A Bloom filter over the ids and terms of a run: ten bits each, seven probes, about one false positive in a
//! hundred. Resident, so that what is nowhere costs no read of the store.

use crate::domain::id::LedgerId;
use crate::log::{DerivedBatch, DerivedFault, DerivedRange, DerivedStore};

use super::{IdKey, invalid, remove_prefix};

const BITS_PER_KEY: u64 = 10;
const PROBES: u64 = 7;

#[derive(Debug)]
pub(super) struct Filter {
    words: Vec<u64>,
}

/// SplitMix64's finaliser: ids of one client share their leading bits.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Filter {
    pub(super) fn for_keys(count: u64) -> Self {
        let words = (count * BITS_PER_KEY).div_ceil(64).max(1);
        Self {
            words: vec![0; usize::try_from(words).unwrap_or(1)],
        }
    }

    /// For all keys that these are for: as many as were written, whatever is said of them elsewhere.
    pub(super) fn for_keys_of<'a>(filters: impl Iterator<Item = &'a Self>) -> Self {
        let words: usize = filters.map(|filter| filter.words.len()).sum();
        Self {
            words: vec![0; words.max(1)],
        }
    }

    fn probes(&self, key: &IdKey) -> impl Iterator<Item = (usize, u64)> + use<> {
        let half = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&key[at..at + 8]);
            u64::from_be_bytes(bytes)
        };
        let first = mix(half(1) ^ u64::from(key[0]));
        let second = mix(half(9)) | 1;
        let bits = self.words.len() as u64 * 64;
        (0..PROBES).map(move |i| {
            let bit = first.wrapping_add(second.wrapping_mul(i)) % bits;
            // The number of words fits, for they are in memory.
            (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
        })
    }

    pub(super) fn insert(&mut self, key: &IdKey) {
        for (word, bit) in self.probes(key) {
            self.words[word] |= bit;
        }
    }

    pub(super) fn may_hold(&self, key: &IdKey) -> bool {
        self.probes(key)
            .all(|(word, bit)| self.words[word] & bit != 0)
    }

    fn prefix(run: u32) -> Vec<u8> {
        let mut key = vec![b'f'];
        key.extend_from_slice(&run.to_be_bytes());
        key
    }

    pub(super) fn save(
        &self,
        store: &dyn DerivedStore,
        ledger: LedgerId,
        run: u32,
    ) -> Result<(), DerivedFault> {
        remove_prefix(store, ledger, &Self::prefix(run))?;
        let words_per_chunk = DerivedBatch::VALUE_BYTES_MAX / 8;
        for (number, words) in self.words.chunks(words_per_chunk).enumerate() {
            let mut key = Self::prefix(run);
            key.extend_from_slice(&u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes());
            let value: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let mut batch = DerivedBatch::new();
            batch.put(key, value).map_err(invalid)?;
            store.apply(ledger, batch)?;
        }
        Ok(())
    }

    pub(super) fn load(
        store: &dyn DerivedStore,
        ledger: LedgerId,
        run: u32,
    ) -> Result<Option<Self>, DerivedFault> {
        let chunks = store.scan(
            ledger,
            &DerivedRange::prefix(&Self::prefix(run)),
            usize::from(u16::MAX),
        )?;
        let words: Vec<u64> = chunks
            .iter()
            .flat_map(|(_, value)| value.chunks_exact(8))
            .map(|word| word.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
            .collect();
        Ok((!words.is_empty()).then_some(Self { words }))
    }

    pub(super) fn remove(
        store: &dyn DerivedStore,
        ledger: LedgerId,
        run: u32,
    ) -> Result<(), DerivedFault> {
        remove_prefix(store, ledger, &Self::prefix(run))
    }
}
