//! A ledger that has room for few states in memory answers as one that has room for all.

use std::sync::Arc;

use daicho::clock::new_id;
use daicho::config::{Config, Flags};
use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::code::Code;
use daicho::domain::event::{
    ActualConfirmed, ActualCorrected, ActualRecorded, ActualRetracted, Event, Payload, Reason,
    ReasonCode, Stream,
};
use daicho::domain::id::{EventId, GoalId, IndicatorId, InitiativeId, LedgerId};
use daicho::domain::personal::FreeText;
use daicho::ledger::{AppendError, Appended, STATES_BYTES, StreamState};
use daicho::log::MemoryLog;
use proptest::prelude::*;

use crate::fixture::{Fixture, ids, opening, permitted, start_with};

/// A goal with its initiative and its indicator.
#[derive(Clone, Copy)]
struct Place {
    goal: GoalId,
    initiative: InitiativeId,
    indicator: IndicatorId,
}

/// The events of [`Fixture::structure`] that set a goal, for other places.
fn set(fixture: &Fixture, number: usize, place: Place) -> Vec<Event> {
    let mut events = fixture.structure().split_off(3);
    for event in &mut events {
        event.stream = Stream::goal(place.goal);
        let code = |rest: &str| Code::parse(&format!("R5/総務部/1-{number}{rest}")).unwrap();
        match &mut event.payload {
            Payload::GoalSet(p) => (p.goal, p.code) = (place.goal, code("")),
            Payload::InitiativeSet(p) => {
                (p.initiative, p.goal, p.code) = (place.initiative, place.goal, code("/1"));
            }
            Payload::IndicatorDefined(p) => {
                p.indicator = place.indicator;
                p.initiative = place.initiative;
                p.code = code("/1.1");
            }
            Payload::TargetSet(p) => p.indicator = place.indicator,
            other => panic!("sets no goal: {other:?}"),
        }
    }
    events
}

/// What becomes of the goals, with numbers that choose.
#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    goals: (usize, usize),
    which: usize,
    amount: i64,
    day: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let goals = (0..3_usize, 0..3_usize);
    (0..8_u8, goals, any::<usize>(), 1..9_i64, 1..29_u8).prop_map(
        |(kind, goals, which, amount, day)| Step {
            kind,
            goals,
            which,
            amount,
            day,
        },
    )
}

struct World {
    places: [Place; 3],
    /// What was reported, of which goal.
    sent: Vec<(usize, EventId)>,
}

impl World {
    fn events(&mut self, fixture: &Fixture, step: &Step) -> Vec<Event> {
        let day = format!("2023-05-{:02}", step.day);
        let event = |goal: usize, payload: Payload| {
            let mut event = fixture.event(Stream::goal(self.places[goal].goal), &day, payload);
            event.reason = Some(Reason {
                code: ReasonCode::EntryError,
                text: FreeText::parse("入力誤り").unwrap(),
            });
            event
        };
        let report = |goal: usize| {
            event(
                goal,
                ActualRecorded {
                    indicator: self.places[goal].indicator,
                    measurement: Measurement::Increment(step.amount.into()),
                    reported: ReportedPart::default(),
                }
                .into(),
            )
        };
        let Some((goal, entry)) = self.sent.get(step.which % self.sent.len().max(1)).copied()
        else {
            let first = report(step.goals.0);
            self.sent.push((step.goals.0, first.id));
            return vec![first];
        };
        let indicator = self.places[goal].indicator;
        let events = match step.kind {
            0 => vec![event(
                goal,
                ActualCorrected {
                    indicator,
                    corrects: entry,
                    measurement: Measurement::Increment(step.amount.into()),
                    before: None,
                    reported: ReportedPart::default(),
                }
                .into(),
            )],
            1 => {
                let retracts = entry;
                let before = None;
                let retracted = ActualRetracted {
                    indicator,
                    retracts,
                    before,
                };
                vec![event(goal, retracted.into())]
            }
            2 => {
                let entries = vec![entry];
                vec![event(goal, ActualConfirmed { indicator, entries }.into())]
            }
            3 => vec![report(step.goals.0), report(step.goals.1)],
            _ => vec![report(step.goals.0)],
        };
        for event in &events {
            let goal = self
                .places
                .iter()
                .position(|place| Stream::goal(place.goal) == event.stream);
            if matches!(
                event.payload,
                Payload::ActualRecorded(_) | Payload::ActualCorrected(_)
            ) {
                self.sent.push((goal.unwrap(), event.id));
            }
        }
        events
    }
}

/// With everything but times of recording and what hashes them.
fn told(outcome: &Result<Appended, AppendError>) -> String {
    match outcome {
        Ok(appended) => {
            let events = appended.receipt.events.iter();
            let events = events.map(|e| (e.event_id, e.position, e.revision));
            format!("{:?}", events.collect::<Vec<_>>())
        }
        Err(AppendError::Rejected(rejections)) => format!("{rejections:?}"),
        Err(other) => panic!("not a rejection: {other}"),
    }
}

fn in_words(state: &StreamState, place: Place) -> String {
    let entries = state.goal.indicator(place.indicator).map(|indicator| {
        let entries = indicator.entries.iter().map(|entry| {
            let by = entry.superseded().map(|by| (by.by, by.position));
            let confirmed = entry.confirmations().iter().map(|by| by.event_id);
            let confirmed: Vec<EventId> = confirmed.collect();
            let of = (entry.event_id, entry.position, entry.valid, entry.corrects);
            format!("{of:?} {:?} {by:?} {confirmed:?}", entry.measurement)
        });
        entries.collect::<Vec<_>>()
    });
    format!("{} {} {entries:?}", state.revision, state.end)
}

async fn planned(ledger: LedgerId, states_bytes: usize) -> Fixture {
    let log = MemoryLog::new();
    let ledgers = start_with(&log, states_bytes).await;
    ledgers
        .open(permitted("opener", opening(ledger, "city")))
        .await
        .unwrap();
    ids(ledger, log, ledgers)
}

async fn state(fixture: &Fixture, place: Place, size: u64) -> Arc<StreamState> {
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    reader.caught_up(None).await;
    reader.stream(Stream::goal(place.goal), size).await.unwrap()
}

async fn history(steps: Vec<Step>) {
    let ledger = LedgerId::new(new_id()).unwrap();
    let small = planned(ledger, 0).await;
    let large = planned(ledger, STATES_BYTES).await;
    let new = |_| Place {
        goal: GoalId::new(new_id()).unwrap(),
        initiative: InitiativeId::new(new_id()).unwrap(),
        indicator: IndicatorId::new(new_id()).unwrap(),
    };
    let mut world = World {
        places: std::array::from_fn(new),
        sent: Vec::new(),
    };
    let mut structure = small.structure();
    structure.truncate(3);
    for (number, place) in (1..).zip(world.places) {
        structure.extend(set(&small, number, place));
    }
    for fixture in [&small, &large] {
        fixture.append("planner", structure.clone()).await.unwrap();
    }
    for step in &steps {
        // Whoever confirms is somebody else.
        let actor = if step.kind == 2 { "課長" } else { "係長" };
        let request = small.request(world.events(&small, step));
        let found = small.send(actor, request.clone()).await;
        let expected = large.send(actor, request).await;
        assert_eq!(told(&found), told(&expected));
        let head = large.size().await;
        for (place, size) in [
            (step.goals.0, head),
            (step.goals.1, step.which as u64 % (head + 1)),
        ] {
            let place = world.places[place];
            let found = in_words(&*state(&small, place, size).await, place);
            assert_eq!(found, in_words(&*state(&large, place, size).await, place));
        }
    }
    let head = small.size().await;
    let mut states = Vec::new();
    for place in world.places {
        states.push(state(&small, place, head).await);
    }
    let anew = small.restarted(false).await;
    for (place, before) in world.places.into_iter().zip(states) {
        assert_eq!(state(&anew, place, head).await, before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_has_no_room_is_answered_all_the_same(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(history(steps));
    }
}

#[test]
fn what_nobody_sets_is_the_same_with_a_server_and_without() {
    let config = Config::from_sources(&Flags::default(), |_| None).unwrap();
    assert_eq!(config.states_bytes, STATES_BYTES);
}
