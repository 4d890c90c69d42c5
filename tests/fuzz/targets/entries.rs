//! Bundles of leaves.

#![no_main]

use daicho_fuzz::merkle::{decode_entries, encode_entries};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(leaves) = decode_entries(bytes) {
        assert_eq!(encode_entries(leaves), Ok(bytes.to_vec()));
    }
});
