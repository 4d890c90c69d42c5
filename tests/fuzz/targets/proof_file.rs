//! Proof files, judged by a policy.

#![no_main]

use daicho_fuzz::POLICY;
use daicho_fuzz::merkle::{ProofFile, leaf_hash};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = ProofFile::parse(bytes) {
        assert_eq!(file.to_string().as_bytes(), bytes);
        if let Ok((leaf, verdict)) = file.verify(&POLICY) {
            assert_eq!(Some(leaf), file.extra().map(leaf_hash));
            assert!(verdict.quorum_met);
        }
    }
});
