//! What lies in sled: records of the read copy and of the index.

#![no_main]

use daicho::log::fuzzing::{self, Checksums};
use daicho_fuzz::seeds;

libfuzzer_sys::fuzz_target!(init: seeds::copied("read_copy"), |bytes: &[u8]| {
    match bytes {
        [0, record @ ..] => fuzzing::copy_record(record, Checksums::Right),
        [1, record @ ..] => fuzzing::copy_record(record, Checksums::AsTheyAre),
        [_, size, records @ ..] => {
            daicho::ledger::index::fuzzing::records(records, u64::from(*size));
        }
        _ => {}
    }
});
