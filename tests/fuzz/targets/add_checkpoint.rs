//! Requests to a witness, decided as by one that has seen what the request says.

#![no_main]

use daicho_fuzz::KEYS;
use daicho_fuzz::merkle::{AddCheckpoint, Hash, TreeHead};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match AddCheckpoint::parse(bytes) {
        Err(invalid) => assert!(matches!(invalid.status(), 400 | 422)),
        Ok(request) => {
            assert_eq!(request.to_string().as_bytes(), bytes);
            let size = request.old_size();
            let root = match size {
                0 => Hash::EMPTY_ROOT,
                _ => request.checkpoint().checkpoint().head().root,
            };
            if let Ok(head) = request.decide(&KEYS, &TreeHead { size, root }) {
                assert!(size <= head.size);
            }
        }
    }
});
