//! Tables that people fill in and hand back: a section's sheet, entries from elsewhere, a list of transfers.

#![no_main]

use std::sync::LazyLock;

use daicho::api::v1;
use daicho::cli::sheet::entries::Entries;
use daicho::cli::sheet::form::Key;
use daicho::cli::sheet::lines;
use daicho::cli::sheet::row::Reader;
use daicho::domain::text::Language;
use daicho::import::transfers;

/// An indicator of each kind of entry.
static DEFINITIONS: LazyLock<Vec<v1::Definition>> = LazyLock::new(|| {
    let kinds = (0..16).filter(|kind| v1::EntryKind::try_from(*kind).is_ok());
    let definition = |entry_kind: i32| v1::Definition {
        entry_kind: entry_kind.into(),
        ..Default::default()
    };
    kinds.map(definition).collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, file)) = bytes.split_first() else {
        return;
    };
    let language = match kind & 1 {
        0 => Language::Ja,
        _ => Language::En,
    };
    match kind >> 1 {
        0 => {
            if let Ok(lines) = lines::read(language, file) {
                let mut reader = Reader {
                    language,
                    lines: &lines,
                    faults: Vec::new(),
                };
                for line in lines.rows.iter().filter(|line| Reader::reports(line)) {
                    let key = reader.identity(line).map(|identity| identity.key);
                    let key = key.unwrap_or(Key::Whole);
                    for definition in DEFINITIONS.iter() {
                        let before = reader.faults.len();
                        let reported = reader.reported(line, definition, &key);
                        assert!(reported.is_some() || before < reader.faults.len());
                    }
                }
            }
        }
        1 => drop(Entries::of(file)),
        _ => match transfers::read(file) {
            Ok(transfers) => assert!(transfers.len() <= transfers::ROWS_MAX),
            Err(unread) => drop(format!("{unread:?}")),
        },
    }
});
