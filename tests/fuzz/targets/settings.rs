//! The settings file: settings, or every one that cannot be used.

#![no_main]

use daicho::config::{Config, Flags};
use daicho_fuzz::folder::file;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let flags = Flags {
        config: Some(file("daicho.toml", text)),
        ..Flags::default()
    };
    let read = || Config::from_sources(&flags, |_| None);
    match read() {
        Ok(config) => assert_eq!(read(), Ok(config)),
        Err(invalid) => {
            assert!(!invalid.faults().is_empty());
            assert!(!invalid.to_string().is_empty());
        }
    }
});
