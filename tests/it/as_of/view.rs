//! What stood where at a size.

use daicho::domain::code::Code;
use daicho::domain::directory::Directory;
use daicho::domain::event::*;
use daicho::domain::id::UnitId;
use daicho::domain::org_unit::UnitKind;
use daicho::domain::text::Text;
use daicho::ledger::Reader;
use proptest::prelude::*;

use crate::fixture::{Fixture, title};

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
            };
            fixture.event(stream, &day, reworded)
        }
        _ => fixture.report(n as i64, &day),
    };
    event.reason = Some(daicho::domain::event::Reason {
        code: ReasonCode::Other,
        text: Text::parse("理由").unwrap(),
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
