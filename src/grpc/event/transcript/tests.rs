use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use prost::encoding::message;

use super::*;
use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::date::Date;
use crate::domain::event::*;
use crate::domain::id::RequestId;
use crate::domain::indicator::Disclosure;
use crate::domain::personal::FreeText;
use crate::domain::quantity::Quantity;
use crate::domain::testing::{self, event_id, goal_id, indicator_id, key, name, person, q, text};
use crate::grpc::event::recorded;
use crate::log::codec::{RequestPlace, ServerPart, decode, encode_client_part};
use crate::merkle::leaf_hash;

/// The field that it is written as.
const FIELD: u32 = 1;
/// What stands before it.
const BEFORE: &[u8] = b"before";

/// The message of a leaf by the whole way; `None`: it cannot be read.
fn whole(leaf: &[u8]) -> Option<Vec<u8>> {
    let event = recorded(&decode(leaf).ok()?, leaf_hash(leaf).as_bytes());
    let mut bytes = BEFORE.to_vec();
    message::encode(FIELD, &event, &mut bytes);
    Some(bytes)
}

/// The message of a leaf from its bytes; `None`: it goes the whole way.
fn transcript(leaf: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = BEFORE.to_vec();
    match transcribe(FIELD, leaf, &leaf_hash(leaf), &mut bytes) {
        Some(()) => Some(bytes),
        None => {
            assert_eq!(bytes, BEFORE, "nothing is left behind");
            None
        }
    }
}

/// Leaves by the names of their files.
static GOLDEN: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/leaf-v1");
    let mut leaves = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            // The second line is its hash.
            let text = std::fs::read_to_string(&path).unwrap();
            leaves.push((name, hex::decode(text.lines().next().unwrap()).unwrap()));
        }
    }
    leaves.sort();
    leaves
});

#[test]
fn a_leaf_that_was_ever_written_is_shown_as_the_whole_way_shows_it() {
    let mut types = BTreeSet::new();
    for (name, leaf) in GOLDEN.iter() {
        let event = decode(leaf).unwrap().event;
        let event_type = event.payload.event_type();
        let is_for_all = event.personal_texts().next().is_none();
        let expected = (payload(event_type).is_some() && is_for_all).then(|| whole(leaf).unwrap());
        assert!(transcript(leaf) == expected, "{name}");
        types.extend(expected.map(|_| event_type.code()));
    }
    let tables = EventType::ALL.iter().filter(|t| payload(**t).is_some());
    assert_eq!(types.len(), tables.count(), "{types:?}");
}

#[test]
fn what_a_later_release_adds_is_left_out() {
    for (name, leaf) in GOLDEN.iter() {
        let mut leaf = leaf.clone();
        leaf.extend_from_slice(&[0x82, 0x7d, 0x02, 0x68, 0x69]);
        if let Some(shown) = transcript(&leaf) {
            assert_eq!(Some(shown), whole(&leaf), "{name}");
        }
    }
}

#[test]
fn a_leaf_without_something_goes_the_whole_way() {
    for (name, leaf) in GOLDEN.iter() {
        for end in 0..leaf.len() {
            assert_eq!(transcript(&leaf[..end]), None, "{name} cut to {end}");
        }
    }
}

fn leaf(event: &Event, actor: &Actor, revision: u64, second: i64) -> Vec<u8> {
    let request = RequestPlace {
        id: RequestId::new(Uuid::from_u128(7)).unwrap(),
        index: (revision % 3) as u32,
        count: 3,
    };
    let part = encode_client_part(event, testing::ledger_id(), actor, request).unwrap();
    let leaf = part.finish(&ServerPart {
        generation: 1,
        position: revision - 1,
        revision,
        recorded_at: Timestamp::new(second, 123_456_000).unwrap(),
        prev_leaf_hash: (revision != 1).then(|| Hash::new([7; 32])),
    });
    leaf.bytes.to_vec()
}

fn event(payload: Payload) -> Event {
    Event::new(event_id("event"), Stream::goal(goal_id("goal")), payload)
}

fn measured(measurement: Measurement) -> Payload {
    let reported = ReportedPart::default();
    let indicator = indicator_id("indicator");
    ActualRecorded {
        indicator,
        measurement,
        reported,
    }
    .into()
}

fn evidence(disclosure: Disclosure) -> Evidence {
    Evidence {
        sha256: [3; 32],
        media_type: name("application/pdf"),
        title: name("写真"),
        uri: None,
        size_bytes: Some(0),
        disclosure,
    }
}

/// Were a choice left out, its events would go the whole way for ever and nobody would notice.
#[test]
fn every_choice_is_known() {
    let someone = person("担当");
    let shown = |event: Event, actor: &Actor| {
        let leaf = leaf(&event, actor, 2, 0);
        assert!(transcript(&leaf).is_some(), "{event:?}");
    };
    let one = || event(measured(Measurement::Increment(q("1"))));
    for method in AuthMethod::ALL {
        let actor = Actor {
            method: *method,
            ..someone.clone()
        };
        shown(one(), &actor);
    }
    for code in ReasonCode::ALL {
        let reason = Some(Reason {
            code: *code,
            text: text("理由"),
        });
        shown(Event { reason, ..one() }, &someone);
    }
    for disclosure in Disclosure::ALL {
        let evidence = vec![evidence(*disclosure)];
        shown(Event { evidence, ..one() }, &someone);
    }
    for kind in NarrativeKind::ALL {
        let narrative = NarrativeAdded {
            subject: Subject::Goal(goal_id("goal")),
            kind: *kind,
            text: text("経過"),
        };
        shown(event(narrative.into()), &someone);
    }
    let member = |state| Measurement::Member {
        member: key("m"),
        state,
    };
    let milestone = |state| Measurement::Milestone {
        checkpoint: None,
        state,
    };
    let states = MemberState::ALL.iter().copied().map(member);
    let milestones = MilestoneState::ALL.iter().copied().map(milestone);
    let causes = NilCause::ALL.iter().copied().map(Measurement::Nil);
    for measurement in states.chain(milestones).chain(causes) {
        shown(event(measured(measurement)), &someone);
    }
}

fn quantities() -> impl Strategy<Value = Quantity> {
    (-(10_i64.pow(18) - 1)..10_i64.pow(18), 0_u32..=10)
        .prop_map(|(mantissa, scale)| Quantity::from(rust_decimal::Decimal::new(mantissa, scale)))
}

fn dates() -> impl Strategy<Value = Date> {
    (1900_i16..=2199, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| Date::constant(year, month, day))
}

fn texts() -> impl Strategy<Value = FreeText> {
    any::<String>().prop_filter_map("not a text", |text| FreeText::parse(&text).ok())
}

fn measurements() -> impl Strategy<Value = Measurement> {
    prop_oneof![
        quantities().prop_map(Measurement::Increment),
        quantities().prop_map(Measurement::Level),
        (quantities(), quantities()).prop_map(|(numerator, denominator)| Measurement::Ratio {
            numerator,
            denominator
        }),
        quantities().prop_map(|value| Measurement::MemberValue {
            member: key("北"),
            value
        }),
        any::<bool>().prop_map(|named| Measurement::Milestone {
            checkpoint: named.then(|| key("c")),
            state: MilestoneState::Decided,
        }),
        any::<u32>().prop_map(Measurement::RubricLevel),
    ]
}

fn payloads() -> impl Strategy<Value = Payload> {
    let indicator = indicator_id("indicator");
    let parts = (any::<bool>(), any::<Option<String>>()).prop_map(|(part, unit)| ReportedPart {
        part: part.then(|| key("part")),
        unit_code: unit.map(Into::into),
    });
    prop_oneof![
        (measurements(), parts.clone()).prop_map(move |(measurement, reported)| {
            ActualRecorded {
                indicator,
                measurement,
                reported,
            }
            .into()
        }),
        (measurements(), measurements(), parts).prop_map(move |(before, measurement, reported)| {
            ActualCorrected {
                indicator,
                corrects: event_id("one"),
                before: Some(before),
                measurement,
                reported,
            }
            .into()
        }),
        measurements().prop_map(move |before| {
            ActualRetracted {
                indicator,
                retracts: event_id("one"),
                before: Some(before),
            }
            .into()
        }),
        quantities().prop_map(move |requests| DemandRecorded {
            indicator,
            requests
        }
        .into()),
        (quantities(), dates(), any::<Option<u32>>(), texts()).prop_map(
            move |(value, date, confidence, basis)| {
                let value = match confidence {
                    Some(_) => ForecastValue::Value(value),
                    None => ForecastValue::Date(date),
                };
                ForecastSubmitted {
                    indicator,
                    value,
                    confidence,
                    basis,
                }
                .into()
            }
        ),
        texts().prop_map(move |text| {
            NarrativeAdded {
                subject: Subject::Indicator(indicator),
                kind: NarrativeKind::Risk,
                text,
            }
            .into()
        }),
        any::<bool>().prop_map(|shows| {
            EvidenceAttached {
                subject: Subject::Goal(goal_id("goal")),
                shows: shows.then(|| event_id("one")),
                filed_under: (!shows).then(|| key("綴")),
            }
            .into()
        }),
        (0_usize..4).prop_map(move |count| {
            ActualConfirmed {
                indicator,
                entries: vec![event_id("one"); count],
            }
            .into()
        }),
    ]
}

prop_compose! {
    fn events()(
        payload in payloads(),
        days in proptest::option::of((dates(), proptest::option::of(dates()))),
        reason in proptest::option::of(texts()),
        files in proptest::collection::vec(any::<bool>(), 0..3),
        document in proptest::option::of((proptest::option::of(dates()), any::<bool>())),
        links in any::<[bool; 3]>(),
    ) -> Event {
        Event {
            valid: days.map(|(from, to)| Validity { from, to }),
            reason: reason.map(|text| Reason { code: ReasonCode::Other, text }),
            evidence: files.into_iter().map(|linked| Evidence {
                uri: linked.then(|| name("https://example.lg.jp/1")),
                ..evidence(Disclosure::Public)
            }).collect(),
            source_document: document.map(|(date, titled)| SourceDocument {
                number: name("5-総企-1"),
                title: titled.then(|| name("報告書")),
                date,
            }),
            decision: links[0].then(|| event_id("decision")),
            correlation: links[1].then(|| Uuid::from_u128(8)),
            causation: links[2].then(|| event_id("cause")),
            ..event(payload)
        }
    }
}

proptest! {
    #[test]
    fn any_event_is_shown_as_the_whole_way_shows_it(
        event in events(),
        revision in 1_u64..1_000_000,
        second in any::<i32>(),
        client in any::<bool>(),
    ) {
        let actor = Actor {
            client: client.then(|| name("窓口")),
            ..person("担当")
        };
        let leaf = leaf(&event, &actor, revision, second.into());
        prop_assert_eq!(transcript(&leaf), whole(&leaf));
    }

    /// Words are not measured again, so a leaf that the whole way refuses for its words may be shown.
    #[test]
    fn damage_is_never_shown_as_something_else(
        which in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = which.get(&GOLDEN).1.clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(1 + end.index(bytes.len()));
        if let (Some(shown), Some(whole)) = (transcript(&bytes), whole(&bytes)) {
            prop_assert_eq!(shown, whole);
        }
    }
}
