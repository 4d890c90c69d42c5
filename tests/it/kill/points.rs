//! Ends the server at every step of appending, signing, copying and indexing, under load; then nothing that was
//! acknowledged or shown may be gone, and the folder is verified as the crash left it and as the next start left it.

use std::process::Command;

use daicho::fault_point::Point;

use super::*;

/// Requests after which the server is asked to stop; a point that is not passed on the way is given up.
const REQUESTS_MAX: usize = 3_000;
/// Requests before a server is asked to stop, where only an ending passes the point.
const REQUESTS_BEFORE_END: usize = 40;

/// Whether the index is written only when the server stops, or after more events than a test appends.
fn is_of_ending(point: Point) -> bool {
    use Point::{IndexClosed, IndexIdentified, IndexListed, IndexTiled};
    matches!(
        point,
        IndexListed | IndexTiled | IndexIdentified | IndexClosed
    )
}

/// Whether it is passed once a second at most, and when the server stops.
fn is_timed(point: Point) -> bool {
    use Point::{CopyFlushed, CopySynced, HeadsDrafted, HeadsNamed, RoomSynced, RoomWritten};
    matches!(
        point,
        CopyFlushed | CopySynced | HeadsDrafted | HeadsNamed | RoomWritten | RoomSynced
    )
}

/// Whether only `ledger continue` passes it: `generations` ends that.
fn is_of_continuation(point: Point) -> bool {
    matches!(point, Point::GenerationBegun | Point::CheckpointSetAside)
}

/// Whether only `salvage` passes it: `cli::salvage` ends that.
fn is_of_salvage(point: Point) -> bool {
    matches!(point, Point::SalvageDrafted | Point::SalvageNamed)
}

/// Whether only a full segment passes it: the tests of the log end that.
fn is_of_sealing(point: Point) -> bool {
    use Point::{SegmentBegun, SegmentCut, SegmentPacked, SegmentReplaced, SegmentSealed};
    matches!(
        point,
        SegmentSealed | SegmentCut | SegmentBegun | SegmentPacked | SegmentReplaced
    )
}

/// Whether only `journal trim` and `journal untrim` pass it: `cli::journal` ends these.
fn is_of_trimming(point: Point) -> bool {
    matches!(
        point,
        Point::TrimNoted | Point::TrimDrafted | Point::TrimNamed
    )
}

/// Whether it is passed once, before a ledger is first signed for.
fn is_of_beginning(point: Point) -> bool {
    matches!(point, Point::KeyDrafted | Point::KeyNamed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_at_any_step_loses_nothing_that_was_acknowledged_or_shown() {
    let mut rng = seeded("");
    let elsewhere = |point: Point| {
        is_of_continuation(point)
            || is_of_salvage(point)
            || is_of_sealing(point)
            || is_of_trimming(point)
    };
    for point in Point::ALL.iter().filter(|p| !elsewhere(**p)) {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::default();
        let once = is_of_beginning(*point) || is_of_ending(*point) || is_timed(*point);
        // What is passed often is passed a few times before, so that the copies are not always empty.
        let passing = if once { 1 } else { rng.random_range(1..=6) };
        let fault_point = format!("{}:{passing}", point.name());
        println!("{fault_point}");
        if is_of_beginning(*point) {
            end_while_opening(folder.path(), &fault_point, &mut rng).await;
            continue;
        }
        let (ledger, plan) = set_up(folder.path(), &mut rng, &mut book).await;
        match Process::serve_until(folder.path(), &witnesses(), &fault_point) {
            // Some steps are passed before it listens: nobody was told anything.
            None => {}
            Some(mut server) if is_of_ending(*point) => {
                load_then_stop(&mut server, &ledger, &plan, &mut book, &mut rng).await;
                assert!(server.wait_for_signal(), "{fault_point} was never passed");
            }
            Some(mut server) => {
                load_until_it_ends(&mut server, &ledger, &plan, &mut book, &mut rng).await;
                assert!(server.wait_for_signal(), "{fault_point} was never passed");
            }
        }
        verified(folder.path(), &fault_point, "as the crash left it");
        let mut server = serve(folder.path());
        check(&server.connect(), &ledger, &mut book, &mut rng).await;
        assert_eq!(server.stop(), 0);
        verified(folder.path(), &fault_point, "after the next start");
    }
}

/// The file of the last checkpoint is written after it is kept. However often an end comes between, it is one behind at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_end_after_another_leaves_the_last_checkpoint_one_behind_at_most() {
    let mut rng = SmallRng::seed_from_u64(7);
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::default();
    let (ledger, plan) = set_up(folder.path(), &mut rng, &mut book).await;
    let fault_point = format!("{}:1", Point::CheckpointKept.name());
    for end in 1..=3 {
        // It may sign before it listens.
        let server = Process::serve_until(folder.path(), &witnesses(), &fault_point);
        if let Some(mut server) = server {
            load_until_it_ends(&mut server, &ledger, &plan, &mut book, &mut rng).await;
            assert!(server.wait_for_signal(), "{fault_point} was never passed");
        }
        verified(folder.path(), &fault_point, &format!("end {end}"));
    }
    let mut server = serve(folder.path());
    check(&server.connect(), &ledger, &mut book, &mut rng).await;
    assert_eq!(server.stop(), 0);
    verified(folder.path(), &fault_point, "after the next start");
}

/// A key is made when a ledger is opened: the next start must have one, and sign with it.
async fn end_while_opening(folder: &Path, fault_point: &str, rng: &mut SmallRng) {
    let mut server = Process::serve_until(folder, &witnesses(), fault_point).unwrap();
    let opening = opening(rng);
    let mut admin = AdminServiceClient::new(server.connect());
    // Answered or not, the ledger is there: it was opened before its key was made.
    let _ = admin.open_ledger(by_tester(opening.clone())).await;
    assert!(server.wait_for_signal(), "{fault_point} was never passed");
    let mut server = serve(folder);
    let mut admin = AdminServiceClient::new(server.connect());
    let opened = admin.open_ledger(by_tester(opening)).await.unwrap();
    let ledger = opened.into_inner().ledger.unwrap().id;
    let mut proofs = ProofServiceClient::new(server.connect());
    let asked = GetCheckpointRequest {
        ledger,
        ..GetCheckpointRequest::default()
    };
    let answer = proofs.get_checkpoint(by_tester(asked)).await.unwrap();
    assert_eq!(answer.into_inner().checkpoint.unwrap().size, 1);
    assert_eq!(server.stop(), 0);
    verified(folder, fault_point, "after the next start");
}

/// Writes from all sides until the server ends at its fault point.
async fn load_until_it_ends(
    server: &mut Process,
    ledger: &str,
    plan: &Arc<SmallPlan>,
    book: &mut Book,
    rng: &mut SmallRng,
) {
    book.newest = book.acknowledged.len();
    let (acknowledge, mut acknowledged) = mpsc::channel(WRITERS);
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let rng = SmallRng::from_rng(rng);
        let (channel, ledger) = (server.connect(), ledger.to_owned());
        let acknowledge = acknowledge.clone();
        writers.spawn(write(
            channel,
            ledger,
            plan.clone(),
            number,
            rng,
            acknowledge,
        ));
    }
    drop(acknowledge);
    let signed = tokio::spawn(see_signed(server.connect(), ledger.to_owned()));
    while let Some(answered) = acknowledged.recv().await {
        book.acknowledged.push(answered);
        if book.acknowledged.len() - book.newest == REQUESTS_MAX {
            server.ask_to_stop();
        }
    }
    book.in_flight
        .extend(writers.join_all().await.into_iter().flatten());
    book.signed.extend(signed.await.unwrap());
}

/// Writes a little, then asks the server to stop.
async fn load_then_stop(
    server: &mut Process,
    ledger: &str,
    plan: &Arc<SmallPlan>,
    book: &mut Book,
    rng: &mut SmallRng,
) {
    book.newest = book.acknowledged.len();
    let mut client = LedgerServiceClient::new(server.connect());
    for number in 0..REQUESTS_BEFORE_END {
        let indicator = &plan.indicators[number % plan.indicators.len()];
        let request = request(ledger, vec![event(plan, indicator, rng)], rng);
        let answer = client.append_events(by_tester(request.clone())).await;
        let receipt = answer.unwrap().into_inner().receipt.unwrap();
        book.acknowledged.push(Acknowledged { request, receipt });
    }
    server.ask_to_stop();
}

/// Runs `verify store`: without a policy nothing is decided, and nothing may be found.
fn verified(folder: &Path, fault_point: &str, when: &str) {
    let ended = Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(["verify", "store", "--json"])
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(
        ended.status.code(),
        Some(2),
        "{fault_point}, {when}: {said}"
    );
}
