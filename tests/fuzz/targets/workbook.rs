//! Workbooks: a ZIP of any bytes, and one of any parts. Each part is a line with its name, what it holds and a NUL.

#![no_main]

use std::io::{Cursor, Write as _};

use daicho::domain::text::Language;
use daicho::import::workbook::{self, Value};
use daicho::{cli, import};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn zipped(parts: &[u8]) -> Option<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for part in parts.split(|byte| *byte == 0) {
        let end = part.iter().position(|byte| *byte == b'\n')?;
        let name = std::str::from_utf8(&part[..end]).ok()?;
        writer.start_file(name, stored).ok()?;
        writer.write_all(&part[end + 1..]).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

libfuzzer_sys::fuzz_target!(
    init: {
        // Where the parser panics the file is broken, which is told. Another panic still ends the process.
        std::panic::set_hook(Box::new(|panic| {
            let is_caught = panic.location().is_some_and(|at| at.file().contains("calamine"));
            if !is_caught {
                eprintln!("{panic}");
                std::process::abort();
            }
        }));
    },
    |bytes: &[u8]| {
        let made;
        let file = match bytes.starts_with(b"PK") {
            true => bytes,
            false => match zipped(bytes) {
                Some(zip) => {
                    made = zip;
                    &made
                }
                None => return,
            },
        };
        let Ok(workbook) = workbook::read(file) else {
            return;
        };
        for sheet in &workbook.sheets {
            for (address, cell) in sheet.cells() {
                assert!(sheet.at(address).is_some());
                assert_eq!(cell.value.text().is_err(), matches!(cell.value, Value::Unusable(_)));
            }
            let _: Vec<_> = sheet.rows().iter().map(|(row, _)| sheet.line(*row)).collect();
        }
        let _ = import::read(file, None);
        let _ = cli::sheet::lines::read(Language::Ja, file);
        let _ = cli::sheet::entries::Entries::of(file);
    }
);
