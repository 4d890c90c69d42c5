use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use prost::Message as _;

use super::fields::Fields;
use super::samples::{self, Sample};
use super::*;
use crate::domain::access::Authorization;
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::event::{
    ActualCorrected, ActualRecorded, ActualRetracted, EventType, Evidence, IndicatorRedefined,
    NarrativeAdded, NarrativeKind, Payload, PeriodClosed, Reason, ReasonCode, Subject,
    TargetRevised, Validity,
};
use crate::domain::indicator::Disclosure;
use crate::domain::quantity::Quantity;
use crate::domain::text::{Name, Text};
use crate::domain::unit::Dimension;
use crate::merkle::leaf_hash;

mod faults;
mod limits;

fn all() -> Vec<Sample> {
    samples::golden()
        .into_iter()
        .chain(samples::forms())
        .collect()
}

#[test]
fn every_type_has_samples() {
    let types: BTreeSet<_> = samples::golden()
        .iter()
        .map(|s| s.event.payload.event_type())
        .collect();
    assert_eq!(types, EventType::ALL.iter().copied().collect());
    let of_types = samples::golden();
    let names: BTreeSet<_> = of_types.iter().map(|sample| &sample.name).collect();
    assert_eq!(names.len(), of_types.len(), "each has a file of its own");
    assert!(2 * EventType::ALL.len() <= names.len());
}

#[test]
fn what_is_decoded_is_what_was_encoded() {
    for sample in all() {
        let leaf = sample.leaf();
        assert_eq!(
            decode(&leaf.bytes).as_ref(),
            Ok(&sample.recorded()),
            "{}",
            sample.name
        );
        assert_eq!(leaf.hash, leaf_hash(&leaf.bytes), "{}", sample.name);
    }
}

#[test]
fn envelope_agrees_with_the_whole() {
    for sample in all() {
        check_envelope(&sample.leaf().bytes);
    }
}

#[test]
fn envelope_agrees_with_the_whole_where_a_message_comes_in_pieces() {
    let agree = |bytes: &[u8]| {
        let (envelope, whole) = (envelope(bytes).unwrap(), decode(bytes).unwrap());
        assert_eq!(envelope.actor, whole.actor.subject.as_str());
        assert_eq!(envelope.indicator, whole.event.payload.indicator());
    };
    let mut subjects = 0;
    for sample in all() {
        let mut leaf = sample.leaf().bytes.to_vec();
        // More of the actor, which says nothing.
        leaf.extend_from_slice(&[11 << 3 | 2, 0]);
        agree(&leaf);
        let mut leaf = wire::Leaf::decode(leaf.as_slice()).unwrap();
        if matches!(
            sample.event.payload,
            Payload::NarrativeAdded(_) | Payload::NextActionAgreed(_)
        ) {
            // More of the subject: nothing, then the id of an initiative in place of what it was.
            for piece in [vec![0], [vec![18, 2 << 3 | 2, 16], vec![7; 16]].concat()] {
                leaf.payload = [&leaf.payload[..], &[1 << 3 | 2], &piece].concat().into();
                agree(&leaf.encode_to_vec());
                subjects += 1;
            }
        }
    }
    assert!(subjects > 2);
}

fn check_envelope(bytes: &[u8]) {
    let (envelope, whole) = (envelope(bytes).unwrap(), decode(bytes).unwrap());
    let event = &whole.event;
    assert_eq!(envelope.ledger, whole.ledger);
    assert_eq!(envelope.generation, whole.generation);
    assert_eq!(envelope.position, whole.position);
    assert_eq!(envelope.stream, event.stream);
    assert_eq!(envelope.revision, whole.revision);
    assert_eq!(
        envelope.prev_leaf_hash.map(|hash| *hash.as_bytes()),
        whole.prev_leaf_hash
    );
    assert_eq!(envelope.recorded_at, whole.recorded_at);
    assert_eq!(envelope.event_id, event.id);
    assert_eq!(envelope.event_type, event.payload.event_type());
    assert_eq!(envelope.valid, event.valid);
    assert_eq!(envelope.actor, whole.actor.subject.as_str());
    assert_eq!(envelope.request_id, whole.request_id);
    assert_eq!(envelope.request_index, whole.request_index);
    assert_eq!(envelope.request_count, whole.request_count);
    assert_eq!(envelope.indicator, event.payload.indicator());
    assert_eq!(payload::put(&event.payload).unwrap(), envelope.payload);
}

/// The leaf with both parts in one message, as a single encoder would write it.
fn whole(sample: &Sample) -> wire::Leaf {
    let client =
        record::client_part(&sample.event, sample.ledger, &sample.actor, sample.request).unwrap();
    let server = record::server_part(&sample.server);
    wire::Leaf {
        generation: server.generation,
        position: server.position,
        revision: server.revision,
        recorded_at_micros: server.recorded_at_micros,
        prev_leaf_hash: server.prev_leaf_hash,
        ..client
    }
}

#[test]
fn both_parts_together_are_one_message() {
    for sample in all() {
        assert_eq!(
            sample.leaf().bytes,
            whole(&sample).encode_to_vec(),
            "{}",
            sample.name
        );
    }
}

#[test]
fn fields_ascend_and_defaults_take_no_bytes() {
    for sample in all() {
        check_canonical(&sample.leaf().bytes);
    }
}

fn check_canonical(bytes: &[u8]) {
    let mut before = 0;
    for field in Fields::new(bytes) {
        let field = field.unwrap();
        // Only evidence and commitments are there more than once in these events.
        assert!(
            before < field.number || [18, 22].contains(&field.number),
            "{} after {before}",
            field.number
        );
        let is_default = field.varint() == 0 && field.bytes().is_empty();
        assert!(!is_default || field.number == 1003, "{}", field.number);
        before = field.number;
    }
    assert_eq!(wire::Leaf::decode(bytes).unwrap().encode_to_vec(), bytes);
}

#[test]
fn choices_are_named_alike_in_domain_and_protos() {
    let names = value::names::all();
    assert!(100 < names.len());
    for (code, name) in names {
        assert!(name.ends_with(&format!("_{code}")), "{name} is not {code}");
    }
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/leaf-v1")
}

#[test]
fn golden_leaves_never_change() {
    for sample in samples::golden() {
        let leaf = sample.leaf();
        let written = format!("{}\n{}\n", hex::encode(&leaf.bytes), leaf.hash);
        let path = golden_folder().join(format!("{}.hex", sample.name));
        let Ok(golden) = std::fs::read_to_string(&path) else {
            panic!(
                "{} is missing; for a new event type commit it:\n{written}",
                path.display()
            );
        };
        assert_eq!(
            written, golden,
            "the stored form of `{}` is final",
            sample.name
        );
    }
}

#[test]
fn golden_leaves_are_read_for_ever() {
    let expected: Vec<_> = samples::golden()
        .iter()
        .map(|s| (s.name.clone(), s.recorded()))
        .collect();
    let mut read = 0;
    for entry in std::fs::read_dir(golden_folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        let (bytes, hash) = golden.trim_end().split_once('\n').unwrap();
        let bytes = hex::decode(bytes).unwrap();
        assert_eq!(leaf_hash(&bytes).to_string(), hash, "{}", path.display());
        let recorded = decode(&bytes).unwrap();
        check_envelope(&bytes);
        let name = path.file_stem().unwrap().to_str().unwrap();
        if let Some((_, expected)) = expected.iter().find(|(known, _)| known == name) {
            assert_eq!(&recorded, expected, "{name}");
        }
        read += 1;
    }
    assert!(expected.len() <= read);
}

#[test]
fn leaf_that_was_cut_off_is_told() {
    for sample in samples::golden() {
        let leaf = sample.leaf();
        for len in 0..leaf.bytes.len() {
            assert!(
                decode(&leaf.bytes[..len]).is_err(),
                "{} cut to {len}",
                sample.name
            );
            assert!(
                envelope(&leaf.bytes[..len]).is_err(),
                "{} cut to {len}",
                sample.name
            );
        }
    }
}

#[test]
fn fields_of_later_releases_are_passed_over() {
    for sample in samples::golden() {
        let leaf = sample.leaf();
        for unknown in [&[0xa0, 0x1f, 0x01][..], &[0x82, 0x7d, 0x02, 0x68, 0x69]] {
            let bytes = [&leaf.bytes, unknown].concat();
            assert_eq!(decode(&bytes), Ok(sample.recorded()));
            check_envelope(&bytes);
        }
    }
}

#[test]
fn a_leaf_says_by_which_policies_it_was_permitted() {
    let sample = &samples::golden()[0];
    let mut permitted = whole(sample);
    permitted.authorization = Some(wire::Authorization {
        policy_set_sha256: Bytes::from_static(&[1; 32]),
        policy_ids: vec!["p".to_owned()],
    });
    let bytes = permitted.encode_to_vec();
    check_envelope(&bytes);
    let read = decode(&bytes).unwrap();
    let mut expected = sample.recorded();
    Arc::make_mut(&mut expected.actor).permitted_by = Some(Arc::new(Authorization {
        policy_set_sha256: [1; 32],
        policy_ids: vec!["p".to_owned()],
    }));
    assert_eq!(read, expected);
    let again = Sample {
        actor: Actor::clone(&read.actor),
        ..sample.clone()
    };
    assert_eq!(decode(&again.leaf().bytes), Ok(expected));
}

#[test]
fn an_actor_may_name_the_person() {
    let sample = &samples::golden()[0];
    let mut named = whole(sample);
    named.actor.as_mut().unwrap().person_id = Some(Bytes::from_static(&[2; 16]));
    let read = decode(&named.encode_to_vec()).unwrap();
    let person = read.actor.person.unwrap();
    assert_eq!(person.as_bytes(), &[2; 16]);
    let mut expected = sample.recorded();
    Arc::make_mut(&mut expected.actor).person = Some(person);
    assert_eq!(read, expected);
}

fn quantities() -> impl Strategy<Value = Quantity> {
    (-(10_i64.pow(18) - 1)..10_i64.pow(18), 0_u32..=10)
        .prop_map(|(mantissa, scale)| Quantity::from(rust_decimal::Decimal::new(mantissa, scale)))
}

fn dates() -> impl Strategy<Value = crate::domain::date::Date> {
    (1900_i16..=2199, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn texts() -> impl Strategy<Value = Text> {
    any::<String>().prop_filter_map("not a text", |text| Text::parse(&text).ok())
}

fn names() -> impl Strategy<Value = Name> {
    "\\PC{1,60}".prop_filter_map("not a name", |text| Name::parse(&text).ok())
}

fn events() -> impl Strategy<Value = Sample> {
    let payload = prop_oneof![
        (quantities(), any::<Option<String>>()).prop_map(|(value, unit_code)| {
            Payload::from(ActualRecorded {
                indicator: samples::indicator(1),
                measurement: Measurement::Increment(value),
                reported: ReportedPart {
                    part: None,
                    unit_code: unit_code.map(Into::into),
                },
            })
        }),
        (quantities(), quantities()).prop_map(|(numerator, denominator)| {
            Payload::from(ActualRecorded {
                indicator: samples::indicator(2),
                measurement: Measurement::Ratio {
                    numerator,
                    denominator,
                },
                reported: ReportedPart::default(),
            })
        }),
        texts().prop_map(|text| {
            Payload::from(NarrativeAdded {
                subject: Subject::Goal(samples::goal(1)),
                kind: NarrativeKind::Result,
                text: text.into(),
            })
        }),
    ];
    let validity = proptest::option::of((dates(), proptest::option::of(dates())))
        .prop_map(|valid| valid.map(|(from, to)| Validity { from, to }));
    let reason = proptest::option::of(texts()).prop_map(|text| {
        text.map(|text| Reason {
            code: ReasonCode::Other,
            text: text.into(),
        })
    });
    let place = (
        0_u32..1_000,
        1_u32..1_000,
        any::<u64>(),
        1_u64..,
        any::<i32>(),
        any::<[u8; 32]>(),
    );
    (payload, validity, reason, names(), place).prop_map(
        |(payload, valid, reason, subject, (index, more, position, revision, second, prev))| {
            let mut sample = samples::full("any", 1, payload);
            sample.event.valid = valid;
            sample.event.reason = reason;
            sample.actor.subject = subject;
            sample.request.index = index;
            sample.request.count = index + more;
            sample.server = ServerPart {
                generation: revision,
                position,
                revision,
                recorded_at: Timestamp::new(second.into(), 123_456_000).unwrap(),
                prev_leaf_hash: (revision != 1).then(|| Hash::new(prev)),
            };
            sample
        },
    )
}

proptest! {
    #[test]
    fn any_event_is_read_as_it_was_written(sample in events()) {
        let leaf = sample.leaf();
        prop_assert_eq!(decode(&leaf.bytes), Ok(sample.recorded()));
        prop_assert_eq!(leaf.hash, leaf_hash(&leaf.bytes));
        prop_assert_eq!(&leaf.bytes, &whole(&sample).encode_to_vec());
        check_envelope(&leaf.bytes);
        check_canonical(&leaf.bytes);
    }

    #[test]
    fn no_damage_makes_reading_panic(
        which in 0_usize..2 * EventType::ALL.len(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = samples::golden()[which].leaf().bytes.to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(1 + end.index(bytes.len()));
        // What is still an event is one that the domain has, so it can be written again.
        if let Ok(recorded) = decode(&bytes) {
            let request = RequestPlace {
                id: recorded.request_id,
                index: recorded.request_index,
                count: recorded.request_count,
            };
            let part = encode_client_part(&recorded.event, recorded.ledger, &recorded.actor, request);
            prop_assert!(part.is_ok());
        }
        let _ = envelope(&bytes);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let with_format = [&[0x08, 0x01][..], &bytes].concat();
        prop_assert!(decode(&with_format).is_err());
        prop_assert!(envelope(&with_format).is_err());
    }
}
