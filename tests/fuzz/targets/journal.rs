//! Files of the journal, plain, compressed and as two of a folder, and the heads beside them: whatever stands there is read or told
//! as damage.

#![no_main]

use daicho::log::fuzzing::{self, Checksums};
use daicho_fuzz::folder::FOLDER;
use daicho_fuzz::seeds;

libfuzzer_sys::fuzz_target!(init: seeds::journal("journal"), |bytes: &[u8]| {
    let Some(([kind, part], file)) = bytes.split_first_chunk() else {
        return;
    };
    let checksums = match kind & 8 {
        0 => Checksums::Right,
        _ => Checksums::AsTheyAre,
    };
    match kind & 3 {
        0 => fuzzing::segment(file, checksums),
        1 => fuzzing::packed(&FOLDER.join("packed"), file, checksums),
        2 => {
            let root = FOLDER.join("journals");
            let first = file.len() * usize::from(*part) / 255;
            fuzzing::folder(&root, file, first, checksums);
        }
        _ => fuzzing::heads(&FOLDER.join("heads"), file, checksums),
    }
});
