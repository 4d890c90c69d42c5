//! Sets the clock of a real process, while it runs and between two runs: times of record increase whatever it shows, and a time that
//! cannot be right is not recorded.

use std::time::{SystemTime, UNIX_EPOCH};

use daicho::api::v1::ErrorReason;

use super::disk::Disk;
use super::*;
use crate::errors::{Seen, expect};

const DAY_S: i64 = 86_400;

/// Seconds from now to the beginning of a year.
fn to_year(text: &str) -> i64 {
    let then: jiff::Timestamp = text.parse().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the machine's own clock is what is set"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    then.as_second() - i64::try_from(now.as_secs()).unwrap()
}

/// A server whose clock is set, and one writer.
struct World {
    disk: Disk,
    data: std::path::PathBuf,
    server: Process,
    ledger: String,
    plan: Arc<SmallPlan>,
    book: Book,
    rng: SmallRng,
}

impl World {
    async fn begin(folder: &Path) -> Self {
        let data = folder.join("data");
        let disk = Disk::of(&data);
        let server = serve_on(&data, &disk, &[]);
        let (mut rng, mut book) = (SmallRng::seed_from_u64(1), Book::default());
        let (ledger, plan) = super::plan(&server.connect(), &mut rng, &mut book).await;
        Self {
            disk,
            data,
            server,
            ledger,
            plan,
            book,
            rng,
        }
    }

    /// Appends one event; when it was recorded, or why not.
    async fn append(&mut self) -> Result<jiff::Timestamp, Status> {
        let indicator = &self.plan.indicators[0];
        let events = vec![event(&self.plan, indicator, &mut self.rng)];
        let request = request(&self.ledger, events, &mut self.rng);
        let mut client = LedgerServiceClient::new(self.server.connect());
        match client.append_events(by_tester(request.clone())).await {
            Ok(answer) => {
                let receipt = answer.into_inner().receipt.unwrap();
                let at = receipt.events[0].recorded_at.unwrap();
                self.book
                    .acknowledged
                    .push(Acknowledged { request, receipt });
                Ok(jiff::Timestamp::new(at.seconds, at.nanos).unwrap())
            }
            Err(status) => Err(status),
        }
    }

    /// Starts the server again, with settings.
    fn start_again(&mut self, settings: &[&str]) {
        assert_eq!(self.server.stop(), 0);
        self.server = serve_on(&self.data, &self.disk, settings);
    }

    /// Nothing that was refused was stored, and everything else reads as it was acknowledged.
    async fn holds(&mut self) {
        check(
            &self.server.connect(),
            &self.ledger,
            &mut self.book,
            &mut self.rng,
        )
        .await;
    }
}

fn serve_on(data: &Path, disk: &Disk, settings: &[&str]) -> Process {
    let started = Process::serve_where(data, &witnesses(), |command| {
        disk.carry(command);
        command.args(settings);
    });
    started.unwrap_or_else(|problem| panic!("{problem}"))
}

#[track_caller]
fn assert_untrusted(answer: Result<jiff::Timestamp, Status>, ahead: i64) {
    let refused = answer.unwrap_err();
    let told = (refused.code(), reason(&refused));
    let expected = (Code::Unavailable, Some("CLOCK_UNTRUSTED".to_owned()));
    assert_eq!(told, expected, "{ahead} s ahead: {refused:?}");
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::begin(folder.path()).await;
    world.disk.set_clock(-2 * DAY_S);
    let status = world.append().await.unwrap_err();
    let said = "サーバーの時計が正しくないため記録できません";
    expect(
        seen,
        &status,
        Code::Unavailable,
        ErrorReason::ClockUntrusted,
        said,
    );
}

// A client answers the goodbye of a server that stops while this waits for it to end: hence two threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_of_record_increase_when_the_clock_is_set_back_a_little() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::begin(folder.path()).await;
    let first = world.append().await.unwrap();
    world.disk.set_clock(-120);
    let mut last = first;
    for _ in 0..3 {
        let next = world.append().await.unwrap();
        assert_eq!(
            next.duration_since(last),
            jiff::SignedDuration::from_micros(1)
        );
        last = next;
    }
    world.start_again(&[]);
    assert_eq!(
        world.append().await.unwrap().duration_since(last),
        jiff::SignedDuration::from_micros(1)
    );
    world.disk.set_clock(0);
    assert!(last < world.append().await.unwrap());
    world.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_of_another_age_records_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::begin(folder.path()).await;
    for ahead in [
        to_year("1970-01-01T00:00:00Z"),
        to_year("2106-02-07T06:28:16Z"),
        -2 * DAY_S,
    ] {
        world.disk.set_clock(ahead);
        assert_untrusted(world.append().await, ahead);
        // What was recorded is told all the same.
        world.holds().await;
        world.disk.set_clock(0);
        world.append().await.unwrap();
    }
    world.disk.set_clock(to_year("1970-01-01T00:00:00Z"));
    let mut admin = AdminServiceClient::new(world.server.connect());
    let mut other = opening(&mut world.rng);
    other.code = "other".to_owned();
    let refused = admin.open_ledger(by_tester(other)).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("CLOCK_UNTRUSTED"));
    world.disk.set_clock(0);
    world.holds().await;
}

/// An operator decides: a server that is started with the clock of a later year believes it, and one that may be far behind goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_ahead_goes_on_where_an_operator_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::begin(folder.path()).await;
    world.disk.set_clock(90 * DAY_S);
    assert_untrusted(world.append().await, 90 * DAY_S);
    world.start_again(&[]);
    let ahead = world.append().await.unwrap();
    world.disk.set_clock(0);
    assert_untrusted(world.append().await, 0);
    world.start_again(&[]);
    assert_untrusted(world.append().await, 0);
    world.start_again(&["--clock-behind-max-seconds", "8640000"]);
    let next = world.append().await.unwrap();
    assert_eq!(
        next.duration_since(ahead),
        jiff::SignedDuration::from_micros(1)
    );
    world.holds().await;
}
