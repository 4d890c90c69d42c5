//! What one ledger writes as tables another takes in, and writes again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use daicho::report::tidy;
use tempfile::TempDir;

use super::process::{Ended, daicho};
use crate::process::Process;

/// A server with the sample as it stands on a day, a second, empty ledger, and a folder for files.
struct Two {
    server: Process,
    folder: TempDir,
}

const SAMPLE: &str = "kariya-sample";
const OTHER: &str = "other";

impl Two {
    fn new(day: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let words = ["demo", "--at", day, "--data"].map(OsStr::new);
        let server = Process::start(words.into_iter().chain([data.as_os_str()]));
        let two = Self { server, folder };
        two.done("ledger open other --name 他市 --origin other.example/daicho");
        two
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

    /// A table of a ledger; its bytes are kept in a file too.
    #[track_caller]
    fn table(&self, ledger: &str, what: &str, format: &str) -> (Vec<u8>, String) {
        let name = format!("{ledger}-{}.{format}", what.replace([' ', '-'], ""));
        let path = self.path(&name).display().to_string();
        self.done(&format!(
            "report data {what} --ledger {ledger} --format {format} -o {path} --force"
        ));
        (std::fs::read(&path).unwrap(), path)
    }
}

/// That two files are the same, or the first lines in which they differ.
#[track_caller]
fn same(one: &[u8], other: &[u8]) {
    let lines = |bytes| std::str::from_utf8(bytes).unwrap().lines();
    let differing = lines(one)
        .zip(lines(other))
        .find(|(one, other)| one != other);
    assert_eq!(differing, None);
    assert!(one == other, "one of them is longer");
}

#[test]
fn what_is_exported_can_be_taken_in_and_exported_again_as_it_was() {
    let two = Two::new("2023-12-15");
    // The plan as it stands, the criterion that was set in the course of the year included.
    let (plan, path) = two.table(SAMPLE, "plan R5", "csv");
    two.done(&format!("plan import {path} --ledger {OTHER}"));
    let (again, _) = two.table(OTHER, "plan R5", "csv");
    same(&again, &plan);
    // First targets, units and comparators came over with the words; revisions are the ledger's own story.
    let first_targets = |ledger| {
        let (bytes, _) = two.table(ledger, "targets R5 --portable", "csv");
        let rows = tidy::read(&bytes).unwrap().into_iter().skip(1);
        let first = rows.filter(|row| row[3] == "1").map(|row| {
            let [indicator, target, unit, comparator] = [2, 13, 14, 15].map(|at| row[at].clone());
            [indicator, target, unit, comparator].join(" ")
        });
        first.collect::<BTreeSet<String>>()
    };
    let (theirs, ours) = (first_targets(OTHER), first_targets(SAMPLE));
    let differing: Vec<_> = theirs.symmetric_difference(&ours).collect();
    // Its words name no number: what was aimed at was set by hand, as the ledger's own story too.
    assert_eq!(differing, ["R5/総務部/6-1/2.1 45 {hour} LE"]);

    // Everything that was reported, corrected and taken back.
    let why = "--migration --reason 台帳の移行 --document 5企第45号";
    let (entries, path) = two.table(SAMPLE, "entries R5 --portable", "csv");
    let rows = tidy::read(&entries).unwrap();
    let kind_at = rows[0].iter().position(|name| name == "kind").unwrap();
    let kinds = |kind: &str| rows.iter().filter(|row| row[kind_at] == kind).count();
    assert!(300 < kinds("REPORT"));
    for kind in ["CORRECTION", "RETRACTION", "REDEFINITION"] {
        assert!(0 < kinds(kind), "{kind}");
    }
    let checked = two
        .done(&format!(
            "record --file {path} --ledger {OTHER} {why} --check --json"
        ))
        .json();
    assert_eq!(checked["checked_only"], true, "{checked}");
    let taken = two
        .done(&format!(
            "record --file {path} --ledger {OTHER} {why} --json"
        ))
        .json();
    assert_eq!(taken["recorded"], rows.len() - 1, "{taken}");
    let (again, _) = two.table(OTHER, "entries R5 --portable", "csv");
    same(&again, &entries);

    // Twice adds nothing; neither does the same in the other profile or with what is the other ledger's own.
    for (table, format) in [
        ("entries R5", "csv"),
        ("entries R5", "csv-excel"),
        ("entries R5", "xlsx"),
        // Its last columns are empty in most rows.
        ("entries R5 --portable", "xlsx"),
    ] {
        let (_, path) = two.table(SAMPLE, table, format);
        let told = two
            .done(&format!(
                "record --file {path} --ledger {OTHER} {why} --json"
            ))
            .json();
        assert_eq!(told["recorded"], 0, "{format}: {told}");
        assert_eq!(told["known_before"], rows.len() - 1, "{format}: {told}");
    }
    // What is the ledger's own differs, and nothing else does.
    let whole = |ledger| {
        let (bytes, _) = two.table(ledger, "entries R5", "csv");
        tidy::read(&bytes).unwrap()
    };
    let (ours, theirs) = (whole(SAMPLE), whole(OTHER));
    let mut differing: Vec<&str> = ours
        .iter()
        .zip(&theirs)
        .flat_map(|(ours, theirs)| ours.iter().zip(theirs).enumerate())
        .filter(|(_, (ours, theirs))| ours != theirs)
        .map(|(at, _)| ours[0][at].as_str())
        .collect();
    differing.sort_unstable();
    differing.dedup();
    assert_eq!(
        differing,
        [
            "causation_id",
            "days_late",
            "indicator_id",
            "known_at",
            "leaf_hash",
            "ledger",
            "position",
            "recorded_at",
            "recorded_by"
        ]
    );
    // The file stands in the ledger by its digest, with why and on which paper.
    let digest = taken["file_sha256"].as_str().unwrap();
    let events = two.done(&format!("events read --from 0 --ledger {OTHER} --json"));
    let accepted = events.output.lines().find(|line| {
        line.contains("import_accepted")
            && line.contains("台帳の移行")
            && line.contains("5企第45号")
    });
    assert!(accepted.is_some(), "{digest}");
}

#[test]
fn every_table_comes_in_every_format_and_is_explained() {
    let two = Two::new("2023-10-06");
    let path = two.path("dictionary.csv").display().to_string();
    // No server is asked.
    let words = ["report", "dictionary", "--format", "csv", "-o", &path];
    let ended = daicho("http://127.0.0.1:1", words);
    assert_eq!(ended.code, 0, "{ended:?}");
    let dictionary = tidy::read(&std::fs::read(&path).unwrap()).unwrap();
    for table in ["entries", "targets", "changes", "rows", "plan"] {
        let what = format!("{table} R5");
        let (machine, _) = two.table(SAMPLE, &what, "csv");
        let rows = tidy::read(&machine).unwrap();
        let explained = dictionary.iter().filter(|row| row[0] == table);
        let explained: Vec<&String> = explained.map(|row| &row[4]).collect();
        assert_eq!(explained, rows[0].iter().collect::<Vec<_>>(), "{table}");
        assert!(1 < rows.len(), "{table}");

        let (spreadsheet, _) = two.table(SAMPLE, &what, "csv-excel");
        assert!(spreadsheet.starts_with("\u{FEFF}".as_bytes()));
        assert!(tidy::read(&spreadsheet).unwrap() == rows, "{table}");
        let (json, _) = two.table(SAMPLE, &what, "json");
        let json: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_slice(&json).unwrap();
        assert_eq!(json.len(), rows.len() - 1, "{table}");
        for (object, row) in json.iter().zip(&rows[1..]) {
            for (name, cell) in rows[0].iter().zip(row) {
                let told = match &object[name] {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(&told, cell, "{table}.{name}");
            }
        }
        let (xlsx, _) = two.table(SAMPLE, &what, "xlsx");
        let workbook = daicho::import::workbook::read(&xlsx).unwrap();
        let read = workbook.sheets[0].rows();
        assert_eq!(read.len(), rows.len(), "{table}");
        for ((_, cells), row) in read.iter().zip(&rows) {
            for (at, cell) in cells {
                let told = cell.value.text().unwrap();
                assert_eq!(told, row[at.column as usize], "{table}");
            }
        }
    }
    let refused = two.run("report data changes R5 --portable -o -");
    assert_eq!(refused.code, 1, "{refused:?}");
}

#[test]
fn what_is_wrong_with_a_table_of_entries_is_told_by_row_and_column() {
    let two = Two::new("2023-10-06");
    let (entries, _) = two.table(SAMPLE, "entries R5", "csv");
    let rows = tidy::read(&entries).unwrap();
    let at = |name: &str| rows[0].iter().position(|own| own == name).unwrap();
    let mut wrong: Vec<Vec<String>> = rows.iter().take(4).cloned().collect();
    wrong[1][at("kind")] = "GUESS".to_owned();
    wrong[2][at("valid_from")] = "昨日".to_owned();
    wrong[3][at("reason")] = "=1+1".to_owned();
    wrong[3][at("reason_code")] = "OTHER".to_owned();
    let write = |name: &str, rows: &[Vec<String>]| {
        let path = two.path(name);
        let text = tidy::csv(tidy::Profile::Machine, rows.iter().cloned());
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let why = "--migration --reason 台帳の移行 --document 5企第45号 --lang en";
    let path = write("wrong.csv", &wrong);
    let ended = two.run(&format!("record --file {path} --ledger {SAMPLE} {why}"));
    assert_eq!(ended.code, 1, "{ended:?}");
    for said in [
        "row 2 kind: one of REPORT",
        "row 3 valid_from: not a day",
        "row 4 event_id: another fact is recorded under this id",
    ] {
        assert!(ended.errors.contains(said), "{said}: {}", ended.errors);
    }
    for row in &mut wrong {
        row.push("?".to_owned());
    }
    wrong[0].pop();
    wrong[0].push("guess".to_owned());
    let path = write("more.csv", &wrong);
    let ended = two.run(&format!("record --file {path} --ledger {SAMPLE} {why}"));
    assert!(
        ended.errors.contains("row 1 guess: no such column"),
        "{}",
        ended.errors
    );
}
