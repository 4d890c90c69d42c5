//! What a client sends, for each kind of event.

use super::super::*;
use crate::api::v1::event_input::Payload as Wire;
use crate::api::v1::operation_authorised::{Compromise, NewKey, Operation};

pub(super) fn id(number: u32) -> String {
    format!("01890a5d-ac96-774b-bcce-{number:012}")
}

pub(super) fn title(text: &str) -> Option<v1::Title> {
    Some(v1::Title {
        ja: text.to_owned(),
        en: Some("in English".to_owned()),
    })
}

pub(super) fn input(number: u32, payload: Wire) -> v1::EventInput {
    let dateless = matches!(
        payload,
        Wire::LedgerOpened(_)
            | Wire::ImportAccepted(_)
            | Wire::LedgerContinued(_)
            | Wire::KeyAnnounced(_)
            | Wire::KeyRetired(_)
            | Wire::KeyCompromised(_)
            | Wire::HeadsRecorded(_)
            | Wire::PersonalDataErased(_)
            | Wire::EvidenceErased(_)
            | Wire::ChangeProposed(_)
            | Wire::ChangeConsulted(_)
            | Wire::ChangeDecided(_)
            | Wire::ChangeWithdrawn(_)
            | Wire::ProposalExpired(_)
            | Wire::DecisionReviewed(_)
            | Wire::AccessRecorded(_)
            | Wire::AccessesLeftOut(_)
    );
    v1::EventInput {
        event_id: id(number),
        valid_from: (!dateless).then(|| "2023-04-01".to_owned()),
        payload: Some(payload),
        ..Default::default()
    }
}

pub(super) fn definition() -> v1::Definition {
    v1::Definition {
        measure_type: v1::MeasureType::Coverage.into(),
        entry_kind: Some(v1::EntryKind::MemberState.into()),
        agg_time: v1::AggTime::Distinct.into(),
        agg_space: v1::AggSpace::Weighted.into(),
        comparator: v1::Comparator::Ge.into(),
        quantifier: v1::Quantifier::AtLeastN.into(),
        quantifier_n: Some(3),
        per_month: true,
        unit: Some(v1::Unit {
            code: "{person}/mo".to_owned(),
            display_ja: "千人/月".to_owned(),
            display_en: "thousand people a month".to_owned(),
            dimension: v1::DimensionKind::Count.into(),
            dimension_of: Some("人".to_owned()),
            per_month: true,
            scale_pow10: 3,
            decimals: 2,
        }),
        domain: Some(v1::ValueDomain {
            min: Some("0".to_owned()),
            max: Some("99.5".to_owned()),
            integer: true,
        }),
        attainment_basis: v1::AttainmentBasis::FromBaseline.into(),
        person_times: true,
        demand_driven: true,
        active_window: Some(v1::DateSpan {
            first: "2023-06-01".to_owned(),
            last: "2023-12-31".to_owned(),
        }),
        settlement_until: Some("2024-05-31".to_owned()),
        parts: vec![v1::Part {
            key: "北".to_owned(),
            label: title("北地区"),
            weight: Some("0.5".to_owned()),
        }],
        members: vec![v1::Member {
            key: "m1".to_owned(),
            label: title("第一園"),
            from: Some("2023-04-01".to_owned()),
            until: Some("2024-03-31".to_owned()),
        }],
        checkpoints: vec![v1::Checkpoint {
            key: "c1".to_owned(),
            label: title("設計"),
            due: Some("2023-09-30".to_owned()),
            weight: Some("30".to_owned()),
        }],
        components: vec!["R5/企画/1-1/1.1".to_owned()],
        rubric: Some(v1::Rubric {
            code: "rubric".to_owned(),
            version: 2,
            levels: vec![title("低い").unwrap(), title("高い").unwrap()],
        }),
        lead_unit: Some("企画課".to_owned()),
        contributing_units: vec!["企画部".to_owned()],
        external_reference: Some(v1::ExternalReference {
            document: "計画書".to_owned(),
            clause: Some("表3".to_owned()),
            as_of: Some("2023-03-31".to_owned()),
        }),
        quality: Some(v1::DataQuality {
            verification: Some("v".to_owned()),
            source: Some("s".to_owned()),
            accuracy: Some("a".to_owned()),
            limitations: Some("l".to_owned()),
            compensation: Some("c".to_owned()),
        }),
        disclosure: v1::Disclosure::Internal.into(),
        result_level: v1::ResultLevel::Outcome.into(),
        assumed: vec!["members".to_owned()],
    }
}

pub(super) fn target() -> v1::Target {
    v1::Target {
        aim: Some(v1::target::Aim::Value("12.5".to_owned())),
        parts: vec![v1::target::Part {
            part: "北".to_owned(),
            value: "3".to_owned(),
        }],
    }
}

pub(super) fn measured(kind: v1::measurement::Kind) -> Option<v1::Measurement> {
    Some(v1::Measurement { kind: Some(kind) })
}

const INDICATOR: &str = "Ｒ５/企画/１-1/1.1";

/// A plan in one request: every event names what those before it define by its code.
pub(super) fn plan() -> Vec<v1::EventInput> {
    let plain = v1::Definition {
        components: Vec::new(),
        ..definition()
    };
    vec![
        input(
            1,
            Wire::PlanPublished(v1::PlanPublished {
                plan: id(101),
                code: "R5".to_owned(),
                title: title("令和5年度"),
                cycle: Some(v1::DateSpan {
                    first: "2023-04-01".to_owned(),
                    last: "2024-03-31".to_owned(),
                }),
                pillars: vec![v1::Pillar {
                    number: 1,
                    title: title("柱"),
                }],
                source_sha256: Some(vec![7; 32]),
            }),
        ),
        input(
            2,
            Wire::OrgUnitRegistered(v1::OrgUnitRegistered {
                unit: id(102),
                code: "企画部".to_owned(),
                name: title("企画部"),
                kind: v1::UnitKind::Department.into(),
                parent: None,
            }),
        ),
        input(
            3,
            Wire::OrgUnitRegistered(v1::OrgUnitRegistered {
                unit: id(103),
                code: "企画課".to_owned(),
                name: title("企画課"),
                kind: v1::UnitKind::Section.into(),
                parent: Some("企画部".to_owned()),
            }),
        ),
        input(
            4,
            Wire::GoalSet(v1::GoalSet {
                goal: id(104),
                plan: "R5".to_owned(),
                code: "R5/企画/1-1".to_owned(),
                department: "企画部".to_owned(),
                pillar: 1,
                title: title("目標"),
                source_text: "目標の文".to_owned(),
                continues: None,
            }),
        ),
        input(
            5,
            Wire::InitiativeSet(v1::InitiativeSet {
                initiative: id(105),
                goal: "R5/企画/1-1".to_owned(),
                number: 1,
                code: "R5/企画/1-1/1".to_owned(),
                title: title("取組"),
                source_text: "取組の文".to_owned(),
                lead_unit: "企画課".to_owned(),
                contributing_units: vec![id(102)],
                continues: None,
                references: vec![v1::ExternalReference {
                    document: "自治基本条例".to_owned(),
                    clause: Some("第12条".to_owned()),
                    as_of: None,
                }],
            }),
        ),
        input(
            6,
            Wire::IndicatorDefined(v1::IndicatorDefined {
                indicator: id(106),
                initiative: "R5/企画/1-1/1".to_owned(),
                code: "R5/企画/1-1/1.1".to_owned(),
                title: title("指標"),
                source_text: "基準の文".to_owned(),
                definition: Some(plain),
                continues: None,
            }),
        ),
    ]
}

/// One event of every other type, with every field filled.
pub(super) fn others() -> Vec<v1::EventInput> {
    use v1::measurement::{Kind, Member, MemberValue, Milestone, Ratio};
    let goal = || "R5/企画/1-1".to_owned();
    let initiative = || "R5/企画/1-1/1".to_owned();
    let indicator = || INDICATOR.to_owned();
    let subject = |kind| Some(v1::Subject { kind: Some(kind) });
    let text = || "新しい文".to_owned();
    let actual = |kind| {
        Wire::ActualRecorded(v1::ActualRecorded {
            indicator: indicator(),
            measurement: measured(kind),
            part: Some("北".to_owned()),
            unit_code: Some("{person}".to_owned()),
        })
    };
    let aim = |aim| {
        Wire::TargetSet(v1::TargetSet {
            indicator: indicator(),
            target: Some(v1::Target {
                aim: Some(aim),
                parts: Vec::new(),
            }),
        })
    };
    let profile = |kind: v1::PlanProfileKind, points: &[&str]| {
        let point = |date: &&str| v1::plan_profile::Point {
            date: (*date).to_owned(),
            value: "5".to_owned(),
        };
        Wire::PlanProfileSet(v1::PlanProfileSet {
            indicator: indicator(),
            profile: Some(v1::PlanProfile {
                kind: kind.into(),
                points: points.iter().map(point).collect(),
            }),
            assumed: true,
        })
    };
    let forecast = |forecast| {
        Wire::ForecastSubmitted(v1::ForecastSubmitted {
            indicator: indicator(),
            forecast: Some(forecast),
            confidence: Some(10),
            basis: text(),
        })
    };
    let payloads = vec![
        Wire::LedgerOpened(v1::LedgerOpened {
            ledger: id(1),
            code: "town".to_owned(),
            title: title("市"),
            origin: "city.example/daicho".to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
            locale: "ja-JP".to_owned(),
            sample: true,
            clock: v1::ClockKind::Simulated.into(),
            access_log_of: None,
        }),
        Wire::ImportAccepted(v1::ImportAccepted {
            plan: "R5".to_owned(),
            file_sha256: vec![1; 32],
            file_name: "r5.txt".to_owned(),
            goals: 62,
            initiatives: 147,
            indicators: 230,
            mapping_version: 1,
        }),
        Wire::OrgUnitChanged(v1::OrgUnitChanged {
            unit: "企画課".to_owned(),
            name: title("政策課"),
            parent: Some("企画部".to_owned()),
            dissolved: true,
        }),
        Wire::GoalReworded(v1::GoalReworded {
            goal: goal(),
            title: title("新"),
            source_text: text(),
        }),
        Wire::GoalMoved(v1::GoalMoved {
            goal: goal(),
            department: "企画部".to_owned(),
            pillar: 1,
        }),
        Wire::GoalSuspended(v1::GoalSuspended { goal: goal() }),
        Wire::GoalResumed(v1::GoalResumed { goal: goal() }),
        Wire::GoalCancelled(v1::GoalCancelled { goal: goal() }),
        Wire::GoalCarriedOver(v1::GoalCarriedOver {
            goal: goal(),
            to_plan: "R5".to_owned(),
            to_goal: Some(id(104)),
        }),
        Wire::InitiativeReworded(v1::InitiativeReworded {
            initiative: initiative(),
            title: title("新"),
            source_text: text(),
        }),
        Wire::InitiativeMoved(v1::InitiativeMoved {
            initiative: initiative(),
            from_goal: goal(),
            to_goal: goal(),
            number: 2,
        }),
        Wire::InitiativeCancelled(v1::InitiativeCancelled {
            initiative: initiative(),
        }),
        Wire::ResponsibilityTransferred(v1::ResponsibilityTransferred {
            initiative: initiative(),
            lead_unit: "企画課".to_owned(),
            contributing_units: vec!["企画部".to_owned()],
        }),
        Wire::IndicatorReworded(v1::IndicatorReworded {
            indicator: indicator(),
            title: title("新"),
            source_text: text(),
            confirms: Vec::new(),
        }),
        Wire::IndicatorMoved(v1::IndicatorMoved {
            indicator: indicator(),
            from_initiative: initiative(),
            to_initiative: id(105),
        }),
        Wire::IndicatorRedefined(v1::IndicatorRedefined {
            indicator: indicator(),
            definition_version: 2,
            definition: Some(definition()),
        }),
        Wire::IndicatorCancelled(v1::IndicatorCancelled {
            indicator: indicator(),
        }),
        Wire::BaselineSet(v1::BaselineSet {
            indicator: indicator(),
            baseline: Some(v1::Baseline {
                value: "1".to_owned(),
                as_of: "2023-03-31".to_owned(),
                source: Some("調査".to_owned()),
            }),
        }),
        Wire::TargetSet(v1::TargetSet {
            indicator: indicator(),
            target: Some(target()),
        }),
        aim(v1::target::Aim::AllMembers(v1::target::AllMembers {})),
        aim(v1::target::Aim::Range(v1::target::Range {
            lower: "1".to_owned(),
            upper: "2".to_owned(),
        })),
        aim(v1::target::Aim::Approximate(v1::target::Approximate {
            value: "80".to_owned(),
            tolerance: "5".to_owned(),
        })),
        aim(v1::target::Aim::Done(v1::target::Done {
            due: "2025-03-31".to_owned(),
            end_state: v1::EndState::Decided.into(),
        })),
        aim(v1::target::Aim::RubricLevel(2)),
        aim(v1::target::Aim::Components(v1::target::Components {})),
        Wire::TargetRevised(v1::TargetRevised {
            indicator: indicator(),
            replaces: id(7),
            before: Some(target()),
            target: Some(target()),
        }),
        profile(v1::PlanProfileKind::Linear, &[]),
        profile(
            v1::PlanProfileKind::MonthlyPlan,
            &["2023-04-30", "2023-05-31"],
        ),
        profile(v1::PlanProfileKind::ReferenceCurve, &["2023-04-30"]),
        profile(v1::PlanProfileKind::StepDates, &[]),
        profile(v1::PlanProfileKind::AtEnd, &[]),
        profile(v1::PlanProfileKind::None, &[]),
        actual(Kind::Increment("12".to_owned())),
        actual(Kind::Level("-1.5".to_owned())),
        actual(Kind::Ratio(Ratio {
            numerator: "1".to_owned(),
            denominator: "3".to_owned(),
        })),
        actual(Kind::Member(Member {
            member: "m1".to_owned(),
            state: v1::MemberState::Done.into(),
        })),
        actual(Kind::MemberValue(MemberValue {
            member: "m1".to_owned(),
            value: "4".to_owned(),
        })),
        actual(Kind::Milestone(Milestone {
            checkpoint: Some("c1".to_owned()),
            state: v1::MilestoneState::Started.into(),
        })),
        actual(Kind::RubricLevel(2)),
        actual(Kind::Nil(v1::NilCause::NoDemand.into())),
        Wire::ActualCorrected(v1::ActualCorrected {
            indicator: indicator(),
            corrects: id(8),
            before: measured(Kind::Increment("12".to_owned())),
            measurement: measured(Kind::Increment("9".to_owned())),
            part: None,
            unit_code: None,
        }),
        Wire::ActualRetracted(v1::ActualRetracted {
            indicator: indicator(),
            retracts: id(8),
            before: None,
        }),
        Wire::DemandRecorded(v1::DemandRecorded {
            indicator: indicator(),
            requests: "6".to_owned(),
        }),
        forecast(v1::forecast_submitted::Forecast::Value("40".to_owned())),
        forecast(v1::forecast_submitted::Forecast::Date(
            "2024-02-01".to_owned(),
        )),
        Wire::NarrativeAdded(v1::NarrativeAdded {
            subject: subject(v1::subject::Kind::Initiative(initiative())),
            kind: v1::NarrativeKind::Risk.into(),
            text: "=HYPERLINK(\u{7})".to_owned(),
        }),
        Wire::NarrativeAdded(v1::NarrativeAdded {
            subject: subject(v1::subject::Kind::Goal(goal())),
            kind: v1::NarrativeKind::Note.into(),
            text: text(),
        }),
        Wire::EvidenceAttached(v1::EvidenceAttached {
            subject: subject(v1::subject::Kind::Indicator(indicator())),
            shows: Some(id(8)),
            filed_under: Some("k-1".to_owned()),
        }),
    ];
    let payloads = payloads
        .into_iter()
        .chain(evaluations())
        .chain(of_proofs())
        .chain(of_access())
        .chain(of_decisions());
    let mut decided = 0;
    let mut events: Vec<v1::EventInput> = (1_000..)
        .zip(payloads)
        .map(|(number, payload)| {
            if matches!(payload, Wire::ChangeDecided(_)) {
                decided = number;
            }
            full(input(number, payload))
        })
        .collect();
    events.push(full(looked_at(2_000, decided)));
    events
}

/// Policies, periods, evaluations and next actions, with every field that a client may fill.
pub(super) fn evaluations() -> Vec<Wire> {
    let plan = || "R5".to_owned();
    let period = || "上半期".to_owned();
    let subject = |kind| Some(v1::Subject { kind: Some(kind) });
    let indicator = || subject(v1::subject::Kind::Indicator(INDICATOR.to_owned()));
    let goal = || subject(v1::subject::Kind::Goal("R5/企画/1-1".to_owned()));
    let version = || {
        Some(v1::PolicyVersion {
            code: "市の基準".to_owned(),
            version: 3,
        })
    };
    let published = |content| {
        Wire::PolicyPublished(v1::PolicyPublished {
            code: "市の方針".to_owned(),
            version: 2,
            title: title("方針"),
            content: Some(content),
        })
    };
    vec![
        published(v1::policy_published::Content::Evaluation(
            v1::EvaluationPolicy {
                on_track_from: "0.95".to_owned(),
                slightly_behind_from: "0.8".to_owned(),
                display_digits: 2,
                mean_cap: Some("1".to_owned()),
                reduction: v1::ReductionFormula::TwoMinusRatio.into(),
                interpolates_months: true,
                months_compensate: true,
                forecast_gap: "0.1".to_owned(),
                late_lowering_days: 60,
                late_report_days: 45,
                roll_up: v1::RollUpJudgement::Worst.into(),
                rubric: Some("市の基準".to_owned()),
            },
        )),
        published(v1::policy_published::Content::Rubric(v1::GradeRubric {
            input: v1::GradeInput::Status.into(),
            levels: vec![v1::GradeLevel {
                key: "順調".to_owned(),
                title: title("順調"),
                at_least: Some("1".to_owned()),
                statuses: vec![
                    v1::EvaluationStatus::OnTrack.into(),
                    v1::EvaluationStatus::NotEvaluable.into(),
                ],
                non_grade: true,
            }],
            full_target_is_best: true,
        })),
        Wire::PeriodOpened(v1::PeriodOpened {
            plan: plan(),
            period: period(),
            title: title("上半期"),
            span: Some(v1::DateSpan {
                first: "2023-04-01".to_owned(),
                last: "2023-09-30".to_owned(),
            }),
        }),
        Wire::PeriodSoftClosed(v1::PeriodSoftClosed {
            plan: plan(),
            period: period(),
        }),
        Wire::PeriodClosed(v1::PeriodClosed {
            plan: plan(),
            period: period(),
            revision: Some(1),
        }),
        Wire::PeriodReopened(v1::PeriodReopened {
            plan: plan(),
            period: period(),
            scope: vec![INDICATOR.to_owned()],
            until: "2023-10-31".to_owned(),
        }),
        Wire::SnapshotTaken(v1::SnapshotTaken {
            plan: plan(),
            period: period(),
            revision: 1,
            closed_by: id(8),
            effective_on: "2023-09-30".to_owned(),
            known_at: 900,
            policy: version(),
            rows: 230,
            rows_format: 1,
            rows_sha256: vec![3; 32],
            root: Some(vec![4; 32]),
        }),
        Wire::RestatementIssued(v1::RestatementIssued {
            plan: plan(),
            period: period(),
            revision: 1,
            known_at: Some(1_000),
            policy: version(),
            rows: Some(2),
            material: Some(1),
            rows_format: Some(1),
            rows_sha256: Some(vec![5; 32]),
        }),
        Wire::SelfEvaluated(v1::SelfEvaluated {
            subject: indicator(),
            period: period(),
            grade: Some("A".to_owned()),
            rubric: version(),
            computed: None,
            cause: Some(v1::CauseCode::Partner.into()),
            comment: "所見".to_owned(),
        }),
        Wire::EvaluationReviewed(v1::EvaluationReviewed {
            subject: goal(),
            period: period(),
            grade: Some("B".to_owned()),
            rubric: version(),
            computed: None,
            comment: "所見".to_owned(),
        }),
        Wire::EvaluationFinalised(v1::EvaluationFinalised {
            subject: goal(),
            period: period(),
            grade: None,
            rubric: None,
            computed: None,
            comment: Some("所見".to_owned()),
        }),
        Wire::NextActionAgreed(v1::NextActionAgreed {
            subject: indicator(),
            action: id(300),
            period: period(),
            kind: v1::ActionKind::Shrink.into(),
            text: "縮小する".to_owned(),
            owner_unit: "企画課".to_owned(),
            due: "2023-12-28".to_owned(),
        }),
        Wire::NextActionClosed(v1::NextActionClosed {
            subject: indicator(),
            action: id(300),
            outcome: v1::ActionOutcome::Dropped.into(),
            text: "取りやめた".to_owned(),
        }),
        Wire::ReportingCalendarSet(v1::ReportingCalendarSet {
            plan: plan(),
            rounds: vec![v1::ReportingRound {
                code: "mid-year".to_owned(),
                title: title("中間"),
                reports_for: "2023-09-30".to_owned(),
                cut_off: "2023-10-06".to_owned(),
                fixed_on: "2023-10-10".to_owned(),
                exceptions: vec![v1::RoundException {
                    indicator: INDICATOR.to_owned(),
                    dates: Some(v1::RoundDates {
                        reports_for: "2023-09-15".to_owned(),
                        cut_off: "2023-09-20".to_owned(),
                        fixed_on: "2023-09-29".to_owned(),
                    }),
                }],
            }],
        }),
        Wire::ActualConfirmed(v1::ActualConfirmed {
            indicator: INDICATOR.to_owned(),
            entries: vec![id(8), id(9)],
        }),
        Wire::AuditFindingRecorded(v1::AuditFindingRecorded {
            plan: plan(),
            finding: "R5-1".to_owned(),
            text: "根拠がない".to_owned(),
            references: vec![
                v1::FindingReference {
                    kind: Some(v1::finding_reference::Kind::Indicator(INDICATOR.to_owned())),
                },
                v1::FindingReference {
                    kind: Some(v1::finding_reference::Kind::Unit("企画課".to_owned())),
                },
                v1::FindingReference {
                    kind: Some(v1::finding_reference::Kind::Event(id(8))),
                },
            ],
            due: "2023-12-28".to_owned(),
            promised: "添付する".to_owned(),
        }),
        Wire::AuditFindingAnswered(v1::AuditFindingAnswered {
            plan: plan(),
            finding: "R5-1".to_owned(),
            text: "改めた".to_owned(),
            action: "添付した".to_owned(),
            references: Vec::new(),
        }),
    ]
}

pub(super) fn of_decisions() -> Vec<Wire> {
    let change = v1::EventInput {
        event_id: String::new(),
        ..full(input(
            0,
            Wire::TargetRevised(v1::TargetRevised {
                indicator: INDICATOR.to_owned(),
                replaces: id(7),
                before: Some(target()),
                target: Some(target()),
            }),
        ))
    };
    let change = v1::EventInput {
        correlation_id: None,
        causation_id: None,
        decision_event_id: None,
        ..change
    };
    let proposed = |number: u32, replaces| {
        Wire::ChangeProposed(Box::new(v1::ChangeProposed {
            proposal: id(number),
            kind: Some(v1::ChangeKind::TargetOtherwise.into()),
            replaces,
            change: Some(Box::new(change.clone())),
            impact: "影響はない".to_owned(),
            change_sha256: None,
        }))
    };
    vec![
        proposed(400, None),
        proposed(401, Some(id(400))),
        Wire::ChangeConsulted(v1::ChangeConsulted {
            proposal: id(401),
            change_sha256: vec![6; 32],
            outcome: v1::ConsultationOutcome::Object.into(),
            text: Some("財源がない".to_owned()),
            unit: Some("企画課".to_owned()),
        }),
        Wire::ChangeDecided(v1::ChangeDecided {
            proposal: id(401),
            change_sha256: vec![6; 32],
            outcome: v1::DecisionOutcome::Returned.into(),
            text: Some("数字を直すこと".to_owned()),
            external: Some(v1::ExternalDecision {
                decided_on: "2023-10-02".to_owned(),
                decider: "副市長".to_owned(),
                person: Some(id(402)),
            }),
            acting_delegation: Some(id(403)),
        }),
        Wire::ChangeWithdrawn(v1::ChangeWithdrawn { proposal: id(401) }),
        Wire::ProposalExpired(v1::ProposalExpired { proposal: id(401) }),
    ]
}

/// What somebody made of the event of this number, which decided something.
pub(super) fn looked_at(number: u32, decision: u32) -> v1::EventInput {
    input(
        number,
        Wire::DecisionReviewed(v1::DecisionReviewed {
            decision: id(decision),
            outcome: v1::ReviewOutcome::Disagree.into(),
            text: Some("急ぐ理由がない".to_owned()),
        }),
    )
}

pub(super) fn of_proofs() -> Vec<Wire> {
    let key = || "city.example+3ce076f6+AQOhB7".to_owned();
    vec![
        Wire::LedgerContinued(v1::LedgerContinued {
            origin: "city.example/g2".to_owned(),
            previous_checkpoint: "city.example\n3\nroot\n\n— city.example AAAA\n".to_owned(),
        }),
        Wire::KeyAnnounced(v1::KeyAnnounced {
            verifier_key: key(),
            from_size: 4,
        }),
        Wire::KeyRetired(v1::KeyRetired {
            verifier_key: key(),
            last_size: 0,
        }),
        Wire::KeyCompromised(v1::KeyCompromised {
            verifier_key: key(),
            last_trusted_size: 3,
        }),
        Wire::HeadsRecorded(v1::HeadsRecorded {
            size: 900,
            root: vec![3; 32],
            streams: 62,
            closed_by: Some(id(8)),
        }),
        Wire::PersonalDataErased(v1::PersonalDataErased {
            subject_ref: id(9),
            positions: vec![0, 7],
            texts: 3,
            legal_basis: "法第100条".to_owned(),
            approved_by: "総務課長".to_owned(),
        }),
        Wire::EvidenceErased(v1::EvidenceErased {
            sha256: vec![5; 32],
            legal_basis: "法第100条".to_owned(),
            approved_by: "総務課長".to_owned(),
        }),
        authorised(Operation::AnnounceKey(NewKey {}), None),
        authorised(Operation::RetireKey(key()), None),
        authorised(
            Operation::CompromiseKey(Compromise {
                verifier_key: key(),
                last_trusted_size: 3,
            }),
            None,
        ),
        authorised(
            Operation::ErasePersonalData(PERSON.to_owned()),
            Some("法第100条"),
        ),
        authorised(Operation::EraseEvidence(vec![5; 32]), Some("法第100条")),
    ]
}

fn authorised(operation: Operation, legal_basis: Option<&str>) -> Wire {
    Wire::OperationAuthorised(v1::OperationAuthorised {
        operation: Some(operation),
        legal_basis: legal_basis.map(str::to_owned),
    })
}

const PERSON: &str = "5f0c1d2e-3b4a-4c5d-8e6f-0123456789ab";

pub(super) fn of_access() -> Vec<Wire> {
    let login = |issuer: Option<&str>, subject: &str| v1::Login {
        issuer: issuer.map(str::to_owned),
        subject: subject.to_owned(),
    };
    vec![
        Wire::PersonRegistered(v1::PersonRegistered {
            person: PERSON.to_owned(),
            name: "財務課長".to_owned(),
            logins: vec![
                login(Some("https://id.example"), "s-1"),
                login(None, "財務"),
            ],
        }),
        Wire::PersonChanged(v1::PersonChanged {
            person: PERSON.to_owned(),
            name: Some("企画課長".to_owned()),
            logins: vec![login(None, "企画")],
        }),
        Wire::RoleGranted(v1::RoleGranted {
            grant: id(700),
            seat: "財務課長".to_owned(),
            title: title("財務課長"),
            role: v1::SeatRole::SectionChief.into(),
            units: vec![id(103)],
            holder: Some(v1::role_granted::Holder::Person(PERSON.to_owned())),
        }),
        Wire::RoleGranted(v1::RoleGranted {
            grant: id(701),
            seat: "連携".to_owned(),
            title: title("連携"),
            role: v1::SeatRole::Service.into(),
            units: Vec::new(),
            holder: Some(v1::role_granted::Holder::Service(login(
                Some("CN=CA"),
                "urn:a",
            ))),
        }),
        Wire::RoleRevoked(v1::RoleRevoked { grant: id(700) }),
        Wire::DelegationRegistered(v1::DelegationRegistered {
            delegation: id(702),
            seat: "財務課長".to_owned(),
            delegate: PERSON.to_owned(),
            ground: "出張".to_owned(),
        }),
        Wire::DelegationEnded(v1::DelegationEnded {
            delegation: id(702),
        }),
    ]
}

/// With every field of the envelope.
pub(super) fn full(event: v1::EventInput) -> v1::EventInput {
    v1::EventInput {
        valid_to: event.valid_from.clone(),
        reason: Some(v1::Reason {
            code: v1::ReasonCode::LateData.into(),
            text: "遅れた".to_owned(),
        }),
        evidence: vec![v1::Evidence {
            sha256: vec![9; 32],
            media_type: "application/pdf".to_owned(),
            title: "報告書".to_owned(),
            uri: Some("file:///1.pdf".to_owned()),
            size_bytes: Some(12),
            disclosure: v1::Disclosure::Restricted.into(),
        }],
        source_document: Some(v1::SourceDocument {
            number: "5企第12号".to_owned(),
            title: Some("通知".to_owned()),
            date: Some("2023-10-01".to_owned()),
        }),
        correlation_id: Some(id(900)),
        causation_id: Some(id(901)),
        decision_event_id: Some(id(902)),
        ..event
    }
}
