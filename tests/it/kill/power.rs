//! Cuts the power under the whole server, at any step, and holds what comes back to everything that was told before.
//!
//! Three lives of a real process are recorded: it makes its folder, opens a ledger, takes a load and is killed; starts again, takes a
//! load and is stopped; starts once more. The image of a cut is then opened with all checks, and must hold every receipt and every signed
//! checkpoint that somebody saw before the cut, repeat the receipts, sign, and take more. sled must have kept what was said of it: where
//! the journal was trimmed nothing else has those events.
//!
//! `DAICHO_POWER_CUTS` says how many cuts (500), `DAICHO_KILL_SEED` repeats them.

use std::path::PathBuf;

use daicho::config::Flags;

use super::disk::{Disk, Step};
use super::image::{Cut, Replay};
use super::*;
use crate::service::Server;

/// Requests of each writer in each life.
const EACH: usize = 12;
const AT_ONCE: usize = 6;

/// Something that was told, and how many steps were done by then at most.
#[derive(Debug)]
struct Told<T> {
    after: u64,
    what: T,
}

/// Everything that was told, and what was sent and never answered.
#[derive(Debug, Default)]
struct History {
    planned: u64,
    acknowledged: Vec<Told<Acknowledged>>,
    signed: Vec<Told<SignedCheckpoint>>,
    unanswered: Vec<AppendEventsRequest>,
}

impl History {
    /// What was known when `steps` steps were done.
    fn book(&self, steps: u64) -> Book {
        let mut book = Book {
            in_flight: self.unanswered.clone(),
            ..Book::default()
        };
        for told in &self.acknowledged {
            match told.after <= steps {
                true => book.acknowledged.push(told.what.clone()),
                false => book.in_flight.push(told.what.request.clone()),
            }
        }
        let seen = self.signed.iter().filter(|told| told.after <= steps);
        book.signed = seen.map(|told| told.what.clone()).collect();
        book.newest = book.acknowledged.len().saturating_sub(AT_ONCE * 2);
        book
    }
}

/// Where a server keeps its things, below one folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// All of it in `data`.
    Data,
    /// The journal in `journal`.
    JournalElsewhere,
}

impl Place {
    fn journal(self, root: &Path) -> Option<PathBuf> {
        (self == Self::JournalElsewhere).then(|| root.join("journal"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_step_of_a_server_loses_nothing_that_was_told() {
    cut_anywhere(Place::Data, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_where_the_journal_is_elsewhere_loses_nothing_that_was_told() {
    cut_anywhere(Place::JournalElsewhere, 5).await;
}

/// One of so many of the cuts.
async fn cut_anywhere(place: Place, of: u64) {
    let cuts = asked("DAICHO_POWER_CUTS").unwrap_or(500);
    let mut rng = seeded(&format!("DAICHO_POWER_CUTS={cuts}"));
    let cuts = (cuts / of).max(1);
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::of(folder.path());
    let (ledger, plan, history) = live(folder.path(), place, &disk, &mut rng).await;
    let steps = disk.steps();
    let mut points: Vec<usize> = (0..cuts)
        .map(|_| rng.random_range(0..=steps.len()))
        .collect();
    points.sort_unstable();

    let mut replay = Replay::new(folder.path());
    let (mut taken, mut promised, mut found) = (0, 0, 0);
    for (number, point) in points.into_iter().enumerate() {
        steps[taken..point]
            .iter()
            .for_each(|step| replay.take(step));
        taken = point;
        let cut = match number % 5 {
            0 => Cut::Everything,
            1 => Cut::SyncedOnly,
            _ => Cut::AnyPart,
        };
        let image = tempfile::tempdir().unwrap();
        replay.write(image.path(), cut, &mut rng);
        move_journal(folder.path(), image.path());
        println!("after step {point} of {}, {cut:?}", steps.len());
        let mut book = history.book(point as u64);
        promised += book.acknowledged.len();
        if history.planned <= point as u64 {
            found += holds(image, place, &ledger, &plan, &mut book, &mut rng).await;
        } else {
            opens(image, place, &mut rng).await;
        }
    }
    println!(
        "{cuts} power cuts over {} steps: {promised} acknowledged requests expected and 0 lost, {found} of the unanswered were stored",
        steps.len()
    );
    assert!(promised > 0 && found > 0, "nothing was at stake");
}

/// A data folder remembers the whole path of a journal that is elsewhere: the image has another.
fn move_journal(from: &Path, to: &Path) {
    let remembered = to.join("data/journal-at");
    if let Ok(text) = std::fs::read_to_string(&remembered) {
        let [from, to] = [from, to].map(|path| path.to_str().unwrap());
        assert!(text.starts_with(from), "{text}");
        std::fs::write(remembered, text.replacen(from, to, 1)).unwrap();
    }
}

/// A start that repairs writes files anew whose only whole copy it holds: what is left of it at any step is enough for the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_while_a_damaged_folder_is_repaired_loses_nothing() {
    let cuts = asked("DAICHO_POWER_CUTS").unwrap_or(500) / 5;
    let mut rng = seeded(&format!("DAICHO_POWER_CUTS={}", cuts * 5));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let disk = Disk::of(folder.path());
    let (ledger, plan, history) = live(folder.path(), Place::Data, &disk, &mut rng).await;
    // Far from its end, where sled has it too; what is at its end is nowhere else.
    let journal = data.join("journal/0000000001.journal");
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes[20_000] ^= 1;
    std::fs::write(&journal, bytes).unwrap();

    let mut replay = Replay::holding(&data);
    let disk = Disk::of(&data);
    let started = Process::serve_where(&data, &witnesses(), |command| disk.record(command));
    let mut server = started.unwrap_or_else(|problem| panic!("{problem}"));
    assert!(
        repairs(&server.connect())
            .await
            .contains_key("INTEGRITY_KIND_JOURNAL_REBUILT")
    );
    assert_eq!(server.stop(), 0);
    let steps = disk.steps();
    // After each change of names nothing may be missing; beside that, anywhere.
    let renamed = |step: &Step| matches!(step, Step::Renamed { .. } | Step::Linked { .. });
    let renamed = (1..).zip(&steps).filter(|(_, step)| renamed(step));
    let mut points: Vec<(usize, Cut)> = renamed.map(|(at, _)| (at, Cut::Everything)).collect();
    assert!(!points.is_empty());
    points.extend((0..cuts).map(|_| (rng.random_range(0..=steps.len()), Cut::AnyPart)));
    points.sort_by_key(|(point, _)| *point);
    let mut taken = 0;
    for (point, cut) in points {
        steps[taken..point]
            .iter()
            .for_each(|step| replay.take(step));
        taken = point;
        println!("after step {point} of {}, {cut:?}", steps.len());
        let image = tempfile::tempdir().unwrap();
        replay.write(&image.path().join("data"), cut, &mut rng);
        let mut book = history.book(u64::MAX);
        holds(image, Place::Data, &ledger, &plan, &mut book, &mut rng).await;
    }
}

/// The three lives, below `root`.
async fn live(
    root: &Path,
    place: Place,
    disk: &Disk,
    rng: &mut SmallRng,
) -> (String, Arc<SmallPlan>, History) {
    let mut history = History::default();
    let serve = || {
        let started = Process::serve_where(&root.join("data"), &witnesses(), |command| {
            disk.record(command);
            if let Some(journal) = place.journal(root) {
                command.arg("--journal").arg(journal);
            }
        });
        started.unwrap_or_else(|problem| panic!("{problem}"))
    };
    let mut server = serve();
    let mut book = Book::default();
    let (ledger, plan) = super::plan(&server.connect(), rng, &mut book).await;
    history.planned = disk.done();
    let told = book.acknowledged.into_iter().map(|what| Told {
        after: history.planned,
        what,
    });
    history.acknowledged.extend(told);

    work(&server, disk, (&ledger, &plan), &mut history, rng).await;
    end(&mut server, disk, (&ledger, &plan), &mut history, rng).await;

    let mut server = serve();
    work(&server, disk, (&ledger, &plan), &mut history, rng).await;
    assert_eq!(server.stop(), 0);
    let mut server = serve();
    work(&server, disk, (&ledger, &plan), &mut history, rng).await;
    end(&mut server, disk, (&ledger, &plan), &mut history, rng).await;
    (ledger, plan, history)
}

/// Lets the disk stand still under an append, which is never answered, and kills the process.
async fn end(
    server: &mut Process,
    disk: &Disk,
    (ledger, plan): (&str, &SmallPlan),
    history: &mut History,
    rng: &mut SmallRng,
) {
    let late = request(ledger, vec![event(plan, &plan.indicators[0], rng)], rng);
    let mut client = LedgerServiceClient::new(server.connect());
    disk.hold();
    let mut asking = tokio::spawn({
        let late = late.clone();
        async move { client.append_events(by_tester(late)).await }
    });
    tokio::select! {
        () = disk.stands() => {}
        answer = &mut asking => panic!("no step stood still: {answer:?}"),
    }
    server.kill();
    assert!(asking.await.unwrap().is_err());
    history.unanswered.push(late);
    disk.mend();
}

/// Some write, one asks for checkpoints and lets them be cosigned.
async fn work(
    server: &Process,
    disk: &Disk,
    (ledger, plan): (&str, &SmallPlan),
    history: &mut History,
    rng: &mut SmallRng,
) {
    let writers = (0..AT_ONCE).map(|number| {
        let mut rng = SmallRng::from_rng(rng);
        let mut client = LedgerServiceClient::new(server.connect());
        let indicator = &plan.indicators[number];
        async move {
            let mut told = Vec::new();
            for _ in 0..EACH {
                let count = if rng.random_ratio(1, 6) { 12 } else { 1 };
                let events = (0..count).map(|_| event(plan, indicator, &mut rng));
                let request = request(ledger, events.collect(), &mut rng);
                let answer = client.append_events(by_tester(request.clone())).await;
                let receipt = answer.unwrap().into_inner().receipt.unwrap();
                let what = Acknowledged { request, receipt };
                let after = disk.done();
                told.push(Told { after, what });
            }
            told
        }
    });
    let signing = async {
        let mut client = ProofServiceClient::new(server.connect());
        let mut told = Vec::new();
        for number in 0..EACH {
            let asked = GetCheckpointRequest {
                ledger: ledger.to_owned(),
                ..GetCheckpointRequest::default()
            };
            let shown = client.get_checkpoint(by_tester(asked)).await.unwrap();
            let shown = shown.into_inner().checkpoint.unwrap();
            let signature = cosigned(1 + (number % 2) as u8, &shown);
            let asked = AddCosignatureRequest {
                ledger: ledger.to_owned(),
                size: shown.size,
                signatures: vec![signature],
            };
            let after = disk.done();
            told.push(Told { after, what: shown });
            let shown = client.add_cosignature(by_tester(asked)).await.unwrap();
            let what = shown.into_inner().checkpoint.unwrap();
            let after = disk.done();
            told.push(Told { after, what });
        }
        told
    };
    let (acknowledged, signed) = futures::join!(futures::future::join_all(writers), signing);
    history
        .acknowledged
        .extend(acknowledged.into_iter().flatten());
    history.signed.extend(signed);
}

async fn start(image: tempfile::TempDir, place: Place) -> Server {
    let journal = place.journal(image.path());
    let flags = Flags {
        witnesses: Some(witnesses()),
        journal: journal.map(|journal| journal.to_str().unwrap().to_owned()),
        ..Flags::default()
    };
    Server::with(image, flags).await
}

/// A folder that nobody was told of serves all the same.
async fn opens(image: tempfile::TempDir, place: Place, rng: &mut SmallRng) {
    let server = start(image, place).await;
    let mut admin = AdminServiceClient::new(server.channel().await);
    let answer = admin.open_ledger(by_tester(opening(rng))).await;
    // It may be open already, by what was on its way.
    assert!(matches!(
        answer.map_err(|status| status.code()),
        Ok(_) | Err(Code::AlreadyExists)
    ));
    server.stop().await;
}

/// How many of the unanswered were stored.
async fn holds(
    image: tempfile::TempDir,
    place: Place,
    ledger: &str,
    plan: &SmallPlan,
    book: &mut Book,
    rng: &mut SmallRng,
) -> usize {
    let server = start(image, place).await;
    let channel = server.channel().await;
    check(&channel, ledger, book, rng).await;
    let repaired = repairs(&channel).await;
    assert!(
        !repaired.contains_key("INTEGRITY_KIND_COPY_SET_ASIDE"),
        "{repaired:?}"
    );
    let mut client = LedgerServiceClient::new(channel.clone());
    let more = request(ledger, vec![event(plan, &plan.indicators[0], rng)], rng);
    let answer = client.append_events(by_tester(more)).await.unwrap();
    let receipt = answer.into_inner().receipt.unwrap();
    let mut proofs = ProofServiceClient::new(channel);
    let asked = GetCheckpointRequest {
        ledger: ledger.to_owned(),
        ..GetCheckpointRequest::default()
    };
    let signed = proofs.get_checkpoint(by_tester(asked)).await.unwrap();
    let size = signed.into_inner().checkpoint.unwrap().size;
    assert_eq!(size, receipt.first_position + 1);
    server.stop().await;
    book.found_in_flight
}
