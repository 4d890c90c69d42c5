//! An event of every kind about a plan or the ledger, and those that only the server writes.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::role_granted::Holder;
use daicho::api::v1::*;
use daicho::auth::access::BUILT_IN;
use daicho::clock::{new_id, new_random_id};

use super::DAY;
use super::place::step;
use super::plan::{CLOSED, OPEN, PLAN, calendar, closed, period, reopened};
use super::row::{Asked, Row, writes};
use crate::errors::world::{because, event, plan, title, unit};

/// The events that only the server writes, whoever asks for them.
pub(super) const BY_THE_SERVER: [&str; 12] = [
    "ledger_opened",
    "ledger_continued",
    "key_announced",
    "key_retired",
    "key_compromised",
    "heads_recorded",
    "personal_data_erased",
    "evidence_erased",
    "snapshot_taken",
    "proposal_expired",
    "access_recorded",
    "accesses_left_out",
];

fn id() -> String {
    new_id().to_string()
}

fn on_day(payload: Payload) -> EventInput {
    because(event(DAY, payload))
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = plans();
    rows.extend(findings());
    rows.extend(organisation());
    rows.extend(seats());
    rows.extend(policies());
    rows.extend(proposals());
    rows.extend(operations());
    rows
}

fn plans() -> Vec<Row> {
    vec![
        writes("plan_published", |_| EventInput {
            valid_from: Some(DAY.to_owned()),
            ..plan(2025, "三年目の計画", 1)
        }),
        writes("import_accepted", |_| {
            step(Payload::ImportAccepted(ImportAccepted {
                plan: PLAN.to_owned(),
                file_sha256: vec![7; 32],
                file_name: "計画.csv".to_owned(),
                goals: 6,
                initiatives: 9,
                indicators: 6,
                mapping_version: 1,
            }))
        }),
        writes("period_opened", |_| {
            period(DAY, "六月", "2023-06-01", "2023-06-30")
        }),
        writes("period_soft_closed", |_| {
            event(
                DAY,
                Payload::PeriodSoftClosed(PeriodSoftClosed {
                    plan: PLAN.to_owned(),
                    period: OPEN.to_owned(),
                }),
            )
        }),
        writes("period_closed", |_| closed(DAY, OPEN)),
        writes("period_reopened", |asked| {
            reopened(DAY, CLOSED, asked.ground.places.iter())
        }),
        writes("restatement_issued", |_| {
            on_day(Payload::RestatementIssued(RestatementIssued {
                plan: PLAN.to_owned(),
                period: CLOSED.to_owned(),
                revision: 1,
                ..RestatementIssued::default()
            }))
        }),
        writes("reporting_calendar_set", |asked| {
            calendar(DAY, asked.ground.places.iter())
        }),
    ]
}

fn findings() -> Vec<Row> {
    let answered = |asked: &Asked<'_>, place: usize| {
        event(
            DAY,
            Payload::AuditFindingAnswered(AuditFindingAnswered {
                plan: PLAN.to_owned(),
                finding: asked.ground.places[place].finding.clone(),
                text: "承知した".to_owned(),
                action: "確認した".to_owned(),
                references: Vec::new(),
            }),
        )
    };
    vec![
        writes("audit_finding_recorded", |_| {
            event(
                DAY,
                Payload::AuditFindingRecorded(AuditFindingRecorded {
                    plan: PLAN.to_owned(),
                    finding: "指摘9".to_owned(),
                    text: "根拠が無い".to_owned(),
                    references: Vec::new(),
                    due: "2023-12-28".to_owned(),
                    promised: "添付する".to_owned(),
                }),
            )
        }),
        writes("audit_finding_answered", move |asked| answered(asked, 0)),
        writes("audit_finding_answered:elsewhere", move |asked| {
            answered(asked, 2)
        }),
    ]
}

fn organisation() -> Vec<Row> {
    vec![
        writes("org_unit_registered", |_| {
            unit(DAY, "新課", UnitKind::Section, Some("甲部"))
        }),
        writes("org_unit_changed", |_| {
            on_day(Payload::OrgUnitChanged(OrgUnitChanged {
                unit: "乙課".to_owned(),
                name: title("新乙課"),
                parent: None,
                dissolved: false,
            }))
        }),
    ]
}

fn seats() -> Vec<Row> {
    vec![
        writes("person_registered", |_| {
            event(
                DAY,
                Payload::PersonRegistered(PersonRegistered {
                    person: new_random_id().to_string(),
                    name: "新人".to_owned(),
                    logins: Vec::new(),
                }),
            )
        }),
        writes("person_changed", |asked| {
            event(
                DAY,
                Payload::PersonChanged(PersonChanged {
                    person: asked.ground.people.person("seatless"),
                    name: Some("改名".to_owned()),
                    logins: Vec::new(),
                }),
            )
        }),
        writes("role_granted", |asked| {
            let holder = Holder::Person(asked.ground.people.person("seatless"));
            event(
                DAY,
                Payload::RoleGranted(RoleGranted {
                    grant: id(),
                    seat: "新しい席".to_owned(),
                    title: title("新しい席"),
                    role: SeatRole::Clerk.into(),
                    units: vec!["甲課".to_owned()],
                    holder: Some(holder),
                }),
            )
        }),
        writes("role_revoked", |asked| {
            event(
                DAY,
                Payload::RoleRevoked(RoleRevoked {
                    grant: asked.ground.people.grant("clerk"),
                }),
            )
        }),
        writes("delegation_registered", |asked| EventInput {
            valid_to: Some("2023-12-28".to_owned()),
            ..event(
                DAY,
                Payload::DelegationRegistered(DelegationRegistered {
                    delegation: id(),
                    seat: "decider1".to_owned(),
                    delegate: asked.ground.people.person("seatless"),
                    ground: "出張".to_owned(),
                }),
            )
        }),
        writes("delegation_ended", |asked| {
            event(
                DAY,
                Payload::DelegationEnded(DelegationEnded {
                    delegation: asked.ground.people.delegation.clone(),
                }),
            )
        }),
    ]
}

fn published(code: &str, content: policy_published::Content) -> EventInput {
    event(
        DAY,
        Payload::PolicyPublished(PolicyPublished {
            code: code.to_owned(),
            version: 1,
            title: title(code),
            content: Some(content),
        }),
    )
}

fn access() -> EventInput {
    let cedar = BUILT_IN.to_owned();
    published(
        "access",
        policy_published::Content::Access(AccessPolicy { cedar }),
    )
}

fn policies() -> Vec<Row> {
    vec![
        writes("policy_published", |_| {
            let level = |key: &str| GradeLevel {
                key: key.to_owned(),
                title: title(key),
                ..GradeLevel::default()
            };
            let rubric = GradeRubric {
                input: GradeInput::Judgement.into(),
                levels: vec![level("上"), level("下")],
                full_target_is_best: false,
            };
            published("grades", policy_published::Content::Rubric(rubric))
        }),
        writes("policy_published:access", |_| access()),
        writes("policy_published:approval", |_| {
            let rule = ApprovalRule {
                kind: ChangeKind::Suspended.into(),
                deciders: vec![ApprovalPost {
                    role: SeatRole::Director.into(),
                    unit: None,
                }],
                expires_after_days: 30,
                review_within_days: 14,
                ..ApprovalRule::default()
            };
            let policy = ApprovalPolicy { rules: vec![rule] };
            published("decisions", policy_published::Content::Approval(policy))
        }),
    ]
}

fn proposed(change: EventInput) -> EventInput {
    step(Payload::ChangeProposed(Box::new(ChangeProposed {
        proposal: id(),
        change: Some(Box::new(EventInput {
            event_id: String::new(),
            ..change
        })),
        impact: "影響は小さい".to_owned(),
        ..ChangeProposed::default()
    })))
}

fn proposals() -> Vec<Row> {
    vec![
        writes("change_proposed:of-plan", |_| proposed(closed(DAY, OPEN))),
        writes("change_proposed:of-ledger", |_| proposed(access())),
    ]
}

/// That a file be erased which no event names: whoever carries it out is asked for by its method.
fn authorised(byte: u8) -> EventInput {
    let operation = operation_authorised::Operation::EraseEvidence(vec![byte; 32]);
    EventInput {
        valid_to: Some(DAY.to_owned()),
        ..on_day(Payload::OperationAuthorised(OperationAuthorised {
            operation: Some(operation),
            legal_basis: Some("条例".to_owned()),
        }))
    }
}

/// Proposes an operation that all the steps below are about.
pub(super) fn operation_proposed(proposal: &str, day: &str) -> EventInput {
    let change = EventInput {
        event_id: String::new(),
        valid_from: Some(day.to_owned()),
        valid_to: None,
        ..authorised(8)
    };
    step(Payload::ChangeProposed(Box::new(ChangeProposed {
        proposal: proposal.to_owned(),
        change: Some(Box::new(change)),
        impact: "影響は小さい".to_owned(),
        ..ChangeProposed::default()
    })))
}

fn operations() -> Vec<Row> {
    vec![
        writes("operation_authorised", |_| authorised(7)),
        writes("change_proposed:of-operation", |_| proposed(authorised(7))),
        writes("change_consulted:of-operation", |asked| {
            let (proposal, digest) = asked.ground.operation.clone();
            step(Payload::ChangeConsulted(ChangeConsulted {
                proposal,
                change_sha256: digest,
                outcome: ConsultationOutcome::Consent.into(),
                ..ChangeConsulted::default()
            }))
        }),
        writes("change_decided:of-operation", |asked| {
            let (proposal, digest) = asked.ground.operation.clone();
            step(Payload::ChangeDecided(ChangeDecided {
                proposal,
                change_sha256: digest,
                outcome: DecisionOutcome::Approved.into(),
                ..ChangeDecided::default()
            }))
        }),
        writes("change_withdrawn:of-operation", |asked| {
            let (proposal, _) = asked.ground.operation.clone();
            step(Payload::ChangeWithdrawn(ChangeWithdrawn { proposal }))
        }),
    ]
}

/// Something in the form of what only the server writes.
pub(super) fn of_the_server(name: &str, asked: &Asked<'_>) -> EventInput {
    let ground = asked.ground;
    let key = || ground.first_key.clone();
    let payload = match name {
        "ledger_opened" => Payload::LedgerOpened(LedgerOpened {
            ledger: id(),
            code: "village".to_owned(),
            title: title("村"),
            origin: "ledger.example/village".to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
            locale: "ja-JP".to_owned(),
            sample: false,
            clock: ClockKind::System.into(),
            access_log_of: None,
        }),
        "ledger_continued" => Payload::LedgerContinued(LedgerContinued {
            origin: "ledger.example/city/2".to_owned(),
            previous_checkpoint: "ledger.example/city\n1\n".to_owned(),
        }),
        "key_announced" => Payload::KeyAnnounced(KeyAnnounced {
            verifier_key: key(),
            from_size: 1,
        }),
        "key_retired" => Payload::KeyRetired(KeyRetired {
            verifier_key: key(),
            last_size: 1,
        }),
        "key_compromised" => Payload::KeyCompromised(KeyCompromised {
            verifier_key: key(),
            last_trusted_size: 1,
        }),
        "heads_recorded" => Payload::HeadsRecorded(HeadsRecorded {
            size: 1,
            root: vec![7; 32],
            streams: 1,
            closed_by: None,
        }),
        "personal_data_erased" => Payload::PersonalDataErased(PersonalDataErased {
            subject_ref: ground.subject.clone(),
            positions: vec![1],
            texts: 1,
            legal_basis: "条例".to_owned(),
            approved_by: "甲部長".to_owned(),
        }),
        "evidence_erased" => Payload::EvidenceErased(EvidenceErased {
            sha256: vec![7; 32],
            legal_basis: "条例".to_owned(),
            approved_by: "甲部長".to_owned(),
        }),
        "snapshot_taken" => Payload::SnapshotTaken(SnapshotTaken {
            plan: PLAN.to_owned(),
            period: CLOSED.to_owned(),
            revision: 1,
            closed_by: id(),
            effective_on: "2023-04-30".to_owned(),
            known_at: 1,
            policy: Some(PolicyVersion {
                code: "default".to_owned(),
                version: 0,
            }),
            rows: 1,
            rows_format: 1,
            rows_sha256: vec![7; 32],
            root: None,
        }),
        "proposal_expired" => Payload::ProposalExpired(ProposalExpired {
            proposal: asked.place.proposal.clone(),
        }),
        "access_recorded" => Payload::AccessRecorded(AccessRecorded {
            rpc: "daicho.v1.GoalService/GetGoal".to_owned(),
            class: AccessClass::Read.into(),
            outcome: AccessOutcome::Ok.into(),
            count: 1,
            ..AccessRecorded::default()
        }),
        "accesses_left_out" => Payload::AccessesLeftOut(AccessesLeftOut {
            refusals: 1,
            ..AccessesLeftOut::default()
        }),
        other => panic!("{other} is not among those that only the server writes"),
    };
    match name {
        "snapshot_taken" => event(DAY, payload),
        "ledger_continued" | "personal_data_erased" | "evidence_erased" => because(step(payload)),
        // What the server says of itself has no day.
        _ => step(payload),
    }
}
