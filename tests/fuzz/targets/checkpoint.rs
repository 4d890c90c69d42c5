//! The text of a checkpoint, with the fingerprint that it has.

#![no_main]

use daicho_fuzz::merkle::{Checkpoint, Fingerprint};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
        let fingerprint = Fingerprint::of(&checkpoint);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
});
