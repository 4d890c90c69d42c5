//! What is one line, or no text: tile paths, keys, sizes, fingerprints, rows of heads, tiles.

#![no_main]

use daicho_fuzz::merkle::{
    Fingerprint, SigningKey, StreamHead, Tile, VerifierKey, parse_known_size,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(row) = StreamHead::decode(bytes) {
        assert_eq!(row.encode(), bytes);
    }
    if let Ok(size) = parse_known_size(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(tile) = text.parse::<Tile>() {
        assert_eq!(tile.to_string(), text);
        if let Ok(hashes) = tile.decode(bytes) {
            assert_eq!(Tile::encode(&hashes), bytes);
        }
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = SigningKey::from_skey(text) {
        assert_eq!(*key.to_skey(), text);
    }
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
});
