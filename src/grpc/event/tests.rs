use std::sync::Arc;

use prost::Message as _;

use super::*;
use crate::api::v1::event_input::Payload as Wire;
use crate::domain::code::Key;
use crate::domain::directory::Directory;
use crate::domain::evaluation::Status;
use crate::domain::evaluation::judgement::ComputedJudgement;
use crate::domain::event::{
    Actor, AuthMethod, EventType, LedgerOpened, Payload, Recorded, StreamKind,
};
use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::domain::text::Name;
use crate::grpc::event::recorded::show_event;

mod samples;

use samples::*;

#[test]
fn what_is_proposed_is_read_with_all_its_faults() {
    let nested = |payload| {
        Wire::ChangeProposed(Box::new(v1::ChangeProposed {
            proposal: id(400),
            change: Some(Box::new(v1::EventInput {
                event_id: id(1),
                decision_event_id: Some(id(2)),
                payload: Some(payload),
                ..v1::EventInput::default()
            })),
            change_sha256: Some(vec![1; 32]),
            ..v1::ChangeProposed::default()
        }))
    };
    let events = [
        input(
            1,
            nested(Wire::GoalSuspended(v1::GoalSuspended {
                goal: "ない".to_owned(),
            })),
        ),
        input(
            2,
            nested(Wire::ChangeWithdrawn(v1::ChangeWithdrawn::default())),
        ),
        input(
            3,
            Wire::ChangeConsulted(v1::ChangeConsulted {
                proposal: "P1".to_owned(),
                change_sha256: vec![1; 31],
                ..v1::ChangeConsulted::default()
            }),
        ),
        input(
            4,
            Wire::ChangeDecided(v1::ChangeDecided {
                proposal: id(499),
                external: Some(v1::ExternalDecision::default()),
                acting_delegation: Some("x".to_owned()),
                ..v1::ChangeDecided::default()
            }),
        ),
        looked_at(5, 499),
    ];
    insta::assert_snapshot!(faults(&events), @"
    FIELD_INVALID events[0].change_proposed.change.event_id
    FIELD_INVALID events[0].change_proposed.change.decision_event_id
    GOAL_UNKNOWN events[0].change_proposed.change.goal_suspended.goal
    FIELD_REQUIRED events[0].change_proposed.change.valid_from
    FIELD_REQUIRED events[0].change_proposed.impact
    FIELD_INVALID events[0].change_proposed.change_sha256
    FIELD_INVALID events[1].change_proposed.change.event_id
    FIELD_INVALID events[1].change_proposed.change.decision_event_id
    CHANGE_NOT_PROPOSABLE events[1].change_proposed.change
    FIELD_REQUIRED events[1].change_proposed.impact
    FIELD_INVALID events[1].change_proposed.change_sha256
    PROPOSAL_UNKNOWN events[2].change_consulted.proposal
    FIELD_INVALID events[2].change_consulted.change_sha256
    FIELD_REQUIRED events[2].change_consulted.outcome
    PROPOSAL_UNKNOWN events[3].change_decided.proposal
    FIELD_REQUIRED events[3].change_decided.change_sha256
    FIELD_REQUIRED events[3].change_decided.outcome
    FIELD_REQUIRED events[3].change_decided.external.decided_on
    FIELD_REQUIRED events[3].change_decided.external.decider
    ID_INVALID events[3].change_decided.acting_delegation
    DECISION_UNKNOWN events[4].decision_reviewed.decision
    ");
}

#[test]
fn what_is_said_of_seats_is_read_with_all_its_faults() {
    let wrong = [
        // A person is known by an id that was drawn, not counted.
        Wire::PersonRegistered(v1::PersonRegistered {
            person: id(1),
            name: "二行\nの名".to_owned(),
            logins: vec![v1::Login::default(); 2],
        }),
        Wire::PersonChanged(v1::PersonChanged {
            logins: vec![v1::Login::default(); 21],
            ..v1::PersonChanged::default()
        }),
        Wire::RoleGranted(v1::RoleGranted {
            units: vec!["ない課".to_owned()],
            ..v1::RoleGranted::default()
        }),
        Wire::RoleRevoked(v1::RoleRevoked::default()),
        Wire::DelegationRegistered(v1::DelegationRegistered {
            seat: "財務 課長".to_owned(),
            ..v1::DelegationRegistered::default()
        }),
        Wire::DelegationEnded(v1::DelegationEnded {
            delegation: "1".to_owned(),
        }),
    ];
    let events: Vec<_> = (1..)
        .zip(wrong)
        .map(|(n, payload)| input(n, payload))
        .collect();
    insta::assert_snapshot!(faults(&events), @"
    FIELD_INVALID events[0].person_registered.person
    FIELD_INVALID events[0].person_registered.name
    FIELD_REQUIRED events[0].person_registered.logins[0].subject
    FIELD_REQUIRED events[0].person_registered.logins[1].subject
    FIELD_REQUIRED events[1].person_changed.person
    FIELD_INVALID events[1].person_changed.logins
    FIELD_REQUIRED events[2].role_granted.grant
    FIELD_REQUIRED events[2].role_granted.seat
    FIELD_REQUIRED events[2].role_granted.title
    FIELD_REQUIRED events[2].role_granted.role
    UNIT_UNKNOWN events[2].role_granted.units[0]
    FIELD_REQUIRED events[2].role_granted.holder
    FIELD_REQUIRED events[3].role_revoked.grant
    FIELD_REQUIRED events[4].delegation_registered.delegation
    CODE_INVALID events[4].delegation_registered.seat
    FIELD_REQUIRED events[4].delegation_registered.delegate
    FIELD_REQUIRED events[4].delegation_registered.ground
    ID_INVALID events[5].delegation_ended.delegation
    ");
}

#[test]
fn what_is_said_of_proofs_is_read_with_all_its_faults() {
    let wrong = [
        Wire::LedgerContinued(v1::LedgerContinued {
            origin: "a\u{202e}".to_owned(),
            previous_checkpoint: "x".repeat(16_385),
        }),
        Wire::KeyAnnounced(v1::KeyAnnounced {
            verifier_key: "city.example".to_owned(),
            from_size: 0,
        }),
        Wire::KeyRetired(v1::KeyRetired::default()),
        Wire::HeadsRecorded(v1::HeadsRecorded {
            root: vec![3; 31],
            closed_by: Some("8".to_owned()),
            ..v1::HeadsRecorded::default()
        }),
        Wire::PersonalDataErased(v1::PersonalDataErased {
            positions: vec![1; 5_001],
            ..v1::PersonalDataErased::default()
        }),
        Wire::EvidenceErased(v1::EvidenceErased {
            sha256: vec![5; 31],
            ..v1::EvidenceErased::default()
        }),
        Wire::AccessRecorded(v1::AccessRecorded::default()),
        Wire::AccessesLeftOut(v1::AccessesLeftOut::default()),
    ];
    let events: Vec<_> = (1..)
        .zip(wrong)
        .map(|(n, payload)| v1::EventInput {
            event_id: id(n),
            payload: Some(payload),
            ..v1::EventInput::default()
        })
        .collect();
    insta::assert_snapshot!(faults(&events), @"
    FIELD_INVALID events[0].ledger_continued.origin
    FIELD_INVALID events[0].ledger_continued.previous_checkpoint
    FIELD_INVALID events[1].key_announced.verifier_key
    FIELD_REQUIRED events[2].key_retired.verifier_key
    FIELD_INVALID events[3].heads_recorded.root
    ID_INVALID events[3].heads_recorded.closed_by
    FIELD_REQUIRED events[4].personal_data_erased.subject_ref
    FIELD_INVALID events[4].personal_data_erased.positions
    FIELD_REQUIRED events[4].personal_data_erased.legal_basis
    FIELD_REQUIRED events[4].personal_data_erased.approved_by
    FIELD_INVALID events[5].evidence_erased.sha256
    FIELD_REQUIRED events[5].evidence_erased.legal_basis
    FIELD_REQUIRED events[5].evidence_erased.approved_by
    EVENT_BY_SERVER events[6].access_recorded
    EVENT_BY_SERVER events[7].accesses_left_out
    ");
}

fn parse(events: &[v1::EventInput]) -> Result<Parsed, Vec<Rejection>> {
    parse_events(&directory_of(&[]), events, &[], 1_000).map_err(|unsound| unsound.rejections)
}

/// The event that a ledger begins with.
fn opening() -> Event {
    let opened = LedgerOpened {
        ledger: LedgerId::from_bytes(&[5; 16]).unwrap(),
        code: crate::domain::code::Code::parse("city").unwrap(),
        title: crate::domain::text::Title {
            ja: Name::parse("市").unwrap(),
            en: None,
        },
        origin: Name::parse("city.example").unwrap(),
        time_zone: Name::parse("Asia/Tokyo").unwrap(),
        locale: Name::parse("ja").unwrap(),
        sample: false,
        clock: crate::domain::event::ClockKind::System,
        access_log_of: None,
    };
    Event::new(
        EventId::from_bytes(&[4; 16]).unwrap(),
        Stream::ledger(opened.ledger),
        Payload::LedgerOpened(opened),
    )
}

fn faults(events: &[v1::EventInput]) -> String {
    let Err(rejections) = parse(events) else {
        return "none".to_owned();
    };
    let line = |r: &Rejection| format!("{} {}", r.reason.code(), r.field);
    rejections.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn at_position(event: &Event, position: u64) -> Recorded {
    Recorded {
        ledger: LedgerId::from_bytes(&[5; 16]).unwrap(),
        generation: 1,
        position,
        revision: 1,
        recorded_at: jiff::Timestamp::new(1_680_000_000, 123_456_000).unwrap(),
        prev_leaf_hash: Some([1; 32]),
        actor: Arc::new(Actor {
            subject: Name::parse("somebody").unwrap(),
            issuer: None,
            seat: None,
            acting_for: None,
            client: None,
            method: AuthMethod::Unauthenticated,
            evidence_sha256: None,
            person: None,
            permitted_by: None,
        }),
        request_id: RequestId::from_bytes(&[6; 16]).unwrap(),
        request_index: 0,
        request_count: 1,
        event: event.clone(),
    }
}

/// What a ledger knows after its opening and `events`.
fn directory_of(events: &[Event]) -> Directory {
    let mut directory = Directory::default();
    directory.apply(&at_position(&opening(), 0));
    for (position, event) in (1..).zip(events) {
        directory.apply(&at_position(event, position));
    }
    directory
}

#[test]
fn events_of_one_request_build_on_each_other() {
    let parsed = parse(&plan()).unwrap().events;
    let streams: Vec<_> = parsed
        .iter()
        .map(|e| (e.stream.kind, e.stream.id.to_string()))
        .collect();
    assert_eq!(
        streams,
        [
            (StreamKind::Plan, id(101)),
            (StreamKind::Org, id(102)),
            (StreamKind::Org, id(103)),
            (StreamKind::Goal, id(104)),
            (StreamKind::Goal, id(104)),
            (StreamKind::Goal, id(104)),
        ]
    );
    // Codes are ids from here on, and what the request defines is as good as what the ledger holds.
    let all: Vec<_> = plan().into_iter().chain(others()).collect();
    let together = parse(&all).unwrap().events;
    let directory = directory_of(&parsed);
    let apart = parse_events(&directory, &others(), &[], 1_000)
        .unwrap()
        .events;
    assert_eq!(together[plan().len()..], apart);
}

#[test]
fn what_is_recorded_reads_back_as_it_was() {
    let all: Vec<_> = plan().into_iter().chain(others()).collect();
    let events = parse(&all).unwrap().events;
    let is_known = |event: &&Event| {
        let steps = [EventType::ChangeProposed, EventType::ChangeDecided];
        steps.contains(&event.payload.event_type())
    };
    let set = events[..plan().len()].iter();
    let known = set.chain(events.iter().filter(is_known)).cloned();
    let directory = directory_of(&known.collect::<Vec<_>>());
    for event in &events {
        let shown = recorded(&at_position(event, 3), &[8; 32]);
        // Over the wire and back.
        let shown = v1::Event::decode(shown.encode_to_vec().as_slice()).unwrap();
        assert_eq!(shown.r#type, event.payload.event_type().number());
        assert_eq!(
            shown.stream.as_ref().map(|s| s.id.clone()),
            Some(event.stream.id.to_string())
        );
        let time = shown.recorded_at.unwrap();
        assert_eq!((time.seconds, time.nanos), (1_680_000_000, 123_456_000));
        let fact = shown.fact.unwrap();
        // What is new to the ledger would be refused by the rules, not by the form.
        let again = parse_events(&directory, std::slice::from_ref(&fact), &[], 1).unwrap();
        assert_eq!(again.events, std::slice::from_ref(event));
        assert_eq!(show_event(event), fact);
    }
    let mut types: Vec<EventType> = events.iter().map(|e| e.payload.event_type()).collect();
    types.sort_unstable();
    types.dedup();
    // What access logs say is read from no client.
    let unread = [EventType::AccessRecorded, EventType::AccessesLeftOut];
    types.extend(unread);
    types.sort_unstable();
    assert_eq!(types, EventType::ALL, "a type of event has no example here");
}

#[test]
fn what_the_server_computes_is_told_and_not_taken() {
    let judged = |payload: &mut Payload| {
        if let Some(judging) = payload.judging() {
            *judging.computed = Some(ComputedJudgement {
                status: Status::NotEvaluable,
                grade: Some(Key::parse("Z").unwrap()),
            });
        }
    };
    let all: Vec<_> = plan().into_iter().chain(others()).collect();
    let events = parse(&all).unwrap().events;
    let directory = directory_of(&events[..plan().len()]);
    let mut evaluations = 0;
    for mut event in events {
        judged(&mut event.payload);
        let Some(expected) = event.payload.evaluated().map(|e| e.computed.cloned()) else {
            continue;
        };
        evaluations += 1;
        let fact = show_event(&event);
        let shown = match fact.payload.as_ref().unwrap() {
            Wire::SelfEvaluated(p) => p.computed.as_ref(),
            Wire::EvaluationReviewed(p) => p.computed.as_ref(),
            Wire::EvaluationFinalised(p) => p.computed.as_ref(),
            other => panic!("{other:?}"),
        };
        let expected = expected.unwrap();
        let shown = shown.unwrap();
        assert_eq!(shown.status, expected.status.number());
        assert_eq!(shown.grade.as_deref(), Some("Z"));
        let refused = parse_events(&directory, &[fact], &[], 1).unwrap_err();
        assert_eq!(refused.rejections.len(), 1);
        assert_eq!(refused.rejections[0].reason, Reason::FieldInvalid);
        assert!(refused.rejections[0].field.ends_with(".computed"));
    }
    assert_eq!(evaluations, 3);
}

#[test]
fn every_fault_of_every_event_is_told_at_once() {
    let mut events = plan();
    events[0].event_id = "nonsense".to_owned();
    if let Some(Wire::GoalSet(goal)) = &mut events[3].payload {
        goal.department = "ない部".to_owned();
        goal.title = None;
        goal.source_text = "字".repeat(4_001);
    }
    events[4].valid_from = Some("2023-02-30".to_owned());
    events[5].payload = None;
    let wrong = |measurement| {
        input(
            7,
            Wire::ActualRecorded(v1::ActualRecorded {
                indicator: id(555),
                measurement,
                part: Some("a/b".to_owned()),
                unit_code: None,
            }),
        )
    };
    let ratio = v1::measurement::Ratio {
        numerator: String::new(),
        denominator: "約3".to_owned(),
    };
    events.push(wrong(measured(v1::measurement::Kind::Ratio(ratio))));
    events.push(v1::EventInput {
        valid_from: None,
        ..wrong(None)
    });
    insta::assert_snapshot!(faults(&events), @r"
    ID_INVALID events[0].event_id
    UNIT_UNKNOWN events[3].goal_set.department
    FIELD_REQUIRED events[3].goal_set.title
    TEXT_TOO_LONG events[3].goal_set.source_text
    DATE_INVALID events[4].valid_from
    FIELD_REQUIRED events[5].payload
    INDICATOR_UNKNOWN events[6].actual_recorded.indicator
    RATIO_PARTS_REQUIRED events[6].actual_recorded.measurement.ratio.numerator
    VALUE_NOT_NUMERIC events[6].actual_recorded.measurement.ratio.denominator
    CODE_INVALID events[6].actual_recorded.part
    INDICATOR_UNKNOWN events[7].actual_recorded.indicator
    FIELD_REQUIRED events[7].actual_recorded.measurement
    CODE_INVALID events[7].actual_recorded.part
    FIELD_REQUIRED events[7].valid_from
    EVENT_ID_REPEATED events[7].event_id
    ");
}

#[test]
fn what_depends_on_a_refused_event_is_not_checked() {
    let mut events = plan();
    if let Some(Wire::GoalSet(goal)) = &mut events[3].payload {
        goal.goal = String::new();
    }
    insta::assert_snapshot!(faults(&events), @r"
    FIELD_REQUIRED events[3].goal_set.goal
    NOT_CHECKED events[4].initiative_set.goal
    NOT_CHECKED events[5]
    ");
}

#[test]
fn a_choice_must_be_one_that_the_server_knows() {
    let mut events = plan();
    if let Some(Wire::OrgUnitRegistered(unit)) = &mut events[1].payload {
        unit.kind = 99;
    }
    if let Some(Wire::IndicatorDefined(indicator)) = &mut events[5].payload {
        let definition = indicator.definition.as_mut().unwrap();
        definition.measure_type = 0;
        definition.quantifier = v1::Quantifier::Single.into();
        definition.entry_kind = Some(77);
        let unit = definition.unit.as_mut().unwrap();
        unit.dimension = v1::DimensionKind::Length.into();
        unit.scale_pow10 = 300;
        unit.decimals = 11;
        definition.assumed = vec!["DROP".to_owned()];
    }
    insta::assert_snapshot!(faults(&events), @r"
    FIELD_INVALID events[1].org_unit_registered.kind
    FIELD_REQUIRED events[5].indicator_defined.definition.measure_type
    FIELD_INVALID events[5].indicator_defined.definition.entry_kind
    FIELD_INVALID events[5].indicator_defined.definition.quantifier_n
    FIELD_INVALID events[5].indicator_defined.definition.unit.dimension_of
    FIELD_INVALID events[5].indicator_defined.definition.unit.scale_pow10
    FIELD_INVALID events[5].indicator_defined.definition.unit.decimals
    FIELD_INVALID events[5].indicator_defined.definition.assumed[0]
    ");
}

#[test]
fn the_envelope_is_read_as_strictly() {
    let mut event = full(input(
        1,
        Wire::GoalSuspended(v1::GoalSuspended {
            goal: String::new(),
        }),
    ));
    event.valid_to = Some("2023-03-31".to_owned());
    event.correlation_id = Some("1".to_owned());
    event.causation_id = Some(uuid::Uuid::nil().to_string());
    event.decision_event_id = Some(String::new());
    event.reason = Some(v1::Reason::default());
    event.source_document = Some(v1::SourceDocument::default());
    event.evidence = vec![v1::Evidence {
        sha256: vec![1; 31],
        ..Default::default()
    }];
    let import = full(input(
        2,
        Wire::ImportAccepted(v1::ImportAccepted::default()),
    ));
    let import = v1::EventInput {
        valid_from: Some("2023-04-01".to_owned()),
        ..import
    };
    insta::assert_snapshot!(faults(&[event, import]), @r"
    FIELD_REQUIRED events[0].goal_suspended.goal
    DATE_TOO_EARLY events[0].valid_to
    FIELD_REQUIRED events[0].reason.code
    FIELD_REQUIRED events[0].reason.text
    FIELD_INVALID events[0].evidence[0].sha256
    FIELD_REQUIRED events[0].evidence[0].media_type
    FIELD_REQUIRED events[0].evidence[0].title
    FIELD_REQUIRED events[0].evidence[0].disclosure
    FIELD_REQUIRED events[0].source_document.number
    FIELD_REQUIRED events[0].decision_event_id
    ID_INVALID events[0].correlation_id
    ID_INVALID events[0].causation_id
    FIELD_REQUIRED events[1].import_accepted.plan
    FIELD_REQUIRED events[1].import_accepted.file_sha256
    FIELD_REQUIRED events[1].import_accepted.file_name
    FIELD_INVALID events[1].valid_from
    ");
}

#[test]
fn the_size_of_a_request_is_looked_at_before_its_content() {
    assert_eq!(faults(&[]), "BATCH_TOO_LARGE events");
    assert_eq!(
        faults(&vec![v1::EventInput::default(); 1_001]),
        "BATCH_TOO_LARGE events"
    );
    // However much is wrong, what is kept of it is bounded.
    let many = v1::EventInput {
        evidence: vec![Default::default(); 50],
        ..Default::default()
    };
    assert_eq!(parse(&vec![many; 1_000]).unwrap_err().len(), 10_000);
    let too_long = v1::EventInput {
        evidence: vec![Default::default(); 51],
        ..Default::default()
    };
    assert!(faults(&[too_long]).contains("FIELD_INVALID events[0].evidence"));
}

#[test]
fn expected_revisions_name_streams_by_id_or_code() {
    let stream = |kind: v1::StreamKind, id: &str| v1::ExpectedRevision {
        stream: Some(v1::StreamRef {
            kind: kind.into(),
            id: id.to_owned(),
        }),
        revision: 4,
    };
    let directory = directory_of(&[]);
    let expected = [
        stream(v1::StreamKind::Goal, "R5/企画/1-1"),
        stream(v1::StreamKind::Org, &id(102)),
        stream(v1::StreamKind::Plan, "R5"),
        stream(v1::StreamKind::Ledger, "city"),
        // Nothing has this id, so its stream is empty: that is for the revision to say.
        stream(v1::StreamKind::Goal, &id(999)),
    ];
    let parsed = parse_events(&directory, &plan(), &expected, 1_000).unwrap();
    let kinds: Vec<_> = parsed.expected.iter().map(|(s, r)| (s.kind, *r)).collect();
    assert_eq!(kinds.len(), 5);
    assert_eq!(kinds[3], (StreamKind::Ledger, 4));
    assert_eq!(parsed.expected[0].0.id.to_string(), id(104));

    let wrong = [
        stream(v1::StreamKind::Plan, "R5/企画/1-1"),
        stream(v1::StreamKind::Unspecified, "R5"),
        stream(v1::StreamKind::Goal, ""),
        v1::ExpectedRevision {
            stream: None,
            revision: 0,
        },
    ];
    let rejections = parse_events(&directory, &plan(), &wrong, 1_000)
        .unwrap_err()
        .rejections;
    let lines: Vec<_> = rejections
        .iter()
        .map(|r| format!("{} {}", r.reason.code(), r.field))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    PLAN_UNKNOWN expected_revisions[0].stream.id
    FIELD_REQUIRED expected_revisions[1].stream.kind
    FIELD_REQUIRED expected_revisions[2].stream.id
    FIELD_REQUIRED expected_revisions[3].stream
    ");
}

#[test]
fn instants_before_1970_keep_their_microseconds() {
    let shown = show_timestamp(jiff::Timestamp::from_microsecond(-1).unwrap());
    assert_eq!((shown.seconds, shown.nanos), (-1, 999_999_000));
}
