//! What `decode` says of leaves that are not right.

use super::*;

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
    assert_eq!(
        payload_fault!(PolicyPublished, |p| p.content = None),
        "`payload.content` is missing"
    );
    assert_eq!(
        payload_fault!(PolicyPublished, |p| {
            let Some(wire::policy_published::Content::Evaluation(policy)) = &mut p.content else {
                return;
            };
            policy.roll_up = 0;
        }),
        "`payload.content.evaluation.roll_up` is missing"
    );
    assert_eq!(
        payload_fault!(PeriodReopened, |p| p.scope_indicator_ids[1].clear()),
        "`payload.scope_indicator_ids[1]` is missing"
    );
    assert_eq!(
        payload_fault!(ReportingCalendarSet, |p| p.rounds[0].exceptions[1]
            .dates
            .as_mut()
            .unwrap()
            .cut_off
            .clear()),
        "`payload.rounds[0].exceptions[1].dates.cut_off` is missing"
    );
    assert_eq!(
        payload_fault!(AuditFindingRecorded, |p| p.references[4].kind = None),
        "`payload.references[4]` is missing"
    );
    assert_eq!(
        payload_fault!(RestatementIssued, |p| p.policy = None),
        "`payload.policy` is missing"
    );
    assert_eq!(
        payload_fault!(SelfEvaluated, |p| p.computed.as_mut().unwrap().status = 99),
        "`payload.computed.status` is invalid: `99` is not known to this release"
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

#[test]
fn commitments_and_texts_belong_together_one_to_one() {
    let personal = || {
        let mut samples = samples::golden().into_iter();
        whole(&samples.find(|s| s.name.ends_with(".personal")).unwrap())
    };
    assert_eq!(personal().commitments.len(), 3);
    let fault = |change: fn(&mut wire::Leaf)| {
        let mut leaf = personal();
        change(&mut leaf);
        decode(&leaf.encode_to_vec()).unwrap_err().to_string()
    };
    let number = |leaf: &mut wire::Leaf, number| {
        leaf.reason.as_mut().unwrap().text = Some(wire::Text {
            kind: Some(wire::text::Kind::Commitment(number)),
        });
    };
    let reason = "`commitments` is invalid: `reason.text` names no commitment to it";
    assert_eq!(fault(|leaf| leaf.commitments.clear()), reason);
    for wrong in [0, 2, 4] {
        let mut leaf = personal();
        number(&mut leaf, wrong);
        let error = decode(&leaf.encode_to_vec()).unwrap_err();
        assert_eq!(error.to_string(), reason, "{wrong}");
    }
    assert_eq!(
        fault(|leaf| leaf.commitments.push(leaf.commitments[0].clone())),
        "`commitments` is invalid: commitment `4` is not named by exactly one text"
    );
    assert_eq!(
        fault(|leaf| leaf.reason = None),
        "`commitments` is invalid: commitment `1` is not named by exactly one text"
    );
    assert_eq!(
        fault(|leaf| leaf.commitments[1].scheme = 9),
        "`commitments[1].scheme` is invalid: `9` is not known to this release"
    );
    assert_eq!(
        fault(|leaf| leaf.commitments[1].scheme = 0),
        "`commitments[1].scheme` is missing"
    );
    assert_eq!(
        fault(|leaf| leaf.commitments[1].field = "payload.comment".to_owned()),
        "`commitments` is invalid: `payload.text` names no commitment to it"
    );
    assert_eq!(
        fault(|leaf| leaf.commitments[2].subject_ref = None),
        "`commitments[2].subject_ref` is missing"
    );
    assert_eq!(
        fault(|leaf| leaf.commitments[2].value = Bytes::from_static(&[1; 31])),
        "`commitments[2].value` is invalid: not 32 bytes"
    );
}
