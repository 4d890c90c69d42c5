//! A section's sheet goes out, is filled in and comes back, against a server with the sample.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Cursor, Read as _, Write as _};
use std::path::PathBuf;

use daicho::import::workbook::{self, Address, Sheet, Value};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::process::{Ended, daicho};
use crate::process::Process;

mod back;
mod hostile;
mod migration;
mod out;

/// A server with the sample, and a folder for files.
pub(super) struct Office {
    server: Process,
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        Self::on("2023-10-06")
    }

    /// With the sample as it stands on a day.
    pub(super) fn on(day: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let words = ["demo", "--at", day, "--data"].map(OsStr::new);
        let server = Process::start(words.into_iter().chain([data.as_os_str()]));
        Self { server, folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a line of words without spaces in them.
    pub(super) fn run(&self, line: &str) -> Ended {
        let words = line.split(' ').chain(["--as", "係員"]);
        daicho(self.server.address(), words)
    }

    #[track_caller]
    pub(super) fn done(&self, line: &str) -> Ended {
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

impl Office {
    /// Writes a file; its path.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    pub(super) fn size(&self) -> u64 {
        let listed = self.done("ledger list --json").json();
        listed["ledgers"][0]["head"]["size"].as_u64().unwrap()
    }

    /// The events from a position on.
    pub(super) fn events(&self, from: u64) -> Vec<serde_json::Value> {
        let read = self.done(&format!("events read --from {from} --json"));
        let lines = read.output.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// What is put into a cell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Put<'a> {
    Number(&'a str),
    Text(&'a str),
    /// With what it came to.
    Formula(&'a str, &'a str),
}

/// A sheet to fill in as a spreadsheet does: its cells change, the rest stays.
struct Filled {
    bytes: Vec<u8>,
    columns: BTreeMap<String, u32>,
    rows: BTreeMap<String, u32>,
}

impl Filled {
    fn new(bytes: Vec<u8>) -> Self {
        let sheet = only_sheet(&bytes);
        let (head, columns) = head(&sheet);
        let mut rows = BTreeMap::new();
        for (row, _) in sheet.rows().into_iter().filter(|(row, _)| head < *row) {
            if let Some(Value::Text(code)) = sheet.at(Address::new(row, columns["指標"])) {
                rows.insert(code.clone(), row);
            }
        }
        Self {
            bytes,
            columns,
            rows,
        }
    }

    /// The address of a cell: by the row's code and the beginning of the column's name.
    #[track_caller]
    fn at(&self, code: &str, column: &str) -> Address {
        let named = self
            .columns
            .iter()
            .find(|(name, _)| name.starts_with(column));
        let (_, column) = named.unwrap_or_else(|| panic!("no column {column}"));
        let row = self.rows.get(code);
        Address::new(*row.unwrap_or_else(|| panic!("no row {code}")), *column)
    }

    /// The workbook with some cells filled in.
    #[track_caller]
    fn with(&self, puts: &[(&str, &str, Put<'_>)]) -> Vec<u8> {
        edited(&self.bytes, SHEET, |mut xml| {
            for (code, column, put) in puts {
                xml = put_in(&xml, self.at(code, column), *put);
            }
            xml
        })
    }
}

/// The only sheet of a workbook, in its ZIP.
pub(super) const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The workbook with cells filled in by their addresses, as a spreadsheet does: what looks like a number is one.
pub(crate) fn fill(bytes: &[u8], cells: &[(String, String)]) -> Vec<u8> {
    edited(bytes, SHEET, |mut xml| {
        for (at, value) in cells {
            let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
            let put = if !value.is_empty() && value.bytes().all(plain) {
                Put::Number(value)
            } else {
                Put::Text(value)
            };
            xml = put_in(&xml, at, put);
        }
        xml
    })
}

#[track_caller]
pub(super) fn put_in(xml: &str, at: impl std::fmt::Display, put: Put<'_>) -> String {
    let begin = xml
        .find(&format!("<c r=\"{at}\""))
        .unwrap_or_else(|| panic!("no cell {at}"));
    let (before, rest) = xml.split_at(begin);
    let open_ends = rest.find('>').unwrap() + 1;
    let open = &rest[..open_ends];
    let after = if open.ends_with("/>") {
        &rest[open_ends..]
    } else {
        &rest[rest.find("</c>").unwrap() + 4..]
    };
    let style = open
        .split(" s=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let cell = match put {
        Put::Number(number) => format!("<c r=\"{at}\" s=\"{style}\"><v>{number}</v></c>"),
        Put::Text(text) => {
            format!("<c r=\"{at}\" s=\"{style}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
        }
        Put::Formula(formula, came_to) => {
            format!("<c r=\"{at}\" s=\"{style}\"><f>{formula}</f><v>{came_to}</v></c>")
        }
    };
    format!("{before}{cell}{after}")
}

/// The same ZIP with one part passed through `edit`.
pub(super) fn edited(bytes: &[u8], name: &str, edit: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).expect("a part");
        let own = part.name().expect("a name").into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).expect("read");
        if own == name {
            let before = String::from_utf8(content).expect("XML is UTF-8");
            let after = edit(before.clone());
            assert_ne!(before, after, "{name} is not what the test takes it for");
            content = after.into_bytes();
        }
        out.start_file(&*own, SimpleFileOptions::default())
            .expect("begun");
        out.write_all(&content).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

/// The only sheet of a workbook.
pub(super) fn only_sheet(bytes: &[u8]) -> Sheet {
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
