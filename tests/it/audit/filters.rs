//! A list of changes is what satisfies its filter, in order, however it is read: held against a look at every event.

use std::sync::Arc;

use daicho::auth::{Authenticator, Claims};
use daicho::domain::date::Date;
use daicho::domain::directory::Named;
use daicho::domain::event::*;
use daicho::domain::id::EventId;
use daicho::domain::text::{Name, Text};
use daicho::ledger::index::Direction;
use daicho::ledger::{Reader, Stored};
use daicho::projection::change::{ChangeFilter, ChangeFlag, list};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::fixture::{Fixture, date, title};

const ACTORS: [&str; 3] = ["甲", "乙", "丙"];
const CLIENTS: [&str; 2] = ["表計算", "窓口"];
const REASONS: [ReasonCode; 2] = [ReasonCode::EntryError, ReasonCode::LateData];

/// The small plan with reports, corrections and retractions by some people and programs, for some reasons,
/// on evidence and on decisions, early, late and backwards.
async fn ledger() -> (Fixture, Arc<Reader>) {
    let mut fixture = Fixture::planned().await;
    let mut reported = Vec::new();
    // Any event serves as the decision: what is decided has no events of its own yet.
    let first = fixture.ledgers.reader(fixture.ledger).unwrap();
    let decided = first.stored(0).await.unwrap().recorded.event.id;
    for n in 0..240_usize {
        if n == 120 {
            // What comes before is in a written run of the index, the rest in memory.
            fixture = fixture.restarted(true).await;
        }
        let mut event = happening(&fixture, n, &mut reported);
        if n % 5 != 0 || needs_reason(&event) {
            event.reason = Some(Reason {
                code: REASONS[n % 2],
                text: Text::parse("理由").unwrap().into(),
            });
        }
        if n % 7 == 0 {
            event.evidence = vec![Evidence {
                sha256: [7; 32],
                media_type: Name::parse("application/pdf").unwrap(),
                title: Name::parse("写真").unwrap(),
                uri: None,
                size_bytes: None,
                disclosure: daicho::domain::indicator::Disclosure::Internal,
            }];
        }
        event.decision = (n % 11 == 0).then_some(decided);
        let auth = Authenticator;
        let claims = Claims {
            subject: Some(ACTORS[n % 3].as_bytes().to_vec()),
            client: (n % 4 != 0).then(|| CLIENTS[n % 2].as_bytes().to_vec()),
        };
        let actor = auth.identify(&claims).unwrap();
        let append = fixture.request(vec![event]);
        let permitted = auth.permit(&actor, append).unwrap();
        fixture.ledgers.append(permitted, None).await.unwrap();
    }
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    reader.caught_up(None).await;
    (fixture, reader)
}

fn needs_reason(event: &Event) -> bool {
    !matches!(
        event.payload,
        Payload::ActualRecorded(_) | Payload::GoalReworded(_)
    )
}

fn happening(fixture: &Fixture, n: usize, reported: &mut Vec<EventId>) -> Event {
    let day = format!("2023-{:02}-{:02}", 4 + n % 9, 1 + n % 28);
    let goal = Stream::goal(fixture.goal);
    match (n % 8, reported.pop()) {
        (5, Some(corrects)) => fixture.event(
            goal,
            &day,
            ActualCorrected {
                indicator: fixture.indicator,
                corrects,
                before: None,
                measurement: daicho::domain::actual::Measurement::Increment(1.into()),
                reported: Default::default(),
            },
        ),
        (6, Some(retracts)) => fixture.event(
            goal,
            &day,
            ActualRetracted {
                indicator: fixture.indicator,
                retracts,
                before: None,
            },
        ),
        (7, _) => fixture.event(
            Stream::org(fixture.section),
            &day,
            OrgUnitChanged {
                unit: fixture.section,
                name: Some(title(&format!("課{n}"))),
                parent: None,
                dissolved: false,
            },
        ),
        (3, _) => fixture.event(
            goal,
            &day,
            GoalReworded {
                goal: fixture.goal,
                title: title(&format!("題{n}")),
                source_text: Text::parse("文").unwrap(),
            },
        ),
        (_, before) => {
            reported.extend(before);
            let mut report = fixture.report(n as i64, &day);
            if n.is_multiple_of(6) {
                // Over a span of some months.
                let last = date(&day).checked_add(jiff::Span::new().days(70)).unwrap();
                report.valid = report.valid.map(|valid| Validity {
                    to: Some(last.min(date("2024-03-31"))),
                    ..valid
                });
            }
            reported.push(report.id);
            report
        }
    }
}

/// What a filter asks for, said without the index.
fn wanted(fixture: &Fixture, filter: &ChangeFilter, stored: &Stored) -> bool {
    let recorded = &stored.recorded;
    let event = &recorded.event;
    let kind = event.payload.event_type();
    let recorded_on = {
        let zone = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
        recorded.recorded_at.to_zoned(zone).date()
    };
    let of_section = event.stream == Stream::org(fixture.section)
        || event.payload.indicator().is_some()
        || matches!(event.payload, Payload::InitiativeSet(_));
    let checks = [
        filter
            .actor
            .as_ref()
            .is_none_or(|actor| *actor == recorded.actor.subject),
        filter.client.is_none() || filter.client == recorded.actor.client,
        filter.stream.is_none_or(|stream| stream == event.stream),
        match filter.subject {
            None => true,
            Some(Named::Plan(id)) => {
                event.stream == Stream::plan(id) || event.stream == Stream::goal(fixture.goal)
            }
            Some(Named::Goal(id)) => event.stream == Stream::goal(id),
            Some(Named::Indicator(id)) => event.payload.indicator() == Some(id),
            Some(other) => panic!("not asked for: {other:?}"),
        },
        filter.unit.is_none() || of_section,
        filter.types.is_empty() || filter.types.contains(&kind),
        !filter.corrections_only
            || [EventType::ActualCorrected, EventType::ActualRetracted].contains(&kind),
        match &event.reason {
            Some(reason) => {
                filter.has_reason != Some(false)
                    && (filter.reasons.is_empty() || filter.reasons.contains(&reason.code))
            }
            None => filter.has_reason != Some(true) && filter.reasons.is_empty(),
        },
        filter.has_evidence != Some(event.evidence.is_empty()),
        filter.has_decision != Some(event.decision.is_none()),
        filter
            .recorded_from
            .is_none_or(|from| from <= recorded.recorded_at),
        filter
            .recorded_until
            .is_none_or(|until| recorded.recorded_at < until),
        match (event.valid, filter.valid_from, filter.valid_until) {
            (_, None, None) => true,
            (None, ..) => false,
            (Some(valid), from, until) => {
                let last = valid.to.unwrap_or(valid.from);
                from.is_none_or(|from| from <= last)
                    && until.is_none_or(|until| valid.from <= until)
            }
        },
        filter.flags.is_empty() || {
            let Lateness {
                late, retroactive, ..
            } = Lateness::of(event, recorded_on);
            (late && filter.flags.contains(&ChangeFlag::Late))
                || (retroactive && filter.flags.contains(&ChangeFlag::Retroactive))
        },
    ];
    checks.into_iter().all(|check| check)
}

/// What a filter may ask for, by number; `at` picks a position.
#[derive(Clone, Debug)]
struct Asked {
    actor: Option<usize>,
    client: Option<usize>,
    stream: u8,
    subject: u8,
    unit: bool,
    types: Vec<usize>,
    corrections_only: bool,
    reasons: Vec<usize>,
    has: (Option<bool>, Option<bool>, Option<bool>),
    recorded: (Option<usize>, Option<usize>),
    valid: (Option<i64>, Option<i64>),
    flags: Vec<bool>,
    backward: bool,
    page: usize,
    size: usize,
}

fn asked() -> impl Strategy<Value = Asked> {
    use prop::option::weighted;
    let sometimes = || weighted(0.2, any::<bool>());
    let who = (weighted(0.3, 0..3_usize), weighted(0.3, 0..2_usize));
    let what = (
        prop_oneof![4 => Just(0_u8), 1 => 1..3_u8],
        prop_oneof![3 => Just(0_u8), 2 => 1..4_u8],
        prop::bool::weighted(0.2),
        prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(0..5_usize, 1..3)],
        prop::bool::weighted(0.2),
    );
    let why = (
        prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(0..2_usize, 1..3)],
        (sometimes(), sometimes(), sometimes()),
    );
    let when = (
        (weighted(0.3, 0..250_usize), weighted(0.3, 0..250_usize)),
        (weighted(0.4, 0..366_i64), weighted(0.4, 0..366_i64)),
        prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(any::<bool>(), 1..3)],
    );
    let how = (any::<bool>(), 1..60_usize, 200..248_usize);
    (who, what, why, when, how).prop_map(
        |(
            (actor, client),
            (stream, subject, unit, types, corrections_only),
            (reasons, has),
            (recorded, valid, flags),
            (backward, page, size),
        )| Asked {
            actor,
            client,
            stream,
            subject,
            unit,
            types,
            corrections_only,
            reasons,
            has,
            recorded,
            valid,
            flags,
            backward,
            page,
            size,
        },
    )
}

fn filter(fixture: &Fixture, every: &[Stored], asked: &Asked) -> ChangeFilter {
    let name = |text: &str| Name::parse(text).unwrap();
    let day = |after: i64| -> Date {
        let first = date("2023-04-01");
        first.checked_add(jiff::Span::new().days(after)).unwrap()
    };
    let instant = |at: Option<usize>| {
        let at = at.map(|at| at.min(every.len() - 1));
        at.map(|at| every[at].recorded.recorded_at)
    };
    let types = [
        EventType::ActualRecorded,
        EventType::ActualCorrected,
        EventType::GoalReworded,
        EventType::OrgUnitChanged,
        EventType::PlanPublished,
    ];
    ChangeFilter {
        actor: asked.actor.map(|n| name(ACTORS[n])),
        person: None,
        client: asked.client.map(|n| name(CLIENTS[n])),
        stream: match asked.stream {
            0 => None,
            1 => Some(Stream::goal(fixture.goal)),
            _ => Some(Stream::org(fixture.section)),
        },
        subject: match asked.subject {
            0 => None,
            1 => Some(Named::Plan(fixture.plan)),
            2 => Some(Named::Goal(fixture.goal)),
            _ => Some(Named::Indicator(fixture.indicator)),
        },
        unit: asked.unit.then_some(fixture.section),
        types: asked.types.iter().map(|n| types[*n]).collect(),
        corrections_only: asked.corrections_only,
        reasons: asked.reasons.iter().map(|n| REASONS[*n]).collect(),
        has_reason: asked.has.0,
        has_evidence: asked.has.1,
        has_decision: asked.has.2,
        recorded_from: instant(asked.recorded.0),
        recorded_until: instant(asked.recorded.1),
        valid_from: asked.valid.0.map(day),
        valid_until: asked.valid.1.map(day),
        flags: asked
            .flags
            .iter()
            .map(|late| match late {
                true => ChangeFlag::Late,
                false => ChangeFlag::Retroactive,
            })
            .collect(),
    }
}

#[test]
fn a_list_is_what_satisfies_the_filter_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (fixture, reader) = runtime.block_on(ledger());
    let every: Vec<u64> = (0..reader.head().size).collect();
    let every = runtime.block_on(reader.stored_at(&every)).unwrap();
    let found_some = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(256));
    let outcome = runner.run(&asked(), |asked| {
        let filter = filter(&fixture, &every, &asked);
        let direction = match asked.backward {
            true => Direction::Backward,
            false => Direction::Forward,
        };
        let mut expected: Vec<u64> = every[..asked.size.min(every.len())]
            .iter()
            .filter(|stored| wanted(&fixture, &filter, stored))
            .map(|stored| stored.recorded.position)
            .collect();
        if asked.backward {
            expected.reverse();
        }
        let found = runtime.block_on(async {
            let view = reader.view_at(asked.size as u64).await.unwrap();
            let (mut found, mut cursor) = (Vec::new(), None);
            loop {
                let page = list(&reader, &view, &filter, cursor, direction, asked.page).await;
                let page = page.unwrap();
                assert!(page.changes.len() <= asked.page);
                found.extend(page.changes.iter().map(|c| c.stored.recorded.position));
                cursor = page.next;
                if cursor.is_none() {
                    return found;
                }
            }
        });
        found_some.set(found_some.get() + usize::from(!found.is_empty()));
        prop_assert_eq!(found, expected, "{:?}", filter);
        Ok(())
    });
    outcome.unwrap();
    // Some filters find something.
    assert!(64 < found_some.get(), "{}", found_some.get());
}
