//! What a witness remembers. No input has the digest of its rest, so the target puts it there.

#![no_main]

use daicho_fuzz::KEYS;
use daicho_fuzz::merkle::Hash;
use daicho_fuzz::merkle::seen::Seen;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let key = &KEYS[1];
    let _ = Seen::parse(bytes, key);
    let mut whole = format!("daicho witness seen 1\nsha256 {}\n", Hash::digest(bytes)).into_bytes();
    whole.extend_from_slice(bytes);
    if let Ok(seen) = Seen::parse(&whole, key) {
        assert_eq!(seen.to_string().as_bytes(), whole);
    }
});
