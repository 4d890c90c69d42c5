//! The half year and the end of the year as people ask for them: on the command line, against a server with the sample.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{Ended, daicho};
use crate::process::Process;

/// A server with the sample as it stands on a day.
pub(super) struct Sample {
    pub(super) server: Process,
    folder: TempDir,
}

impl Sample {
    pub(super) fn on(day: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let words = ["demo", "--at", day, "--data"].map(OsStr::new);
        let server = Process::start(words.into_iter().chain([data.as_os_str()]));
        Self { server, folder }
    }

    /// Its data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("demo")
    }

    /// Runs a line of words without spaces in them.
    fn run(&self, line: &str) -> Ended {
        self.run_as("planner", line)
    }

    /// The same as somebody else.
    pub(super) fn run_as(&self, actor: &str, line: &str) -> Ended {
        let words = line.split(' ').chain(["--as", actor]);
        daicho(self.server.address(), words)
    }

    #[track_caller]
    pub(super) fn done(&self, line: &str) -> Ended {
        let ended = self.run(line);
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        ended
    }

    #[track_caller]
    pub(super) fn refused(&self, line: &str, code: i32, reason: &str, words: &str) {
        let ended = self.run(&format!("{line} --lang en"));
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert_eq!(ended.output, "", "{line}");
        let said = &ended.errors;
        assert!(
            said.contains(reason) && said.contains(words),
            "{line}: {said}"
        );
    }

    /// The canonical rows at a point: cells by indicator and column.
    fn rows(&self, point: &str) -> BTreeMap<String, BTreeMap<String, String>> {
        let file = self
            .done(&format!("evaluate R5 {point} --format csv"))
            .output;
        assert!(!file.contains('"'));
        let mut lines = file.lines().map(|line| line.split(','));
        let header: Vec<&str> = lines.next().unwrap().collect();
        let row = |cells: std::str::Split<'_, char>| {
            let named = header.iter().zip(cells);
            let cells: BTreeMap<_, _> = named
                .map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
                .collect();
            (cells["indicator"].clone(), cells)
        };
        lines.map(row).collect()
    }
}

/// Without digests: they say nothing to a reader, and each of them is checked elsewhere.
fn readable(ended: &Ended) -> String {
    let hexadecimal = |word: &str| 64 == word.len() && word.chars().all(|c| c.is_ascii_hexdigit());
    let line = |line: &str| {
        let words = line.split(' ');
        let words = words.map(|word| if hexadecimal(word) { "[sha-256]" } else { word });
        words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
    };
    let lines: Vec<String> = ended.output.lines().map(line).collect();
    lines.join("\n").replace(&"-".repeat(64), "---------")
}

/// Columns that differ between two evaluations without anything being different.
const OF_THE_QUESTION: [&str; 4] = ["known_at", "effective_on", "policy", "last_event_position"];

const HALF_YEAR: &str = "--on 2023-09-30 --known-at 2023-10-10";
const IMPROVED: &str = "R5/総務部/3-1/1.1";

#[test]
fn the_half_year_reads_the_same_whatever_is_corrected_later() {
    let sample = Sample::on("2023-10-11");
    let asked = || {
        let table = sample.done(&format!("evaluate R5 {HALF_YEAR} --lang ja"));
        let csv = sample.done(&format!("evaluate R5 {HALF_YEAR} --format csv"));
        let json = sample.done(&format!("evaluate R5 {HALF_YEAR} --format json"));
        let mut json = json.json();
        // The head tells when it was asked.
        let head = json["evaluated_at"].as_object_mut().unwrap().remove("head");
        assert!(head.is_some());
        (table.output, csv.output, json)
    };
    let before = asked();
    assert_eq!(before.1.lines().count(), 1 + 241);
    sample.done(&format!(
        "correct {IMPROVED}@2023-06-30 2 --reason 数え直した"
    ));
    // Looked into, and found right.
    sample.done(&format!(
        "correct {IMPROVED}@2023-05-31 6 --reason 確かめた"
    ));
    sample.done("target revise R5/総務部/3-1/1.1 60 --effective 2023-09-15 --reason 見直した");
    assert_eq!(asked(), before);

    let changed: Value = sample.done("plan restatements R5 mid-year --json").json();
    assert_eq!(
        (
            &changed["rows"],
            &changed["differences"][0]["indicator"]["code"]
        ),
        (&1.into(), &IMPROVED.into())
    );
    let causes = changed["differences"][0]["learnt"]["causes"]
        .as_array()
        .unwrap();
    let told: Vec<&Value> = causes.iter().map(|cause| &cause["type"]).collect();
    assert_eq!(
        told,
        ["EVENT_TYPE_ACTUAL_CORRECTED", "EVENT_TYPE_TARGET_REVISED"]
    );
    let all = sample.done(&format!(
        "audit changes {IMPROVED} --type actual-corrected --json"
    ));
    assert_eq!(all.json()["changes"].as_array().unwrap().len(), 3);

    sample.refused("plan close R5 year-end", 1, "PERIOD_NOT_ENDED", "");
    sample.refused(
        &format!("plan reopen R5 year-end --scope {IMPROVED} --until 2024-12-01 --reason 漏れ"),
        1,
        "PERIOD_NOT_CLOSED",
        "",
    );
}

#[test]
fn what_differs_since_the_half_year_is_explained_event_by_event() {
    let sample = Sample::on("2024-06-01");
    let snapshots = sample.done("plan snapshots R5 --json").json();
    let of = |number: usize| &snapshots["snapshots"][number];
    let known = |number: usize| of(number)["known_at"].as_u64().unwrap();
    let now = sample.rows("--on 2023-09-30");
    for revision in [1_usize, 2] {
        let then = sample.rows(&format!(
            "--on 2023-09-30 --known-at {}",
            known(revision - 1)
        ));
        let mut differing = BTreeSet::new();
        for (code, cells) in &now {
            let differs = |(column, cell): (&String, &String)| {
                !OF_THE_QUESTION.contains(&column.as_str()) && then[code][column] != *cell
            };
            if cells.iter().any(differs) {
                differing.insert(code.clone());
            }
        }
        // The second closing came after both of them.
        assert_eq!(differing.len(), [2, 0][revision - 1]);
        let line = format!("plan restatements R5 mid-year --revision {revision} --json");
        let told = sample.done(&line).json();
        let mut explained = BTreeSet::new();
        for row in told["differences"].as_array().unwrap() {
            let causes = row["learnt"]["causes"].as_array().unwrap();
            assert!(!causes.is_empty(), "{row}");
            for cause in causes {
                assert!(!cause["fields"].as_array().unwrap().is_empty(), "{cause}");
                assert!(known(revision - 1) <= cause["position"].as_u64().unwrap());
            }
            explained.insert(row["indicator"]["code"].as_str().unwrap().to_owned());
        }
        assert_eq!(explained, differing, "revision {revision}");
        assert_eq!(told["rows"], explained.len());
    }
    let snapshot = sample.done("plan snapshot R5 mid-year --revision 1 --lang ja");
    assert!(snapshot.output.contains("一致: 同じ行が再計算されます"));
    assert!(
        snapshot
            .output
            .contains("確定 2023-10-10 17:20:00 · 凍結 2023-10-10 17:20:00")
    );
    assert_snapshot!(
        "snapshots_ja",
        readable(&sample.done("plan snapshots R5 --lang ja"))
    );
    let line = "plan restatements R5 mid-year --revision 1 --lang";
    assert_snapshot!(
        "restatements_ja",
        readable(&sample.done(&format!("{line} ja")))
    );
    assert_snapshot!(
        "restatements_en",
        readable(&sample.done(&format!("{line} en")))
    );

    let restated =
        sample.done("plan restate R5 mid-year --revision 1 --reason 訂正の公表 --lang en");
    assert!(
        restated.output.contains("rows=2 material=0"),
        "{restated:?}"
    );
    let listed = sample
        .done("plan snapshots R5 --period mid-year --json")
        .json();
    let counts: Vec<usize> = listed["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|snapshot| snapshot["restatements"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(counts, [1, 0]);
    let nothing = "plan restate R5 year-end --reason 訂正の公表";
    sample.refused(nothing, 1, "RESTATEMENT_EMPTY", "daicho plan restatements");
}

#[test]
fn the_end_of_the_year_counts_what_came_in_until_the_accounts_were_settled() {
    let sample = Sample::on("2024-06-01");
    let march = sample.rows("--on 2024-03-31 --known-at 2024-04-01");
    let settled = sample.rows("--on 2024-03-31 --known-at 2024-06-01");
    let cells = |rows: &BTreeMap<String, BTreeMap<String, String>>, code: &str| {
        let cells = &rows[code];
        ["actual", "achievement", "status", "entries"].map(|column| cells[column].clone())
    };
    assert_eq!(
        cells(&march, IMPROVED),
        ["45", "NOT_ACHIEVED", "NOT_ACHIEVED", "9"]
    );
    assert_eq!(
        cells(&settled, IMPROVED),
        ["53", "ACHIEVED", "ACHIEVED", "10"]
    );
    // Receipts of the year come in until 31 May, so nothing of them is final in March; of waterworks it is.
    let (taxes, water) = ("R5/総務部/2-1/1.1", "R5/水資源部/2-1/1.1");
    let [_, achieved, status, entries] = cells(&settled, taxes);
    assert_eq!(
        (&*achieved, &*status, &*entries),
        ("NOT_ACHIEVED", "SLIGHTLY_BEHIND", "12")
    );
    assert_eq!(cells(&march, taxes)[3], "11");
    assert_eq!(cells(&settled, water)[2], "NOT_ACHIEVED");
    let may = sample.rows("--on 2024-05-31 --known-at 2024-06-01");
    assert_eq!(cells(&may, taxes)[2], "NOT_ACHIEVED");

    let matches = sample.done("plan snapshot R5 year-end --json").json();
    assert_eq!(matches["matches"], true);
    let restated = sample
        .done("plan restatements R5 mid-year --revision 1 --json")
        .json();
    let codes: Vec<&Value> = restated["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["indicator"]["code"])
        .collect();
    assert_eq!(codes, [IMPROVED, "R5/建設部/2-1/2.1"]);
}

#[test]
fn an_evaluation_is_a_table_an_object_or_a_file_and_a_refusal_says_why() {
    let sample = Sample::on("2024-06-01");
    let line = format!("evaluate R5 {HALF_YEAR}");
    for language in ["ja", "en"] {
        let table = sample.done(&format!("{line} --section 総務文書課 --lang {language}"));
        assert_snapshot!(format!("evaluate_{language}"), readable(&table));
        let by = sample.done(&format!("{line} --by pillar --lang {language}"));
        assert_snapshot!(format!("evaluate_by_pillar_{language}"), readable(&by));
        let compared = format!(
            "evaluate compare R5 --from 2023-09-30@2023-10-07 --to 2023-09-30@2023-10-10 --major-only --lang {language}"
        );
        assert_snapshot!(
            format!("evaluate_compare_{language}"),
            readable(&sample.done(&compared))
        );
    }
    let file = sample.done(&format!("{line} --format csv")).output;
    let row = file.lines().find(|row| row.contains(IMPROVED)).unwrap();
    let header = file.lines().next().unwrap();
    assert_snapshot!("evaluate_csv", format!("{header}\n{row}"));
    let object = sample.done(&format!("{line} --json")).json();
    assert_eq!(object, sample.done(&format!("{line} --format json")).json());
    assert_eq!(object["evaluated_at"]["effective_on"], "2023-09-30");

    let period = "--title 中間 --from 2023-04-01 --to 2023-09-30";
    for (line, code, reason, words) in [
        (
            format!("plan open-period R5 mid-year {period}"),
            4,
            "PERIOD_EXISTS",
            "plan periods",
        ),
        (
            format!("plan open-period R9 mid-year {period}"),
            3,
            "PLAN_UNKNOWN",
            "plan import",
        ),
        (
            "plan soft-close R5 mid-year".to_owned(),
            1,
            "PERIOD_NOT_OPEN",
            "CLOSED",
        ),
        (
            "plan soft-close R5 nothing".to_owned(),
            3,
            "PERIOD_UNKNOWN",
            "mid-year, year-end",
        ),
        (
            "plan close R5 mid-year".to_owned(),
            1,
            "PERIOD_ALREADY_CLOSED",
            "revision 2",
        ),
        (
            "plan snapshot R5 nothing".to_owned(),
            3,
            "PERIOD_UNKNOWN",
            "plan periods",
        ),
        (
            "plan snapshot R5 mid-year --revision 9".to_owned(),
            3,
            "SNAPSHOT_UNKNOWN",
            "plan snapshots",
        ),
        (
            "plan restatements R5 mid-year --revision 9".to_owned(),
            3,
            "SNAPSHOT_UNKNOWN",
            "",
        ),
        (
            format!("plan reopen R5 mid-year --scope {IMPROVED} --until 2023-12-01 --reason x"),
            1,
            "DATE_IN_PAST",
            "2024-06-01",
        ),
        (
            "plan reopen R5 mid-year --scope R5/無い --until 2199-12-01 --reason x".to_owned(),
            3,
            "INDICATOR_UNKNOWN",
            "scope[0]",
        ),
        (
            "evaluate R5 --known-at 99999999".to_owned(),
            1,
            "AS_OF_SIZE_IN_FUTURE",
            "events",
        ),
        (
            "evaluate R5 --policy none@1".to_owned(),
            3,
            "POLICY_UNKNOWN",
            "policy list",
        ),
        (
            "evaluate compare R5 --from nothing".to_owned(),
            3,
            "PERIOD_UNKNOWN",
            "mid-year",
        ),
        (
            "evaluate compare R5 --from 2023-09-30 --to 2023-06-30".to_owned(),
            1,
            "FIELD_INVALID",
            "must not be before",
        ),
        (
            "evaluate R5 --format csv --by pillar".to_owned(),
            2,
            "--format csv",
            "filters",
        ),
    ] {
        sample.refused(&line, code, reason, words);
    }
    let policies = sample.done("policy list --lang ja");
    assert_snapshot!("policies_ja", readable(&policies));
}

#[test]
fn a_year_is_put_beside_the_one_before_where_both_define_alike() {
    let sample = Sample::on("2023-10-11");
    let line = "evaluate last-year R5 --on 2023-09-30 --known-at 2023-10-10";
    let found = sample.done(&format!("{line} --json")).json();
    let list = |field: &str| found[field].as_array().unwrap().clone();
    let (compared, left_out) = (list("compared"), list("left_out"));
    assert_eq!(
        (compared.len(), found["compared_total"].as_u64()),
        (9, Some(9))
    );
    assert_eq!(found["before"]["effective_on"], "2022-09-30");
    // Each criterion of this year is in one place.
    let of_this_year = compared
        .iter()
        .chain(&left_out)
        .filter(|one| one["indicator"].is_object());
    assert_eq!(of_this_year.count(), 241);
    assert!(left_out.iter().all(|one| one["why"] == "APART_NEW"));
    // What is told of each year is what each year's own rows say.
    let rows = sample.rows("--on 2023-09-30 --known-at 2023-10-10");
    for one in &compared {
        let cells = &rows[one["indicator"]["code"].as_str().unwrap()];
        for field in one["fields"].as_array().unwrap() {
            let told = field["after"].as_str().unwrap_or_default();
            assert_eq!(told, cells[field["field"].as_str().unwrap()], "{one}");
        }
    }
    let table = readable(&sample.done(&format!("{line} --lang ja")));
    let until_new = table.split("\n\n理由").next().unwrap();
    assert_snapshot!("last_year_ja", until_new);
    sample.refused(
        "evaluate last-year R4 --on 2022-09-30",
        3,
        "PLAN_UNKNOWN",
        "plan_before",
    );
    sample.refused(
        "evaluate last-year R5 --with R5",
        3,
        "PLAN_UNKNOWN",
        "plan_before",
    );
}
