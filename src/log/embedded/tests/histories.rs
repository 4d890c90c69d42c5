//! Generated histories: the embedded engine against the model, through closes, drops and kills.
//!
//! A kill is a kill: each life that ends with one is lived by a process of its own, which gets SIGKILL.
//! What it leaves is what was written at one moment, which no copy of a running folder is.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::backup;
use crate::log::MemoryLog;

/// Tells the test below which life to live: the path of a [`Life`] in JSON.
const LIFE: &str = "DAICHO_TEST_LIFE";
/// What a process prints when it is to be killed.
const TO_BE_KILLED: &str = "to be killed, in flight before:";

/// Ledgers and the lengths of their new events.
type Group = Vec<(u8, Vec<usize>)>;

#[derive(Clone, Debug, Deserialize, Serialize)]
enum Step {
    /// Appends to each of these ledgers events of these lengths, in one group.
    Append(Group),
    /// Appends at a head that is not the ledger's.
    Stale(u8),
    /// Raises the generation.
    Raise(u8),
    /// Waits until sled has everything.
    Settle,
    /// Closes the log and opens it again.
    Close,
    /// Drops the log and opens it again.
    Drop,
    /// Removes sled between two runs, when what was trimmed was put back.
    LoseSled,
    /// Closes the log, trims its journal against a new backup, and opens it again.
    Trim,
    /// Kills the process, at once or while it appends.
    Kill(Option<Group>),
    /// Drops the log and kills the process while it opens it again, after some turns of waiting.
    KillOpening(u16),
}

/// What a process does until it is killed.
#[derive(Debug, Deserialize, Serialize)]
struct Life {
    folder: PathBuf,
    /// What was done by those before it.
    before: Vec<(u64, Step)>,
    /// What was being appended when the one before it was killed.
    in_flight: Option<(u64, Group)>,
    /// The last of them is a kill.
    steps: Vec<(u64, Step)>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lengths = prop::collection::vec(
        prop_oneof![5 => 0usize..400, 1 => 400usize..20_000, 1 => Just(65_535)],
        1..12,
    );
    let group = prop::collection::btree_map(0u8..3, lengths, 1..3)
        .prop_map(|group| group.into_iter().collect::<Group>());
    let step = prop_oneof![
        12 => group.clone().prop_map(Step::Append),
        1 => (0u8..3).prop_map(Step::Stale),
        1 => (0u8..3).prop_map(Step::Raise),
        3 => Just(Step::Settle),
        2 => Just(Step::Close),
        2 => Just(Step::Drop),
        1 => Just(Step::LoseSled),
        2 => Just(Step::Trim),
        2 => prop::option::of(group).prop_map(Step::Kill),
        2 => any::<u16>().prop_map(Step::KillOpening),
    ];
    prop::collection::vec(step, 1..25)
}

fn small(config: &mut EmbeddedConfig) {
    config.segment_bytes = 100_000;
    config.ring_bytes = 50_000;
    config.verify_events_max = 40;
    config.room_bytes = 8 * 1024 * 1024;
    config.pack = true;
}

/// The model, and the engine on one folder.
struct Pair {
    model: MemoryLog,
    config: EmbeddedConfig,
    log: Option<EmbeddedLog>,
}

impl Pair {
    async fn new(config: EmbeddedConfig, before: &[(u64, Step)]) -> Self {
        let model = MemoryLog::new();
        for (number, step) in before {
            if let Some(commits) = commits(&model, *number, step).await {
                model.append(commits).await;
            }
        }
        Self {
            model,
            config,
            log: None,
        }
    }

    /// Opens the log. Tells whether what was in flight when it ended was stored.
    async fn open(&mut self, in_flight: Option<&(u64, Group)>) -> Option<bool> {
        let log = EmbeddedLog::open(self.config.clone()).unwrap();
        let mut stored = None;
        if let Some((number, group)) = in_flight {
            let heads = self.model.heads(Freshness::Local).await;
            let found = log.heads(Freshness::Local).await != heads;
            if found {
                let step = Step::Append(group.clone());
                let commits = commits(&self.model, *number, &step).await.unwrap();
                self.model.append(commits).await;
            }
            stored = Some(found);
        }
        self.log = Some(log);
        self.compare().await;
        stored
    }

    fn log(&self) -> &EmbeddedLog {
        self.log.as_ref().unwrap()
    }

    async fn take(&mut self, number: u64, step: &Step) {
        if let Some(commits) = commits(&self.model, number, step).await {
            let expected = self.model.append(commits.clone()).await;
            let found = self.log().append(commits).await;
            assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        }
        match step {
            Step::Settle => self.log().settle().await.unwrap(),
            Step::Close | Step::Drop | Step::LoseSled | Step::Trim => {
                if matches!(step, Step::Close | Step::Trim) {
                    self.log().close().await.unwrap();
                }
                self.log = None;
                match step {
                    Step::LoseSled => self.lose_sled(),
                    Step::Trim => self.trim(number),
                    _ => {}
                }
                self.open(None).await;
            }
            _ => {}
        }
        self.compare().await;
    }

    fn backups(&self) -> PathBuf {
        self.config.folder.with_file_name("backups")
    }

    fn trim(&self, number: u64) {
        let (data, name) = (&self.config.folder, format!("{number:04}"));
        let taken = backup::take(data, &self.backups(), &name).unwrap();
        backup::trim(data, &taken.folder, 1, "now").unwrap();
    }

    fn lose_sled(&self) {
        let backups = fs::read_dir(self.backups()).into_iter().flatten();
        let backups = backups.map(|entry| entry.unwrap().path());
        let newest = backups
            .filter(|path| path.join(backup::MANIFEST).exists())
            .max();
        if let Some(newest) = newest {
            let back = backup::untrim(&self.config.folder, &newest, "now").unwrap();
            assert!(back.left.is_empty(), "{:?}", back.left);
        }
        fs::remove_dir_all(self.config.folder.join("sled")).unwrap();
    }

    async fn compare(&self) {
        let (model, log) = (&self.model, self.log());
        let heads = model.heads(Freshness::Local).await;
        assert_eq!(log.heads(Freshness::Local).await, heads);
        for (ledger, head) in heads.unwrap() {
            assert_eq!(log.frontier(ledger).await, model.frontier(ledger).await);
            for limits in [
                ReadLimits::default(),
                ReadLimits {
                    max_events: 5,
                    max_bytes: 3_000,
                },
            ] {
                let expected = conformance::read_all(model, ledger, limits).await;
                assert_eq!(conformance::read_all(log, ledger, limits).await, expected);
            }
            let positions: Vec<u64> = (0..head.size).rev().step_by(3).collect();
            let expected = model.leaves(ledger, positions.clone()).await;
            assert_eq!(log.leaves(ledger, positions).await, expected);
        }
    }
}

/// What a step asks to be stored, at the heads of `model`.
async fn commits(model: &MemoryLog, number: u64, step: &Step) -> Option<Vec<LedgerCommit>> {
    let head = async |n: u8| model.head(ledger(n), Freshness::Local).await.unwrap();
    Some(match step {
        Step::Append(group) => {
            let mut commits = Vec::new();
            for (n, lengths) in group {
                let new = leaves(number * 7 + u64::from(*n), lengths);
                commits.push(LedgerCommit::new(ledger(*n), head(*n).await, new));
            }
            commits
        }
        Step::Stale(n) => {
            let mut stale = head(*n).await;
            stale.size += 1;
            vec![LedgerCommit::new(ledger(*n), stale, leaves(1, &[1]))]
        }
        Step::Raise(n) => {
            let head = head(*n).await;
            let commit = LedgerCommit::new(ledger(*n), head, leaves(number, &[9]));
            vec![LedgerCommit {
                generation: head.generation + 1,
                ..commit
            }]
        }
        _ => return None,
    })
}

async fn run(steps: Vec<Step>) {
    let bench = Bench::with(small);
    let (mut before, mut in_flight) = (Vec::new(), None);
    let mut life = Vec::new();
    let (mut lost, mut kills, mut openings_killed) = (0, 0, 0);
    for (number, step) in (1..).zip(steps) {
        life.push((number, step.clone()));
        match step {
            Step::LoseSled => lost += 1,
            Step::Kill(_) | Step::KillOpening(_) => {
                kills += 1;
                openings_killed += usize::from(matches!(step, Step::KillOpening(_)));
                let ended = Life {
                    folder: bench.config.folder.clone(),
                    before: before.clone(),
                    in_flight: in_flight.clone(),
                    steps: std::mem::take(&mut life),
                };
                if let Some(stored) = live_and_be_killed(&ended, bench.dir.path()) {
                    let settled = in_flight.take().filter(|_| stored);
                    before.extend(settled.map(|(number, group)| (number, Step::Append(group))));
                }
                before.extend(ended.steps);
                if let Step::Kill(Some(group)) = step {
                    in_flight = Some((number, group));
                }
            }
            _ => {}
        }
    }

    let mut pair = Pair::new(bench.config.clone(), &before).await;
    pair.open(in_flight.as_ref()).await;
    for (number, step) in &life {
        pair.take(*number, step).await;
    }
    pair.log().settle().await.unwrap();
    pair.compare().await;

    let found = kinds(pair.log());
    let count = |kind| found.iter().filter(|found| **found == kind).count();
    let aside = count(IntegrityKind::CopySetAside);
    // A write that the kill cut short: never acknowledged.
    let torn = count(IntegrityKind::TornTailDropped);
    // sled writes its snapshot only while it is opened.
    let half = count(IntegrityKind::LeftoverSetAside);
    let told = pair.log().integrity_events();
    assert!(aside <= lost, "set aside after a kill: {told:?}");
    assert!(torn <= kills, "{told:?}");
    assert!(half <= openings_killed, "{told:?}");
    assert_eq!(aside + torn + half, found.len(), "{told:?}");
}

/// Has a process live this life and kills it. Tells what became of what was in flight before, if it
/// came so far.
fn live_and_be_killed(life: &Life, dir: &Path) -> Option<bool> {
    let path = dir.join("life.json");
    fs::write(&path, serde_json::to_vec(life).unwrap()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg("log::embedded::tests::histories::life_until_the_kill")
        .env(LIFE, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.find_map(|line| {
        let line = line.unwrap();
        let (_, stored) = line.split_once(TO_BE_KILLED)?;
        Some(serde_json::from_str(stored).unwrap())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    told.unwrap_or_else(|| panic!("the process ended before it was killed: {life:?}"))
}

#[test]
#[ignore = "the process that `embedded_equals_the_model_over_any_history` kills"]
fn life_until_the_kill() {
    let path = std::env::var_os(LIFE).expect("which life to live");
    let life: Life = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(live(life));
}

async fn live(mut life: Life) {
    let mut config = Bench::with(small).config;
    config.folder = life.folder;
    let (number, death) = life.steps.pop().unwrap();
    let mut pair = Pair::new(config.clone(), &life.before).await;
    let mut stored = None;
    if !life.steps.is_empty() || matches!(death, Step::Kill(_)) {
        stored = pair.open(life.in_flight.as_ref()).await;
    }
    for (number, step) in &life.steps {
        pair.take(*number, step).await;
    }

    match death {
        Step::Kill(Some(group)) => {
            let step = Step::Append(group);
            let commits = commits(&pair.model, number, &step).await.unwrap();
            let mut appending = pair.log().append(commits);
            // Handed over; what comes of it is for the next to see.
            drop((&mut appending).now_or_never());
            be_killed(stored);
        }
        Step::KillOpening(turns) => {
            pair.log = None;
            std::thread::spawn(move || {
                let _log = EmbeddedLog::open(config).unwrap();
                std::thread::park();
            });
            // Some 20 ms at most: about what an open takes.
            (0..8 * u32::from(turns)).for_each(|_| std::hint::spin_loop());
            be_killed(stored);
        }
        _ => be_killed(stored),
    }
}

/// Asks for the kill, and waits for it or for the end of who should have done it.
fn be_killed(stored: Option<bool>) {
    println!("{TO_BE_KILLED}{}", serde_json::to_string(&stored).unwrap());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn embedded_equals_the_model_over_any_history(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}

#[tokio::test]
async fn a_trimmed_journal_goes_on_through_kills_and_back() {
    let group = |lengths: &[usize]| Step::Append(vec![(1, lengths.to_vec())]);
    let mut steps = vec![group(&[30_000; 12]), group(&[30_000; 12]), Step::Trim];
    for death in [Step::Kill(None), Step::KillOpening(2_000)] {
        steps.extend([
            group(&[60_000; 5]),
            group(&[300; 9]),
            death,
            group(&[200; 4]),
            Step::Trim,
        ]);
    }
    steps.extend([Step::LoseSled, group(&[60_000; 5]), Step::Trim]);
    run(steps).await;
}

#[tokio::test]
async fn interrupted_rebuild_of_sled_goes_on() {
    let group = |lengths: &[usize]| Step::Append(vec![(1, lengths.to_vec())]);
    for death in [Step::Kill(None), Step::KillOpening(2_000)] {
        run(vec![
            group(&[30_000; 8]),
            group(&[300; 9]),
            Step::Settle,
            Step::LoseSled,
            death,
            group(&[200; 4]),
        ])
        .await;
    }
}
