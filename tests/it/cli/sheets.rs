//! A section's sheet goes out, is filled in and comes back, against a server with the sample.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Cursor, Read as _};
use std::path::PathBuf;

use daicho::import::workbook::{self, Address, Sheet, Value};
use tempfile::TempDir;
use zip::ZipArchive;

use super::process::{Ended, daicho};
use crate::process::Process;

mod out;

/// A server with the sample as it stands on 6 October, and a folder for files.
struct Office {
    server: Process,
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let words = ["demo", "--at", "2023-10-06", "--data"].map(OsStr::new);
        let server = Process::start(words.into_iter().chain([data.as_os_str()]));
        Self { server, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a line of words without spaces in them.
    fn run(&self, line: &str) -> Ended {
        let words = line.split(' ').chain(["--as", "係員"]);
        daicho(self.server.address(), words)
    }

    #[track_caller]
    fn done(&self, line: &str) -> Ended {
        let ended = self.run(line);
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        ended
    }

    /// The sheet of a section for September, in Japanese.
    #[track_caller]
    fn sheet(&self, section: &str) -> Vec<u8> {
        let path = self.path(&format!("{section}.xlsx"));
        let shown = path.display();
        self.done(&format!(
            "report sheet --section {section} --period 2023-09 -o {shown} --force --lang ja"
        ));
        std::fs::read(path).unwrap()
    }
}

/// The only sheet of a workbook.
fn only_sheet(bytes: &[u8]) -> Sheet {
    let mut workbook = workbook::read(bytes).expect("the workbook is read");
    assert_eq!(workbook.sheets.len(), 1);
    workbook.sheets.remove(0)
}

/// The row of the headings, and the column of each by its first line.
fn head(sheet: &Sheet) -> (u32, BTreeMap<String, u32>) {
    let (row, cells) = sheet
        .rows()
        .into_iter()
        .find(|(_, cells)| {
            let code = Value::Text("指標\nIndicator".to_owned());
            cells.iter().any(|(_, cell)| cell.value == code)
        })
        .expect("a head");
    let named = cells.into_iter().map(|(at, cell)| {
        let text = cell.value.text().expect("a text");
        let name = text.lines().next().unwrap_or_default().to_owned();
        (name, at.column)
    });
    (row, named.collect())
}

/// A part of a workbook's ZIP.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
    let mut text = String::new();
    let mut part = archive.by_name(name).expect("a part");
    part.read_to_string(&mut text).expect("read");
    text
}
