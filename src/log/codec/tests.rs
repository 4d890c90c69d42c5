use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use prost::Message as _;

use super::fields::Fields;
use super::samples::{self, Sample};
use super::*;
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::event::{
    ActualCorrected, ActualRecorded, ActualRetracted, EventType, Evidence, IndicatorRedefined,
    NarrativeAdded, NarrativeKind, Payload, Reason, ReasonCode, Subject, TargetRevised, Validity,
};
use crate::domain::indicator::Disclosure;
use crate::domain::quantity::Quantity;
use crate::domain::text::{Name, Text};
use crate::domain::unit::Dimension;
use crate::merkle::leaf_hash;

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
    assert_eq!(samples::golden().len(), 2 * EventType::ALL.len());
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
        // Only evidence is there more than once in these events.
        assert!(
            before < field.number || field.number == 18,
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
        // What is in the schema already and no domain value yet.
        let mut later = whole(&sample);
        later.authorization = Some(wire::Authorization {
            policy_set_sha256: Bytes::from_static(&[1; 32]),
            policy_ids: vec!["p".to_owned()],
        });
        later.actor.as_mut().unwrap().person_id = Some(Bytes::from_static(&[2; 16]));
        assert_eq!(decode(&later.encode_to_vec()), Ok(sample.recorded()));
    }
}

/// What `decode` says of the full sample of `event_type` after `change`.
fn fault(event_type: EventType, change: impl FnOnce(&mut wire::Leaf)) -> String {
    let sample = samples::golden()
        .into_iter()
        .find(|s| s.event.payload.event_type() == event_type)
        .unwrap();
    let mut leaf = whole(&sample);
    change(&mut leaf);
    let bytes = leaf.encode_to_vec();
    let error = decode(&bytes).unwrap_err();
    // The envelope sees the same fault, or does not read there. What is malformed it words otherwise.
    match (envelope(&bytes), &error) {
        (Ok(_), _) | (Err(DecodeError::Malformed { .. }), DecodeError::Malformed { .. }) => {}
        (Err(other), error) => assert_eq!(&other, error),
    }
    error.to_string()
}

#[test]
fn fault_in_the_leaf_is_told_with_its_path() {
    let fault = |change: fn(&mut wire::Leaf)| fault(EventType::ActualRecorded, change);
    assert_eq!(
        fault(|l| l.format = 2),
        "leaf format `2` is not known to this release"
    );
    assert_eq!(
        fault(|l| l.format = 0),
        "leaf format `0` is not known to this release"
    );
    assert_eq!(
        fault(|l| l.r#type = 699),
        "event type `699` is not known to this release"
    );
    assert_eq!(fault(|l| l.r#type = 0), "`type` is missing");
    assert_eq!(
        fault(|l| l.type_version = 2),
        "version `2` of `ACTUAL_RECORDED` is not known to this release"
    );
    assert_eq!(fault(|l| l.type_version = 0), "`type_version` is missing");
    assert_eq!(
        fault(|l| l.ledger_id = Bytes::new()),
        "`ledger_id` is missing"
    );
    assert_eq!(
        fault(|l| l.ledger_id = Bytes::from_static(&[0; 16])),
        "`ledger_id` is invalid: the nil and the max UUID cannot be ids"
    );
    assert_eq!(
        fault(|l| l.event_id = Bytes::from_static(&[1; 15])),
        "`event_id` is invalid: not a UUID in the form `01890a5d-ac96-774b-bcce-b302099a8057`"
    );
    assert_eq!(fault(|l| l.stream_kind = 0), "`stream_kind` is missing");
    assert_eq!(
        fault(|l| l.stream_kind = 9),
        "`stream_kind` is invalid: `9` is not known to this release"
    );
    assert_eq!(
        fault(|l| l.stream_id = Bytes::new()),
        "`stream_id` is missing"
    );
    assert_eq!(
        fault(|l| l.valid_from = Some("2023-02-30".to_owned())),
        "`valid_from` is invalid: no such day between 1900-01-01 and 2199-12-31"
    );
    assert_eq!(
        fault(|l| l.valid_to = Some("2023-9-30".to_owned())),
        "`valid_to` is invalid: not a date in the form `2023-09-30`"
    );
    assert_eq!(fault(|l| l.valid_from = None), "`valid_from` is missing");
    assert_eq!(
        fault(|l| l.valid_from = Some(String::new())),
        "`valid_from` is missing"
    );
    assert_eq!(
        fault(|l| l.request_id = Bytes::new()),
        "`request_id` is missing"
    );
    assert_eq!(fault(|l| l.request_count = 0), "`request_count` is missing");
    assert_eq!(
        fault(|l| l.request_index = 1_000),
        "`request_index` is invalid: not below `request_count`"
    );
    assert_eq!(
        fault(|l| l.evidence[1].sha256 = Bytes::from_static(&[1; 31])),
        "`evidence[1].sha256` is invalid: not 32 bytes"
    );
    assert_eq!(
        fault(|l| l.evidence[0].disclosure = 0),
        "`evidence[0].disclosure` is missing"
    );
    assert_eq!(
        fault(|l| l.source_document.as_mut().unwrap().number.clear()),
        "`source_document.number` is missing"
    );
    assert_eq!(
        fault(|l| l.correlation_id = Some(Bytes::from_static(&[1; 3]))),
        "`correlation_id` is invalid: invalid length: expected 16 bytes, found 3"
    );
    assert_eq!(
        fault(|l| l.payload = Bytes::new()),
        "`payload.indicator_id` is missing"
    );
    assert!(
        fault(|l| l.payload = Bytes::from_static(&[0x0a, 0x05]))
            .starts_with("`payload` is malformed: ")
    );
}

#[test]
fn fault_in_the_actor_is_told_with_its_path() {
    let told = |change: fn(&mut wire::Actor)| {
        fault(EventType::GoalSet, |l| change(l.actor.as_mut().unwrap()))
    };
    assert_eq!(told(|a| a.subject.clear()), "`actor.subject` is missing");
    assert_eq!(told(|a| a.method = 0), "`actor.method` is missing");
    assert_eq!(
        told(|a| a.method = 5),
        "`actor.method` is invalid: `5` is not known to this release"
    );
    assert_eq!(
        told(|a| a.auth_evidence_sha256 = Some(Bytes::from_static(b"x"))),
        "`actor.auth_evidence_sha256` is invalid: not 32 bytes"
    );
    assert_eq!(
        fault(EventType::GoalSet, |l| l.actor = None),
        "`actor` is missing"
    );
}

#[test]
fn fault_in_the_place_is_told_with_its_path() {
    let fault = |change: fn(&mut wire::Leaf)| fault(EventType::GoalSet, change);
    assert_eq!(fault(|l| l.generation = 0), "`generation` is missing");
    assert_eq!(fault(|l| l.revision = 0), "`revision` is missing");
    assert_eq!(
        fault(|l| l.revision = 1),
        "`prev_leaf_hash` is invalid: the first event of a stream has none"
    );
    assert_eq!(
        fault(|l| l.prev_leaf_hash = None),
        "`prev_leaf_hash` is missing"
    );
    assert_eq!(
        fault(|l| l.prev_leaf_hash = Some(Bytes::from_static(&[1; 33]))),
        "`prev_leaf_hash` is invalid: not 32 bytes"
    );
    assert_eq!(
        fault(|l| l.recorded_at_micros = None),
        "`recorded_at_micros` is missing"
    );
    assert!(
        fault(|l| l.recorded_at_micros = Some(i64::MAX))
            .starts_with("`recorded_at_micros` is invalid: ")
    );
}

/// What `decode` says of the full sample of a type after its payload was changed.
macro_rules! payload_fault {
    ($type:ident, $change:expr) => {
        fault(EventType::$type, |leaf| {
            let mut payload = wire::$type::decode(leaf.payload.clone()).unwrap();
            let change: fn(&mut wire::$type) = $change;
            change(&mut payload);
            leaf.payload = payload.encode_to_vec().into();
        })
    };
}

#[test]
fn fault_in_the_payload_is_told_with_its_path() {
    assert_eq!(
        payload_fault!(GoalSet, |p| p.goal_id.clear()),
        "`payload.goal_id` is missing"
    );
    assert_eq!(
        payload_fault!(GoalSet, |p| p.code = "Ｒ５".to_owned()),
        "`payload.code` is invalid: not in its one spelling"
    );
    assert_eq!(
        payload_fault!(GoalSet, |p| p.title = None),
        "`payload.title` is missing"
    );
    assert_eq!(
        payload_fault!(GoalSet, |p| p.title.as_mut().unwrap().ja = None),
        "`payload.title.ja` is missing"
    );
    assert_eq!(
        payload_fault!(PlanPublished, |p| p.cycle.as_mut().unwrap().last =
            "2022-01-01".to_owned()),
        "`payload.cycle` is invalid: the last day is before the first"
    );
    assert_eq!(
        payload_fault!(PlanPublished, |p| p.source_sha256 = Some(Bytes::new())),
        "`payload.source_sha256` is missing"
    );
    let unit = |p: &mut wire::IndicatorDefined, change: fn(&mut wire::Unit)| {
        change(p.definition.as_mut().unwrap().unit.as_mut().unwrap());
    };
    let dimension = |change: fn(&mut wire::Dimension)| {
        fault(EventType::IndicatorDefined, |leaf| {
            let mut payload = wire::IndicatorDefined::decode(leaf.payload.clone()).unwrap();
            change(
                payload
                    .definition
                    .as_mut()
                    .unwrap()
                    .unit
                    .as_mut()
                    .unwrap()
                    .dimension
                    .as_mut()
                    .unwrap(),
            );
            leaf.payload = payload.encode_to_vec().into();
        })
    };
    assert_eq!(
        dimension(|d| d.kind = 99),
        "`payload.definition.unit.dimension.kind` is invalid: `99` is not known to this release"
    );
    assert_eq!(
        dimension(|d| d.kind = 0),
        "`payload.definition.unit.dimension.kind` is missing"
    );
    assert_eq!(
        dimension(|d| d.counter = None),
        "`payload.definition.unit.dimension.counter` is missing"
    );
    let scale = fault(EventType::IndicatorDefined, |leaf| {
        let mut payload = wire::IndicatorDefined::decode(leaf.payload.clone()).unwrap();
        unit(&mut payload, |unit| unit.scale_pow10 = 128);
        leaf.payload = payload.encode_to_vec().into();
    });
    assert!(
        scale.starts_with("`payload.definition.unit.scale_pow10` is invalid: "),
        "{scale}"
    );
    assert_eq!(
        payload_fault!(IndicatorDefined, |p| p
            .definition
            .as_mut()
            .unwrap()
            .quantifier = None),
        "`payload.definition.quantifier` is missing"
    );
    assert_eq!(
        payload_fault!(IndicatorDefined, |p| p.definition.as_mut().unwrap().parts
            [1]
        .key
        .clear()),
        "`payload.definition.parts[1].key` is missing"
    );
    assert_eq!(
        payload_fault!(TargetRevised, |p| p.before = None),
        "`payload.before` is missing"
    );
    assert_eq!(
        payload_fault!(TargetSet, |p| p
            .target
            .as_mut()
            .unwrap()
            .aim
            .as_mut()
            .unwrap()
            .kind = None),
        "`payload.target.aim` is missing"
    );
    assert_eq!(
        payload_fault!(PlanProfileSet, |p| p.profile.as_mut().unwrap().kind = 7),
        "`payload.profile.kind` is invalid: `7` is not known to this release"
    );
    assert_eq!(
        payload_fault!(PlanProfileSet, |p| p.profile.as_mut().unwrap().kind = 0),
        "`payload.profile.kind` is missing"
    );
    assert_eq!(
        payload_fault!(ForecastSubmitted, |p| p.value =
            Some(wire::ForecastValue::default())),
        "`payload.value` is missing"
    );
    for (spelling, problem) in [
        ("", "missing"),
        ("1.50", "invalid: not a decimal in its one spelling"),
        ("01", "invalid: not a decimal in its one spelling"),
        ("-0", "invalid: not a decimal in its one spelling"),
        ("+1", "invalid: not a decimal in its one spelling"),
        ("1e3", "invalid: not a decimal in its one spelling"),
        ("1_000", "invalid: not a decimal in its one spelling"),
        ("80%", "invalid: not a decimal in its one spelling"),
    ] {
        let said = fault(EventType::DemandRecorded, |leaf| {
            let mut payload = wire::DemandRecorded::decode(leaf.payload.clone()).unwrap();
            payload.requests = spelling.to_owned();
            leaf.payload = payload.encode_to_vec().into();
        });
        assert_eq!(
            said,
            format!("`payload.requests` is {problem}"),
            "{spelling}"
        );
    }
}

#[test]
fn text_that_is_only_committed_to_is_not_taken_for_none() {
    let committed = || {
        Some(wire::Text {
            kind: Some(wire::text::Kind::Commitment(1)),
        })
    };
    let told = |path: &str| {
        format!(
            "the text of `{path}` is committed to and not in the leaf, which this release cannot read"
        )
    };
    assert_eq!(
        fault(EventType::GoalSet, |l| l.reason.as_mut().unwrap().text =
            committed()),
        told("reason.text")
    );
    assert_eq!(
        fault(EventType::GoalSet, |l| l
            .source_document
            .as_mut()
            .unwrap()
            .title = committed()),
        told("source_document.title")
    );
    let member = fault(EventType::IndicatorDefined, |leaf| {
        let mut payload = wire::IndicatorDefined::decode(leaf.payload.clone()).unwrap();
        payload.definition.as_mut().unwrap().members[1]
            .label
            .as_mut()
            .unwrap()
            .ja = committed();
        leaf.payload = payload.encode_to_vec().into();
    });
    assert_eq!(member, told("payload.definition.members[1].label.ja"));
}

fn encoded(sample: &Sample) -> Result<ClientPart, EncodeError> {
    encode_client_part(&sample.event, sample.ledger, &sample.actor, sample.request)
}

fn refusal(payload: impl Into<Payload>) -> String {
    encoded(&samples::full("refused", 1, payload.into()))
        .unwrap_err()
        .to_string()
}

#[test]
fn what_could_not_be_read_back_is_not_encoded() {
    let indicator = samples::indicator(1);
    let increment = || Measurement::Increment(samples::quantity("1"));
    let target = || match samples::golden()
        .into_iter()
        .map(|s| s.event.payload)
        .find_map(|p| match p {
            Payload::TargetSet(p) => Some(p.target),
            _ => None,
        }) {
        Some(target) => target,
        None => panic!("no sample sets a target"),
    };
    let before = "`payload.before` cannot be stored: required in a stored event";
    let replaces = samples::event_id(1);
    assert_eq!(
        refusal(TargetRevised {
            indicator,
            replaces,
            before: None,
            target: target()
        }),
        before
    );
    assert_eq!(
        refusal(ActualCorrected {
            indicator,
            corrects: replaces,
            before: None,
            measurement: increment(),
            reported: ReportedPart::default(),
        }),
        before
    );
    assert_eq!(
        refusal(ActualRetracted {
            indicator,
            retracts: replaces,
            before: None
        }),
        before
    );

    let mut redefined = samples::golden()
        .into_iter()
        .find_map(|s| match s.event.payload {
            Payload::IndicatorRedefined(p) => Some(p),
            _ => None,
        })
        .unwrap();
    redefined.definition.members[1].until = Some(date(2200, 1, 1));
    let IndicatorRedefined { definition, .. } = &mut redefined;
    assert_eq!(
        refusal(IndicatorRedefined {
            definition: definition.clone(),
            ..redefined.clone()
        }),
        "`payload.definition.members[1].until` cannot be stored: no day between 1900-01-01 and 2199-12-31"
    );
    let definition = &mut redefined.definition;
    definition.members.clear();
    let per_month = Dimension::PerMonth(Box::new(Dimension::Ratio));
    definition.unit.dimension = Dimension::PerMonth(Box::new(per_month));
    assert_eq!(
        refusal(redefined),
        "`payload.definition.unit.dimension` cannot be stored: per month of a rate per month"
    );

    let mut sample = samples::golden().remove(0);
    sample.request.index = sample.request.count;
    assert_eq!(
        encoded(&sample).unwrap_err().to_string(),
        "`request_index` cannot be stored: not below `request_count`"
    );
}

#[test]
fn event_is_as_large_as_the_limit_and_no_larger() {
    let narrative = |chars: usize| {
        let mut sample = samples::full(
            "large",
            1,
            NarrativeAdded {
                subject: Subject::Indicator(samples::indicator(1)),
                kind: NarrativeKind::Note,
                text: samples::text(&"x".repeat(chars)),
            }
            .into(),
        );
        let evidence = Evidence {
            sha256: [1; 32],
            media_type: samples::name("text/plain"),
            title: samples::name(&"録".repeat(200)),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Public,
        };
        sample.event.evidence = vec![evidence; 95];
        sample.server.generation = u64::MAX;
        sample.server.position = u64::MAX;
        sample.server.revision = u64::MAX;
        sample.server.recorded_at = Timestamp::MIN.round(jiff::Unit::Second).unwrap();
        sample
    };
    // From here on each character is one more byte: no length of a field grows a digit.
    let base = encoded(&narrative(1_000)).unwrap().len();
    let most = 1_000 + (CLIENT_PART_BYTES_MAX - base);
    let largest = narrative(most);
    assert_eq!(encoded(&largest).unwrap().len(), CLIENT_PART_BYTES_MAX);
    let leaf = largest.leaf();
    assert_eq!(leaf.bytes.len(), CLIENT_PART_BYTES_MAX + 83);
    assert!(leaf.bytes.len() <= EVENT_BYTES_MAX);
    assert_eq!(decode(&leaf.bytes), Ok(largest.recorded()));

    let error = encoded(&narrative(most + 1)).unwrap_err();
    assert_eq!(
        error,
        EncodeError::TooLarge {
            bytes: CLIENT_PART_BYTES_MAX + 1
        }
    );
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
                    unit_code,
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
                text,
            })
        }),
    ];
    let validity = proptest::option::of((dates(), proptest::option::of(dates())))
        .prop_map(|valid| valid.map(|(from, to)| Validity { from, to }));
    let reason = proptest::option::of(texts()).prop_map(|text| {
        text.map(|text| Reason {
            code: ReasonCode::Other,
            text,
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
