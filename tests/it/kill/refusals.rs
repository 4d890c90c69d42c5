//! Lets the disk refuse the n-th step under the whole server, for many n, and holds the next start to everything that was said.
//!
//! Refused, full until somebody makes room, read-only from then on, half written, done but reported failed, short: whatever it is, the
//! server goes on or ends with a code that says why; sled's panics on a disk that refuses are taken for errors. What it acknowledged is
//! there afterwards, what it refused is not, and what it said nothing of is there whole or not at all.
//!
//! `DAICHO_REFUSALS` says how many steps (100), `DAICHO_KILL_SEED` repeats them.

use std::collections::BTreeMap;

use daicho::cli::exit::Exit;

use super::disk::{Disk, Failure};
use super::*;
use crate::cli::bundles::copy_folder;

const AT_ONCE: usize = 4;
/// Requests of each writer.
const EACH: usize = 6;

/// What became of the requests to one server.
#[derive(Debug, Default)]
struct Outcomes {
    acknowledged: Vec<Acknowledged>,
    unanswered: Vec<AppendEventsRequest>,
    /// Refused with a reason: nothing of them was stored.
    refused: Vec<AppendEventsRequest>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_step_the_disk_refuses_what_was_said_is_so_after_the_next_start() {
    let refusals = asked("DAICHO_REFUSALS").unwrap_or(100);
    let mut rng = seeded(&format!("DAICHO_REFUSALS={refusals}"));
    let folder = tempfile::tempdir().unwrap();
    let (template, data) = (folder.path().join("template"), folder.path().join("data"));
    let mut book = Book::default();
    let mut server = Process::serve(&template);
    let (ledger, plan) = super::plan(&server.connect(), &mut rng, &mut book).await;
    assert_eq!(server.stop(), 0);

    // How many steps there are if none fails.
    let disk = Disk::of(&data);
    copy_folder(&template, &data);
    let mut server = serve_on(&data, &disk).unwrap();
    let whole = work(&server, &ledger, &plan, &mut rng).await;
    assert_eq!(server.stop(), 0);
    assert_eq!(whole.acknowledged.len(), AT_ONCE * EACH);
    let steps = disk.begun();

    let mut endings: BTreeMap<String, u64> = BTreeMap::new();
    let (mut stored, mut kept_out) = (0, 0);
    for number in 0..refusals {
        let how = Failure::TOLD[(number % Failure::TOLD.len() as u64) as usize];
        let step = rng.random_range(1..=steps);
        let last = match how {
            Failure::Full | Failure::NoGrowth | Failure::ReadOnly => u64::MAX,
            _ => step,
        };
        println!("step {step} of {steps}: {how:?}");
        std::fs::remove_dir_all(&data).unwrap();
        copy_folder(&template, &data);
        disk.begin_again();
        disk.fail(step, last, how);
        let mut outcomes = Outcomes::default();
        let ended = match serve_on(&data, &disk) {
            Err(not_serving) => not_serving.ended.code(),
            Ok(mut server) => {
                outcomes = work(&server, &ledger, &plan, &mut rng).await;
                server.ask_to_stop();
                Some(server.wait())
            }
        };
        let said = std::fs::read_to_string(said(&data)).unwrap();
        let told = Exit::ALL
            .iter()
            .find(|(exit, _)| Some(i32::from(exit.code())) == ended);
        let (exit, _) = told.unwrap_or_else(|| panic!("it ended with {ended:?}: {said}"));
        *endings.entry(format!("{exit:?}")).or_default() += 1;

        let mut server = serve(&data);
        let channel = server.connect();
        let mut after = Book {
            acknowledged: book.acknowledged.clone(),
            in_flight: outcomes.unanswered,
            ..Book::default()
        };
        after.acknowledged.extend(outcomes.acknowledged);
        check(&channel, &ledger, &mut after, &mut rng).await;
        let mut client = LedgerServiceClient::new(channel);
        for request in &outcomes.refused {
            let asked = GetReceiptRequest {
                ledger: ledger.clone(),
                request_id: request.request_id.clone(),
                receipt_mode: 0,
            };
            let status = client.get_receipt(by_tester(asked)).await.unwrap_err();
            assert_eq!(reason(&status).as_deref(), Some("REQUEST_UNKNOWN"));
        }
        stored += after.acknowledged.len();
        kept_out += outcomes.refused.len();
        assert_eq!(server.stop(), 0);
    }
    println!(
        "{refusals} refused steps of {steps}: {stored} requests acknowledged and 0 lost, {kept_out} refused and 0 stored; ends: {endings:?}"
    );
    assert!(endings.contains_key("StorageFailed"), "no refusal mattered");
}

#[test]
fn a_disk_that_is_read_only_opens_nothing_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("kept"), "").unwrap();
    let disk = Disk::of(&data);
    let ends = |words: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", words]).current_dir(&data).arg(&data);
        disk.carry(&mut shell);
        shell.output().unwrap().status.success()
    };
    let opens = ": >> \"$0/kept\"";
    assert!(ends(opens));
    disk.fail(1, u64::MAX, Failure::ReadOnly);
    assert!(ends(opens), "before the step that fails");
    assert!(!ends("mkdir \"$0/made\""));
    assert!(!ends(opens));
    assert!(ends("cat \"$0/kept\""));
}

fn serve_on(data: &Path, disk: &Disk) -> Result<Process, crate::process::NotServing> {
    Process::serve_where(data, &witnesses(), |command| {
        disk.carry(command);
        command.stderr(std::fs::File::create(said(data)).unwrap());
    })
}

/// Where a server's last words are.
fn said(data: &Path) -> std::path::PathBuf {
    data.with_extension("said")
}

/// Some write, whether they are refused or not, one asks for checkpoints.
async fn work(server: &Process, ledger: &str, plan: &SmallPlan, rng: &mut SmallRng) -> Outcomes {
    let writers = (0..AT_ONCE).map(|number| {
        let mut rng = SmallRng::from_rng(rng);
        let mut client = LedgerServiceClient::new(server.connect());
        let indicator = &plan.indicators[number];
        async move {
            let mut outcomes = Outcomes::default();
            for _ in 0..EACH {
                let count = if rng.random_ratio(1, 6) { 12 } else { 1 };
                let events = (0..count).map(|_| event(plan, indicator, &mut rng));
                let request = request(ledger, events.collect(), &mut rng);
                match client.append_events(by_tester(request.clone())).await {
                    Ok(answer) => {
                        let receipt = answer.into_inner().receipt.unwrap();
                        outcomes
                            .acknowledged
                            .push(Acknowledged { request, receipt });
                    }
                    Err(status) => match reason(&status).as_deref() {
                        None | Some("OUTCOME_UNKNOWN") => outcomes.unanswered.push(request),
                        Some(_) => outcomes.refused.push(request),
                    },
                }
            }
            outcomes
        }
    });
    let signing = async {
        let mut client = ProofServiceClient::new(server.connect());
        for _ in 0..EACH {
            let asked = GetCheckpointRequest {
                ledger: ledger.to_owned(),
                ..GetCheckpointRequest::default()
            };
            // It may be refused as well.
            let _ = client.get_checkpoint(by_tester(asked)).await;
        }
    };
    let (all, ()) = futures::join!(futures::future::join_all(writers), signing);
    let mut outcomes = Outcomes::default();
    for of_one in all {
        outcomes.acknowledged.extend(of_one.acknowledged);
        outcomes.unanswered.extend(of_one.unanswered);
        outcomes.refused.extend(of_one.refused);
    }
    outcomes
}
