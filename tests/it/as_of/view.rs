//! What stood where at a size, and how times and dates become a size and a day.

use std::sync::Arc;

use daicho::domain::code::Code;
use daicho::domain::directory::Directory;
use daicho::domain::event::*;
use daicho::domain::id::{LedgerId, UnitId};
use daicho::domain::org_unit::UnitKind;
use daicho::domain::rejection::Reason;
use daicho::domain::text::Text;
use daicho::ledger::{AsOf, AsOfError, KnownAt, OpenLedger, Reader, Standpoint};
use daicho::log::MemoryLog;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::fixture::{Fixture, date, ids, opening, permitted, start, title};

/// The fold of exactly the first `size` events.
async fn folded(reader: &Reader, size: u64) -> Directory {
    let mut directory = Directory::default();
    for position in 0..size {
        directory.apply(&reader.stored(position).await.unwrap().recorded);
    }
    directory
}

/// Something that happens to the small plan; `n` makes each another.
fn happening(fixture: &Fixture, kind: u8, n: usize) -> Event {
    let (goal, initiative, indicator) = (fixture.goal, fixture.initiative, fixture.indicator);
    let words = title(&format!("題{n}"));
    let source_text = Text::parse("文").unwrap();
    let stream = Stream::goal(goal);
    let day = format!("2023-{:02}-{:02}", 5 + n % 6, 1 + n % 28);
    let mut event = match kind {
        0 => {
            let unit = UnitId::derived(fixture.ledger.uuid(), &format!("unit {n}"));
            let registered = OrgUnitRegistered {
                unit,
                code: Code::parse(&format!("課{n}")).unwrap(),
                name: words,
                kind: UnitKind::Section,
                parent: Some(fixture.department),
            };
            fixture.event(Stream::org(unit), &day, registered)
        }
        1 => {
            let renamed = OrgUnitChanged {
                unit: fixture.section,
                name: Some(words),
                parent: None,
                dissolved: false,
            };
            fixture.event(Stream::org(fixture.section), &day, renamed)
        }
        2 => {
            let reworded = GoalReworded {
                goal,
                title: words,
                source_text,
            };
            fixture.event(stream, &day, reworded)
        }
        3 => {
            let transferred = ResponsibilityTransferred {
                initiative,
                lead_unit: fixture.section,
                contributing_units: Vec::new(),
            };
            fixture.event(stream, &day, transferred)
        }
        4 => {
            let reworded = IndicatorReworded {
                indicator,
                title: words,
                source_text,
                confirms: Vec::new(),
            };
            fixture.event(stream, &day, reworded)
        }
        _ => fixture.report(n as i64, &day),
    };
    event.reason = Some(daicho::domain::event::Reason {
        code: ReasonCode::Other,
        text: Text::parse("理由").unwrap().into(),
    });
    event
}

async fn holds_at(reader: &Reader, sizes: &[u64]) {
    for size in sizes {
        let view = reader.view_at(*size).await.unwrap();
        assert_eq!((view.size, view.head), (*size, reader.head()));
        assert!(*view.directory == folded(reader, *size).await, "at {size}");
    }
}

proptest! {
    // Each case writes and opens a ledger three times.
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// Also where savepoints were thinned, and after the ledger was opened again with and without its index.
    #[test]
    fn a_view_is_the_fold_of_exactly_the_events_below_its_size(
        steps in prop::collection::vec((0_u8..8, 1_usize..4), 0..160),
        sizes in prop::collection::vec(any::<prop::sample::Index>(), 6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::planned().await;
            let mut n = 0;
            for (kind, count) in steps {
                let mut next = || { n += 1; happening(&fixture, kind, n) };
                let events = (0..count).map(|_| next()).collect();
                fixture.append("a", events).await.unwrap();
            }
            let size = fixture.size().await;
            let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
            reader.caught_up(None).await;
            let mut asked: Vec<u64> = sizes.iter().map(|at| at.index(size as usize + 1) as u64).collect();
            asked.extend([0, 1, size]);
            holds_at(&reader, &asked).await;
            drop(reader);
            let fixture = fixture.restarted(true).await;
            holds_at(&fixture.ledgers.reader(fixture.ledger).unwrap(), &asked).await;
            let fixture = fixture.restarted(false).await;
            holds_at(&fixture.ledgers.reader(fixture.ledger).unwrap(), &asked).await;
        });
    }
}

#[tokio::test]
async fn what_is_appended_later_does_not_change_a_view() {
    let fixture = Fixture::planned().await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let size = fixture.size().await;
    for n in 0..100 {
        let renamed = happening(&fixture, 1, n);
        fixture.append("a", vec![renamed]).await.unwrap();
        reader.caught_up(None).await;
        holds_at(&reader, &[size]).await;
    }
    assert!(reader.view_at(size + 101).await.is_err());
}

/// A ledger whose clock is set by hand. Its events 0 to 3 are of 1 to 4 April 2023, 10:00 in Tokyo; it is
/// the evening of the 4th there.
struct Clocked {
    fixture: Fixture,
    reader: Arc<Reader>,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Clocked {
    async fn new() -> Self {
        let log = MemoryLog::new();
        let ledgers = start(&log).await;
        let ledger = LedgerId::new(daicho::clock::new_id()).unwrap();
        let opening = OpenLedger {
            sample: true,
            clock: ClockKind::Simulated,
            access_log_of: None,
            ..opening(ledger, "city")
        };
        ledgers.open(permitted("opener", opening)).await.unwrap();
        let fixture = ids(ledger, log, ledgers);
        let reader = fixture.ledgers.reader(ledger).unwrap();
        let clocked = Self { fixture, reader };
        for (n, day) in (1..).zip(["02", "03", "04"]) {
            let at = format!("2023-04-{day}T01:00:00Z");
            clocked.appended(n, &at).await;
        }
        clocked.set("2023-04-04T10:00:00Z");
        clocked
    }

    fn set(&self, instant: &str) {
        self.reader.clock().stop_at(at(instant));
    }

    async fn appended(&self, n: usize, instant: &str) {
        self.set(instant);
        let unit = UnitId::derived(self.fixture.ledger.uuid(), &n.to_string());
        let registered = OrgUnitRegistered {
            unit,
            code: Code::parse(&format!("部{n}")).unwrap(),
            name: title("部"),
            kind: UnitKind::Department,
            parent: None,
        };
        let event = self
            .fixture
            .event(Stream::org(unit), "2023-04-01", registered);
        self.fixture.append("a", vec![event]).await.unwrap();
    }

    async fn standpoint(
        &self,
        known_at: Option<KnownAt>,
        on: Option<&str>,
    ) -> Result<Standpoint, AsOfError> {
        let view = self.reader.caught_up(None).await;
        let as_of = AsOf {
            known_at,
            effective_on: on.map(date),
        };
        self.reader.standpoint(&view, &as_of).await
    }

    /// The size and the day that a read resolves to, or why it does not.
    async fn resolved(&self, known_at: Option<KnownAt>, on: Option<&str>) -> String {
        match self.standpoint(known_at, on).await {
            Ok(standpoint) => format!("{} {}", standpoint.view.size, standpoint.on),
            Err(AsOfError::Future(rejections)) => {
                let told: Vec<_> = rejections.iter().map(ToString::to_string).collect();
                told.join("; ")
            }
            Err(AsOfError::Read(fault)) => panic!("{fault}"),
        }
    }
}

#[tokio::test]
async fn absent_is_now_and_today() {
    let clocked = Clocked::new().await;
    assert_eq!(clocked.resolved(None, None).await, "4 2023-04-04");
    assert_eq!(
        clocked.resolved(None, Some("2023-04-01")).await,
        "4 2023-04-01"
    );
    // In Tokyo it is the next day already.
    clocked.set("2023-04-04T15:00:00Z");
    assert_eq!(clocked.resolved(None, None).await, "4 2023-04-05");
}

#[tokio::test]
async fn a_time_includes_what_was_recorded_at_it() {
    let clocked = Clocked::new().await;
    let third = clocked.reader.stored(2).await.unwrap().recorded.recorded_at;
    let time = |instant| Some(KnownAt::Time(instant));
    assert_eq!(clocked.resolved(time(third), None).await, "3 2023-04-03");
    let before = third - jiff::Span::new().microseconds(1);
    assert_eq!(clocked.resolved(time(before), None).await, "2 2023-04-03");
    let day_before = time(at("2023-04-02T14:59:59Z"));
    assert_eq!(clocked.resolved(day_before, None).await, "2 2023-04-02");
    // Before the ledger was opened nothing was known.
    let early = time(at("2020-01-01T00:00:00Z"));
    assert_eq!(clocked.resolved(early, None).await, "0 2020-01-01");
}

#[tokio::test]
async fn a_date_means_its_end_in_the_ledgers_zone() {
    let clocked = Clocked::new().await;
    // In Tokyo this is half past midnight of the 5th, in UTC still the 4th.
    clocked.appended(4, "2023-04-04T15:30:00Z").await;
    let day = |text| Some(KnownAt::Date(date(text)));
    assert_eq!(
        clocked.resolved(day("2023-04-04"), None).await,
        "4 2023-04-04"
    );
    assert_eq!(
        clocked.resolved(day("2023-04-05"), None).await,
        "5 2023-04-05"
    );
    assert_eq!(
        clocked
            .resolved(day("2023-04-04"), Some("2023-04-01"))
            .await,
        "4 2023-04-01"
    );
}

#[tokio::test]
async fn a_size_is_looked_at_on_the_days_on_which_the_ledger_had_it() {
    let clocked = Clocked::new().await;
    let size = |n| Some(KnownAt::Size(n));
    // Its own day is that of its last event.
    assert_eq!(clocked.resolved(size(2), None).await, "2 2023-04-02");
    // It had two events until the third came.
    assert_eq!(
        clocked.resolved(size(2), Some("2023-04-03")).await,
        "2 2023-04-03"
    );
    let refused = clocked.resolved(size(2), Some("2023-04-04")).await;
    assert_eq!(
        refused,
        "as_of.effective_on: the effective date must not be after 2023-04-03, the day of what is known"
    );
    // What an answer of now says of itself can be asked for again, now and later.
    clocked.set("2023-04-07T00:00:00Z");
    assert_eq!(clocked.resolved(None, None).await, "4 2023-04-07");
    assert_eq!(
        clocked.resolved(size(4), Some("2023-04-07")).await,
        "4 2023-04-07"
    );
    clocked.appended(4, "2023-04-09T00:00:00Z").await;
    assert_eq!(
        clocked.resolved(size(4), Some("2023-04-07")).await,
        "4 2023-04-07"
    );
    assert_eq!(clocked.resolved(size(4), None).await, "4 2023-04-04");
}

#[tokio::test]
async fn the_future_is_refused_each_with_its_own_reason() {
    let clocked = Clocked::new().await;
    let reasons = async |known_at, on| match clocked.standpoint(known_at, on).await {
        Err(AsOfError::Future(rejections)) => rejections.iter().map(|r| r.reason).collect(),
        Err(AsOfError::Read(fault)) => panic!("{fault}"),
        Ok(_) => Vec::new(),
    };
    assert_eq!(
        reasons(Some(KnownAt::Size(5)), None).await,
        [Reason::AsOfSizeInFuture]
    );
    let time = KnownAt::Time(at("2023-04-04T23:00:00Z"));
    assert_eq!(reasons(Some(time), None).await, [Reason::AsOfTimeInFuture]);
    let day = KnownAt::Date(date("2023-04-05"));
    assert_eq!(reasons(Some(day), None).await, [Reason::AsOfDateInFuture]);
    let tomorrow = Some("2023-04-05");
    assert_eq!(
        reasons(None, tomorrow).await,
        [Reason::AsOfEffectiveOnInFuture]
    );
    let yesterday = Some(KnownAt::Date(date("2023-04-03")));
    assert_eq!(
        reasons(yesterday, Some("2023-04-04")).await,
        [Reason::AsOfEffectiveOnInFuture]
    );
    // All at once.
    assert_eq!(
        reasons(Some(KnownAt::Size(5)), tomorrow).await,
        [Reason::AsOfSizeInFuture, Reason::AsOfEffectiveOnInFuture]
    );
}

#[tokio::test]
async fn what_was_recorded_is_known_though_the_clock_was_set_back() {
    let clocked = Clocked::new().await;
    clocked.set("2023-04-02T00:00:00Z");
    let day = Some(KnownAt::Date(date("2023-04-04")));
    assert_eq!(clocked.resolved(day, None).await, "4 2023-04-04");
    let newest = clocked.reader.stored(3).await.unwrap().recorded.recorded_at;
    let time = Some(KnownAt::Time(newest));
    assert_eq!(clocked.resolved(time, None).await, "4 2023-04-04");
}
