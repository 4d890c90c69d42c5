//! What a release computed, every later one computes again, byte for byte.
//!
//! `tests/golden/rows-v1` has a folder for each release that added one: a ledger as it stored it, what it found at some
//! points, and which those are. `docs/evaluation-rows.md` says how a release adds its own; what is there never changes.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daicho::domain::code::Code;
use daicho::domain::date::parse_iso;
use daicho::domain::evaluation::policy::PolicyVersion;
use daicho::domain::id::PlanId;
use daicho::ledger::{Ledgers, Reader};
use daicho::log::{CommitLog as _, Head, Leaf, LedgerCommit, MemoryLog, ReadLimits, codec};
use daicho::projection::evaluation::{At, PlanEvaluation, Ruling, compare, evaluate_plan, rows};
use sha2::{Digest as _, Sha256};

use super::{csv, plan};
use crate::fixture::start;

mod history;

/// A point that is kept: its name, which is also that of its file; D; K; the policy.
#[derive(Clone, Debug)]
struct Point {
    name: String,
    on: String,
    known_at: u64,
    policy: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rows-v1")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A ledger from its leaves as they are stored, one a line in hexadecimal.
async fn opened(file: &str) -> (Arc<Ledgers>, Arc<Reader>) {
    let leaves: Vec<Leaf> = file
        .lines()
        .map(|line| Leaf::new(hex::decode(line).unwrap()))
        .collect();
    let ledger = codec::decode(&leaves[0].bytes).unwrap().ledger;
    let log = MemoryLog::new();
    let taken = log
        .append(vec![LedgerCommit::new(ledger, Head::EMPTY, leaves)])
        .await;
    assert!(
        matches!(taken[..], [daicho::log::Outcome::Committed(_)]),
        "{taken:?}"
    );
    let ledgers = start(&log).await;
    let reader = ledgers.reader(ledger).unwrap();
    reader.caught_up(None).await;
    (ledgers, reader)
}

async fn found(reader: &Arc<Reader>, plan: PlanId, point: &Point) -> PlanEvaluation {
    let view = reader.view_at(point.known_at).await.unwrap();
    let (code, version) = point.policy.split_once('@').unwrap();
    let policy = PolicyVersion {
        code: Code::parse(code).unwrap(),
        version: version.parse().unwrap(),
    };
    let on = parse_iso(&point.on).unwrap();
    let at = At {
        plan: view.directory.plan(plan).unwrap().clone(),
        effective_on: on,
        known_at: point.known_at,
        ruling: Ruling::of(&view.directory, &policy, on, point.known_at).unwrap(),
        directory: view.directory,
    };
    evaluate_plan(reader, at).await.unwrap()
}

/// Points of `points.csv` with the digests of their files.
fn points(file: &str) -> Vec<(Point, String)> {
    let mut lines = file.lines();
    assert_eq!(
        lines.next(),
        Some("name,effective_on,known_at,policy,sha256")
    );
    let point = |line: &str| {
        let [name, on, known_at, policy, sha256] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let point = Point {
            name: name.to_owned(),
            on: on.to_owned(),
            known_at: known_at.parse().unwrap(),
            policy: policy.to_owned(),
        };
        (point, sha256.to_owned())
    };
    lines.map(point).collect()
}

/// What differs between the first point and the third: the half year, then and with all that is known.
const DIFFERENCES: &str = "differences";

fn differences(from: &PlanEvaluation, to: &PlanEvaluation) -> String {
    let found = compare::differences(from, to);
    compare::lines(from, to, &found).collect()
}

/// Of two files that differ the first line that does is told.
fn same(computed: &str, kept: &str, place: &str) {
    for (number, (computed, kept)) in (1..).zip(computed.lines().zip(kept.lines())) {
        assert_eq!(computed, kept, "{place}, line {number}");
    }
    assert!(computed == kept, "{place}: more or fewer lines");
}

#[tokio::test]
async fn what_a_release_computed_every_later_one_computes_again() {
    let mut releases = 0;
    for release in std::fs::read_dir(folder()).unwrap() {
        let release = release.unwrap().path();
        if !release.is_dir() {
            continue;
        }
        releases += 1;
        let (_ledgers, reader) = opened(&read(&release.join("ledger.hex"))).await;
        let plan = plan(&reader, "R5");
        let points = points(&read(&release.join("points.csv")));
        assert!(3 <= points.len());
        let mut evaluations = Vec::new();
        for (point, sha256) in &points {
            let evaluation = found(&reader, plan, point).await;
            let kept = read(&release.join(format!("{}.csv", point.name)));
            let place = format!("{} {}", release.display(), point.name);
            same(&csv(&evaluation), &kept, &place);
            assert_eq!(hex::encode(Sha256::digest(&kept)), *sha256, "{place}");
            assert_eq!(
                hex::encode(rows::digest(&evaluation).sha256),
                *sha256,
                "{place}"
            );
            evaluations.push(evaluation);
        }
        let kept = read(&release.join(format!("{DIFFERENCES}.csv")));
        assert!(1 < kept.lines().count());
        let told = differences(&evaluations[0], &evaluations[2]);
        same(&told, &kept, DIFFERENCES);
        as_it_was_frozen(&reader).await;
    }
    assert!(0 < releases);
}

/// What the ledger itself says of its snapshots and restatements comes out again.
async fn as_it_was_frozen(reader: &Arc<Reader>) {
    let directory = reader.view().directory;
    let (mut snapshots, mut restatements) = (0, 0);
    for period in directory.periods() {
        let point = |known_at, policy: &PolicyVersion| Point {
            name: period.key.to_string(),
            on: period.evaluation_date().to_string(),
            known_at,
            policy: format!("{}@{}", policy.code, policy.version),
        };
        for snapshot in &period.snapshots {
            let point = point(snapshot.known_at, &snapshot.policy);
            let evaluation = found(reader, period.plan, &point).await;
            assert_eq!(snapshot.rows_format, rows::FORMAT);
            assert_eq!(
                rows::digest(&evaluation).sha256,
                snapshot.rows_sha256,
                "{point:?}"
            );
            let root = reader.root_at(snapshot.known_at).unwrap();
            assert_eq!(snapshot.root.as_ref(), Some(root.as_bytes()));
            snapshots += 1;
        }
        for restatement in &period.restatements {
            let frozen = period.snapshot(restatement.revision).unwrap();
            let from = point(frozen.known_at, &frozen.policy);
            let from = found(reader, period.plan, &from).await;
            let to = point(restatement.known_at, &restatement.policy);
            let to = found(reader, period.plan, &to).await;
            let digest = compare::digest(&from, &to, &compare::differences(&from, &to));
            assert_eq!(restatement.rows_format, compare::FORMAT);
            assert_eq!(digest.sha256, restatement.rows_sha256);
            assert_eq!(
                (digest.rows, digest.material),
                (restatement.rows, restatement.material)
            );
            restatements += 1;
        }
    }
    assert_eq!((snapshots, restatements), (3, 1));
}

/// Adds what this release computes, once: a folder that is there is never written again.
#[tokio::test]
#[ignore = "writes tests/golden/rows-v1; run it by name when a release is made"]
async fn add_what_this_release_computes() {
    let release = folder().join(env!("CARGO_PKG_VERSION"));
    assert!(
        !release.exists(),
        "{} is there already; what is kept never changes",
        release.display()
    );
    let year = history::Year::told().await;
    let size = year.reader.head().size;
    let closings: Vec<u64> = {
        let directory = year.reader.view().directory;
        let periods = directory.periods();
        let mut sizes: Vec<u64> = periods
            .flat_map(|period| period.snapshots.iter().map(|snapshot| snapshot.known_at))
            .collect();
        sizes.sort_unstable();
        sizes
    };
    let point = |name: &str, on: &str, known_at: u64, policy: &str| Point {
        name: name.to_owned(),
        on: on.to_owned(),
        known_at,
        policy: policy.to_owned(),
    };
    let points = [
        point("half-year", "2023-09-30", closings[0], "city@1"),
        point("half-year-built-in", "2023-09-30", closings[0], "default@0"),
        point("half-year-now", "2023-09-30", size, "city@1"),
        point("half-year-second-policy", "2023-09-30", size, "city@2"),
        point("august", "2023-08-15", closings[0], "city@1"),
        point("year-end", "2024-03-31", closings[2], "city@2"),
        point("year-end-first-policy", "2024-03-31", size, "city@1"),
    ];
    std::fs::create_dir_all(&release).unwrap();
    let mut ledger = String::new();
    let mut from = 0;
    while from < size {
        let chunk = year.reader.read(from, ReadLimits::default()).await.unwrap();
        for (_, leaf) in chunk.leaves() {
            ledger.push_str(&hex::encode(leaf));
            ledger.push('\n');
            from += 1;
        }
    }
    let write = |name: &str, text: &str| std::fs::write(release.join(name), text).unwrap();
    write("ledger.hex", &ledger);
    let mut told = "name,effective_on,known_at,policy,sha256\n".to_owned();
    let mut evaluations = Vec::new();
    for point in &points {
        let evaluation = found(&year.reader, year.plan, point).await;
        let file = csv(&evaluation);
        write(&format!("{}.csv", point.name), &file);
        told.push_str(&format!(
            "{},{},{},{},{}\n",
            point.name,
            point.on,
            point.known_at,
            point.policy,
            hex::encode(Sha256::digest(&file))
        ));
        evaluations.push(evaluation);
    }
    write("points.csv", &told);
    let file = differences(&evaluations[0], &evaluations[2]);
    write(&format!("{DIFFERENCES}.csv"), &file);
}
