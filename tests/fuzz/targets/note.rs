//! Notes, and the signature lines that a witness answers with.

#![no_main]

use daicho_fuzz::KEYS;
use daicho_fuzz::merkle::{Cosignatures, Note};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let again = Note::new(note.text().to_owned(), note.signatures().to_vec());
        assert_eq!(again.as_ref(), Ok(&note));
        if let Ok(verified) = note.verify(KEYS.iter()) {
            assert!(!verified.is_empty());
        }
    }
    if let Ok(lines) = Cosignatures::parse(bytes) {
        assert_eq!(lines.to_string().as_bytes(), bytes);
    }
});
