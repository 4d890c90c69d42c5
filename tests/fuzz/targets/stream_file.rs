//! Stream files.

#![no_main]

use daicho_fuzz::merkle::StreamFile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = StreamFile::parse(bytes) {
        assert_eq!(file.to_string().as_bytes(), bytes);
    }
});
