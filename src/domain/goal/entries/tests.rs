use jiff::ToSpan as _;
use proptest::prelude::*;

use super::*;
use crate::domain::actual::{MemberState, MilestoneState, NilCause};
use crate::domain::code::Key;
use crate::domain::event::{ActualRecorded, Payload, ReasonCode, Recorded, Stream};
use crate::domain::goal::Tally;
use crate::domain::indicator::Definition;
use crate::domain::quantity::Quantity;
use crate::domain::testing::history::long_property_cases;
use crate::domain::testing::{
    count, day, event_id, event_of, fact, goal_id, increment, key, person, placed, recorded, text,
};
use crate::domain::text::Name;

fn reported(number: u64, measurement: Measurement) -> Recorded {
    let told = fact(recorded(measurement));
    let stream = Stream::goal(goal_id("G"));
    placed(
        event_of(&told, event_id(&number.to_string()), stream),
        number,
    )
}

fn fresh(event: &Recorded) -> Fresh {
    let Payload::ActualRecorded(ActualRecorded {
        measurement,
        reported,
        ..
    }) = &event.event.payload
    else {
        unreachable!("it was just made")
    };
    Fresh::new(event, day("2023-09-30"), measurement, reported)
}

fn entry(number: u64) -> Fresh {
    fresh(&reported(number, increment(&number.to_string())))
}

fn entries(numbers: std::ops::Range<u64>) -> Entries {
    let mut entries = Entries::default();
    for number in numbers {
        entries.push(entry(number), None, Backing::default());
    }
    entries
}

#[test]
fn entries_are_found_by_index_by_event_and_in_order_however_many_there_are() {
    let mut entries = Entries::default();
    let mut savepoints = Vec::new();
    for number in 0..150 {
        savepoints.push(entries.clone());
        entries.push(entry(number), None, Backing::default());
    }
    for (count, savepoint) in savepoints.iter().enumerate() {
        assert_eq!(savepoint.len(), count);
        let positions: Vec<u64> = savepoint.iter().map(|entry| entry.position).collect();
        assert_eq!(positions, (0..count as u64).collect::<Vec<_>>());
        let back: Vec<u64> = savepoint.iter().rev().map(|entry| entry.position).collect();
        assert_eq!(back, (0..count as u64).rev().collect::<Vec<_>>());
        assert_eq!(savepoint.get(count), None);
        let last = savepoint.last().map(|entry| entry.position + 1);
        assert_eq!(last.unwrap_or(0), count as u64);
        for number in 0..150 {
            let found = savepoint.of_event(event_id(&number.to_string()));
            let found = found.map(|(index, entry)| (index, entry.position));
            assert_eq!(found, (number < count).then_some((number, number as u64)));
        }
    }
}

#[test]
fn a_change_leaves_savepoints_as_they_were_and_neighbours_share_what_is_alike() {
    let mut entries = entries(0..140);
    let before = entries.clone();
    let superseded = Superseded {
        by: event_id("later"),
        position: 141,
        recorded_at: Timestamp::UNIX_EPOCH,
        retracted: true,
    };
    for index in [3, 70, 139] {
        entries.supersede(index, superseded);
        assert_eq!(entries.get(index).unwrap().superseded(), Some(superseded));
        assert_eq!(before.get(index).unwrap().superseded(), None);
    }
    let mut contexts = entries.iter().take(128).map(|entry| entry.context);
    let first = contexts.next().unwrap();
    assert!(contexts.all(|context| std::ptr::eq(context, first)));
    let measured = entries.get(3).unwrap().measurement;
    assert_eq!(measured, Measurement::Increment("3".parse().unwrap()));
}

#[test]
fn what_stands_behind_the_newest_is_known_and_of_others_whether_there_is_any() {
    let mut entries = Entries::default();
    let backing = Backing {
        evidence: Vec::new(),
        reason: Some(Reason {
            code: ReasonCode::EntryError,
            text: text("入力誤り"),
        }),
    };
    for number in 0..40 {
        let mut event = reported(number, increment("1"));
        event.event.reason = (number % 2 == 0).then(|| backing.reason.clone().unwrap());
        entries.push(fresh(&event), None, Backing::of(&event.event));
        let known = match number % 2 {
            0 => backing.clone(),
            _ => Backing::default(),
        };
        assert_eq!(entries.backing(number), Some(known));
        assert_eq!(entries.backing(number + 1), None);
        assert_eq!(entries.backing(number.wrapping_sub(1)), None);
    }
    let backed = entries.iter().map(|entry| entry.is_backed());
    assert!(backed.eq((0..40).map(|number| number % 2 == 0)));
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        (-300..300_i64).prop_map(Quantity::from),
        prop::sample::select(vec![
            "0.5",
            "-0.0000000001",
            "999999999999999.9999999999",
            "-999999999999999.9999999999",
            "123456789012.25",
        ])
        .prop_map(|text| text.parse().unwrap()),
    ]
}

fn measurement() -> impl Strategy<Value = Measurement> {
    let member = || prop::sample::select(vec!["m1", "m2"]).prop_map(key);
    prop_oneof![
        4 => quantity().prop_map(Measurement::Increment),
        1 => quantity().prop_map(Measurement::Level),
        1 => (quantity(), quantity()).prop_map(|(numerator, denominator)| Measurement::Ratio { numerator, denominator }),
        1 => (member(), any::<bool>()).prop_map(|(member, done)| Measurement::Member {
            member,
            state: if done { MemberState::Done } else { MemberState::NotDone },
        }),
        1 => (member(), quantity()).prop_map(|(member, value)| Measurement::MemberValue { member, value }),
        1 => prop::option::of(member()).prop_map(|checkpoint: Option<Key>| Measurement::Milestone {
            checkpoint,
            state: MilestoneState::Started,
        }),
        1 => (1..6_u32).prop_map(Measurement::RubricLevel),
        1 => Just(Measurement::Nil(NilCause::NoActivity)),
    ]
}

/// What becomes of a list of entries, with numbers that choose.
#[derive(Clone, Debug)]
enum Step {
    Push {
        measurement: Measurement,
        id: u128,
        ahead: (u64, i64),
        days: (u16, Option<u16>),
        who: u8,
        corrects: Option<usize>,
    },
    Supersede(usize, bool),
    Confirm(usize, usize),
    Savepoint,
}

fn step() -> impl Strategy<Value = Step> {
    let push = (
        measurement(),
        1..u128::MAX,
        (0..1_u64 << 40, 1..1_i64 << 50),
        (0..700_u16, prop::option::of(0..60_u16)),
        0..4_u8,
        prop::option::weighted(0.1, any::<usize>()),
    );
    let push = push.prop_map(|(measurement, id, ahead, days, who, corrects)| Step::Push {
        measurement,
        id,
        ahead,
        days,
        who,
        corrects,
    });
    prop_oneof![
        20 => push,
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, retracted)| Step::Supersede(which, retracted)),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Step::Confirm(one, other)),
        1 => Just(Step::Savepoint),
    ]
}

/// What is kept, kept plainly.
#[derive(Clone, Default)]
struct Plain {
    fresh: Vec<Fresh>,
    notes: Notes,
}

impl Plain {
    fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        let fresh = self.fresh.iter().enumerate();
        fresh.map(|(index, fresh)| fresh.entry(self.notes.of(index)))
    }
}

proptest! {
    #![proptest_config(long_property_cases())]

    /// Packed entries are those that were put in, however they were changed, and savepoints stay what they were.
    #[test]
    fn packed_entries_are_those_that_were_put_in(steps in prop::collection::vec(step(), 0..220)) {
        let (mut packed, mut plain) = (Entries::default(), Plain::default());
        let (mut position, mut recorded_at) = (0, Timestamp::UNIX_EPOCH);
        let mut savepoints = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let count = plain.fresh.len();
            match step {
                Step::Push { measurement, id, ahead, days, who, corrects } => {
                    position += 1 + ahead.0;
                    recorded_at = Timestamp::from_microsecond(recorded_at.as_microsecond() / 2 + ahead.1).unwrap();
                    let mut event = reported(0, increment("1"));
                    event.position = position;
                    event.recorded_at = recorded_at;
                    event.event.id = EventId::new(uuid::Uuid::from_u128(id)).unwrap();
                    Arc::make_mut(&mut event.actor).subject = Name::parse(&format!("人{who}")).unwrap();
                    let from = day("2023-04-01").saturating_add(i64::from(days.0).days());
                    let valid = Validity { from, to: days.1.map(|more| from.saturating_add(i64::from(more).days())) };
                    event.event.valid = Some(valid);
                    let part = ReportedPart { part: (who == 3).then(|| key("部")), unit_code: None };
                    let mut new = Fresh::new(&event, from, &measurement, &part);
                    new.definition_version = 1 + u32::from(days.0 / 365);
                    let corrects = corrects.filter(|_| 0 < count).map(|which| plain.fresh[which % count].event_id);
                    if let Some(corrected) = corrects {
                        plain.notes.corrects.insert(count, corrected);
                    }
                    plain.fresh.push(new.clone());
                    packed.push(new, corrects, Backing::default());
                }
                Step::Supersede(which, retracted) if 0 < count => {
                    let superseded = Superseded { by: event_id("s"), position, recorded_at, retracted };
                    plain.notes.superseded.insert(which % count, superseded);
                    packed.supersede(which % count, superseded);
                }
                Step::Confirm(one, other) if 0 < count => {
                    let confirmation = Confirmation {
                        event_id: event_id(&number.to_string()),
                        position,
                        recorded_at,
                        actor: reported(0, increment("1")).actor,
                        date: day("2023-10-02"),
                    };
                    let alone = Arc::from([confirmation.clone()]);
                    for which in [one % count, other % count] {
                        let mut all = plain.notes.of(which).confirmations.to_vec();
                        all.push(confirmation.clone());
                        plain.notes.confirmed.insert(which, all.into());
                        packed.confirm(which, &alone);
                    }
                }
                _ => savepoints.push((packed.clone(), plain.clone())),
            }
        }
        savepoints.push((packed, plain));
        for (packed, plain) in &savepoints {
            prop_assert_eq!(packed.len(), plain.fresh.len());
            prop_assert!(packed.iter().eq(plain.entries()));
            prop_assert!(packed.iter().rev().eq(plain.entries().rev()));
            prop_assert_eq!(packed.last(), plain.entries().next_back());
            for (index, entry) in plain.entries().enumerate() {
                prop_assert_eq!(packed.get(index), Some(entry.clone()));
                let (_, found) = packed.of_event(entry.event_id).unwrap();
                prop_assert_eq!(found, entry);
            }
            prop_assert_eq!(packed.get(plain.fresh.len()), None);
        }
    }
}

/// A thousand reports on one of ten thousand goals, as `daicho bench` makes them: of any day of half a year, some amount, by a
/// client whose ids begin with the time; each by somebody of so many.
fn many(definition: &Definition, reporters: u64) -> (Entries, Tally) {
    let (mut entries, mut tally) = (Entries::default(), Tally::default());
    // The finaliser of splitmix64 scatters as well as chance, in the same way each time.
    let scattered = |number: u64| {
        let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    for number in 0..1_000_u64 {
        let chance = scattered(number);
        let amount = 10 + chance % 90;
        let mut event = reported(
            number * 10_000 + chance % 20_000,
            increment(&amount.to_string()),
        );
        let micros = 1_700_000_000_000_000 + number * 1_000_000 + chance % 700_000;
        event.recorded_at = Timestamp::from_microsecond(micros as i64).unwrap();
        // Version 7: 48 bits of time, the version, what else is by chance.
        let time = u128::from(micros / 1_000 - chance % 20) << 80;
        let rest = u128::from(scattered(chance)) << 64 | u128::from(scattered(!chance));
        let id = time | 0x7 << 76 | rest & !(0xF_FFFF_FFFF_FFFF << 76);
        event.event.id = EventId::new(uuid::Uuid::from_u128(id)).unwrap();
        let day = day("2023-04-01").saturating_add(((chance >> 8) as i64 % 183).days());
        event.event.valid = Some(Validity::from(day));
        let who = format!("reporter {}", (chance >> 32) % reporters);
        event.actor = Arc::new(person(&who));
        let new = fresh(&event);
        tally.add(definition, &new.entry(Note::default()), entries.len());
        entries.push(new, None, Backing::default());
    }
    (entries, tally)
}

#[test]
fn a_thousand_reports_take_few_bytes_each() {
    let (entries, tally) = many(&count(), 1);
    assert_eq!(entries.len(), 1_000);
    let (reports, places) = (entries.size(), tally.size());
    assert!(reports <= 35 * 1_000, "{reports} bytes for 1,000 reports");
    assert!(places <= 10 * 1_000, "{places} bytes for their places");
}

#[test]
fn who_reports_is_said_once_however_many_do_in_turn() {
    let size = |reporters| many(&count(), reporters).0.size();
    let (one, sixty) = (size(1), size(60));
    assert!(
        sixty <= one + 20 * 1_000,
        "{one} bytes by one, {sixty} by sixty"
    );
}
