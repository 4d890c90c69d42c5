//! One event of each type with every field set and one with as few as there may be, fixed for ever:
//! the golden files hold their leaves. Behind them, events for the forms that those leave out.

use jiff::Timestamp;
use jiff::civil::date;
use uuid::Uuid;

use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::code::{Code, Key};
use crate::domain::date::DateSpan;
use crate::domain::event::*;
use crate::domain::id::{
    EventId, GoalId, IndicatorId, InitiativeId, LedgerId, PlanId, RequestId, UnitId,
};
use crate::domain::indicator::*;
use crate::domain::org_unit::UnitKind;
use crate::domain::plan::Pillar;
use crate::domain::quantity::Quantity;
use crate::domain::target::*;
use crate::domain::text::{Name, Text, Title};
use crate::domain::unit::{Dimension, Unit};
use crate::log::Leaf;
use crate::log::codec::{RequestPlace, ServerPart, encode_client_part};
use crate::merkle::Hash;

/// An event with all that surrounds it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// File name of its golden leaf, without the ending.
    pub(super) name: String,
    pub(super) ledger: LedgerId,
    pub(super) event: Event,
    pub(super) actor: Actor,
    pub(super) request: RequestPlace,
    pub(super) server: ServerPart,
}

impl Sample {
    pub(super) fn leaf(&self) -> Leaf {
        encode_client_part(&self.event, self.ledger, &self.actor, self.request)
            .unwrap()
            .finish(&self.server)
    }

    pub(super) fn recorded(&self) -> Recorded {
        Recorded {
            ledger: self.ledger,
            generation: self.server.generation,
            position: self.server.position,
            revision: self.server.revision,
            recorded_at: self.server.recorded_at,
            prev_leaf_hash: self.server.prev_leaf_hash.map(|hash| *hash.as_bytes()),
            actor: self.actor.clone(),
            request_id: self.request.id,
            request_index: self.request.index,
            request_count: self.request.count,
            event: self.event.clone(),
        }
    }
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x0189_a5d0_0000_7000_8000_0000_0000_0000 | n)
}

pub(super) fn event_id(n: u128) -> EventId {
    EventId::new(uuid(n)).unwrap()
}
pub(super) fn goal(n: u128) -> GoalId {
    GoalId::new(uuid(0x1000 + n)).unwrap()
}
pub(super) fn initiative(n: u128) -> InitiativeId {
    InitiativeId::new(uuid(0x2000 + n)).unwrap()
}
pub(super) fn indicator(n: u128) -> IndicatorId {
    IndicatorId::new(uuid(0x3000 + n)).unwrap()
}
fn plan(n: u128) -> PlanId {
    PlanId::new(uuid(0x4000 + n)).unwrap()
}
fn unit_id(n: u128) -> UnitId {
    UnitId::new(uuid(0x5000 + n)).unwrap()
}
pub(super) fn ledger() -> LedgerId {
    LedgerId::new(uuid(0x6000)).unwrap()
}
pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}
pub(super) fn text(text: &str) -> Text {
    Text::parse(text).unwrap()
}
fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}
pub(super) fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}
pub(super) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}
fn both(ja: &str, en: &str) -> Title {
    Title {
        ja: name(ja),
        en: Some(name(en)),
    }
}
fn ja(ja: &str) -> Title {
    Title {
        ja: name(ja),
        en: None,
    }
}
fn fiscal_year() -> DateSpan {
    DateSpan::new(date(2023, 4, 1), date(2024, 3, 31)).unwrap()
}

pub(super) fn actor() -> Actor {
    Actor {
        subject: name("s-4711"),
        issuer: Some(name("https://id.example.lg.jp")),
        seat: Some(name("企画財政部/企画政策課/課長")),
        acting_for: Some(name("企画財政部/部長")),
        client: Some(name("daicho-cli")),
        method: AuthMethod::Oidc,
        evidence_sha256: Some([0xa5; 32]),
    }
}

pub(super) fn plain_actor() -> Actor {
    Actor {
        subject: name("窓口"),
        issuer: None,
        seat: None,
        acting_for: None,
        client: None,
        method: AuthMethod::Unauthenticated,
        evidence_sha256: None,
    }
}

fn people(scale_pow10: i8) -> Unit {
    Unit {
        code: "10^3{person}".to_owned(),
        display_ja: "千人".to_owned(),
        display_en: "thousand people".to_owned(),
        dimension: Dimension::Count("人".to_owned()),
        scale_pow10,
        decimals: 3,
    }
}

fn no_unit() -> Unit {
    Unit {
        code: String::new(),
        display_ja: String::new(),
        display_en: String::new(),
        dimension: Dimension::Ratio,
        scale_pow10: 0,
        decimals: 0,
    }
}

fn full_definition() -> Definition {
    Definition {
        measure_type: MeasureType::RatePerPeriod,
        entry_kind: Some(EntryKind::Increment),
        agg_time: AggTime::MeanOfPeriods,
        agg_space: AggSpace::CappedSum,
        comparator: Comparator::WithinTolerance,
        quantifier: Quantifier::AtLeastN(20),
        per_month: true,
        unit: people(3),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: Some(quantity("999.5")),
            integer: true,
        },
        attainment_basis: AttainmentBasis::FromBaseline,
        person_times: true,
        demand_driven: true,
        active_window: Some(DateSpan::new(date(2023, 6, 1), date(2023, 11, 30)).unwrap()),
        settlement_until: Some(date(2024, 5, 31)),
        parts: vec![
            Part {
                key: key("北"),
                label: both("北会場", "North site"),
                weight: Some(quantity("0.25")),
            },
            Part {
                key: key("南"),
                label: ja("南会場"),
                weight: None,
            },
        ],
        members: vec![
            Member {
                key: key("m-1"),
                label: both("第一園", "First nursery"),
                from: Some(date(2023, 4, 1)),
                until: Some(date(2023, 9, 30)),
            },
            Member {
                key: key("m-2"),
                label: ja("第二園"),
                from: None,
                until: None,
            },
        ],
        checkpoints: vec![
            Checkpoint {
                key: key("設計"),
                label: both("設計", "Design"),
                due: Some(date(2023, 8, 31)),
                weight: Some(quantity("40")),
            },
            Checkpoint {
                key: key("工事"),
                label: ja("工事"),
                due: None,
                weight: None,
            },
        ],
        components: vec![indicator(8), indicator(9)],
        rubric: Some(Rubric {
            code: code("R5/評価基準"),
            version: 2,
            levels: vec![ja("未達"), both("達成", "Reached")],
        }),
        lead_unit: Some(unit_id(3)),
        contributing_units: vec![unit_id(4), unit_id(5)],
        external_reference: Some(ExternalReference {
            document: name("第8次総合計画"),
            clause: Some(name("表3")),
            as_of: Some(date(2023, 3, 31)),
        }),
        quality: DataQuality {
            verification: Some(text("課長が確認する。")),
            source: Some(text("窓口システムの月報")),
            accuracy: Some(text("1人単位")),
            limitations: Some(text("同じ人を二度数えることがある。")),
            compensation: Some(text("年に一度、名簿と突き合わせる。")),
        },
        disclosure: Disclosure::Restricted,
        result_level: ResultLevel::Outcome,
        assumed: vec!["domain".to_owned(), "plan_profile".to_owned()],
    }
}

fn plain_definition() -> Definition {
    Definition {
        measure_type: MeasureType::Composite,
        entry_kind: None,
        agg_time: AggTime::None,
        agg_space: AggSpace::None,
        comparator: Comparator::Ge,
        quantifier: Quantifier::Single,
        per_month: false,
        unit: no_unit(),
        domain: ValueDomain::default(),
        attainment_basis: AttainmentBasis::ToTarget,
        person_times: false,
        demand_driven: false,
        active_window: None,
        settlement_until: None,
        parts: vec![],
        members: vec![],
        checkpoints: vec![],
        components: vec![],
        rubric: None,
        lead_unit: None,
        contributing_units: vec![],
        external_reference: None,
        quality: DataQuality::default(),
        disclosure: Disclosure::Public,
        result_level: ResultLevel::Process,
        assumed: vec![],
    }
}

fn full_target(value: &str) -> Target {
    let part = |part: &str, value: &str| PartTarget {
        part: key(part),
        value: quantity(value),
    };
    Target {
        aim: Aim::Approximate {
            value: quantity(value),
            tolerance: quantity("0.5"),
        },
        parts: vec![part("北", "5"), part("南", "2.5")],
    }
}

fn plain_target() -> Target {
    Target {
        aim: Aim::AllMembers,
        parts: vec![],
    }
}

fn reported() -> ReportedPart {
    ReportedPart {
        part: Some(key("北")),
        unit_code: Some("10^3{person}".to_owned()),
    }
}

fn points() -> Vec<PlanPoint> {
    let point = |date, value: &str| PlanPoint {
        date,
        value: quantity(value),
    };
    vec![
        point(date(2023, 4, 30), "0"),
        point(date(2023, 9, 30), "3.75"),
    ]
}

/// For each type the payload with every field set, and the one with as few as there may be.
fn payloads() -> Vec<(Payload, Payload)> {
    let (g, i, k) = (goal(1), initiative(1), indicator(1));
    vec![
        (
            LedgerOpened {
                ledger: ledger(),
                code: code("見本市"),
                title: both("見本市", "Sample City"),
                origin: name("example.lg.jp/daicho/mihon"),
                time_zone: name("Asia/Tokyo"),
                locale: name("ja-JP"),
                sample: true,
                clock: ClockKind::Simulated,
            }
            .into(),
            LedgerOpened {
                ledger: ledger(),
                code: code("city"),
                title: ja("市"),
                origin: name("example.org/city"),
                time_zone: name("UTC"),
                locale: name("en"),
                sample: false,
                clock: ClockKind::System,
            }
            .into(),
        ),
        (
            PlanPublished {
                plan: plan(1),
                code: code("R5"),
                title: both("令和5年度組織重点目標", "Priority goals, FY2023"),
                cycle: fiscal_year(),
                pillars: vec![
                    Pillar {
                        number: 1,
                        title: both("信頼される市役所", "A city hall people trust"),
                    },
                    Pillar {
                        number: 2,
                        title: ja("挑戦する市役所"),
                    },
                ],
                source_sha256: Some([0x11; 32]),
            }
            .into(),
            PlanPublished {
                plan: plan(1),
                code: code("R5"),
                title: ja("組織重点目標"),
                cycle: DateSpan::day(date(2023, 4, 1)),
                pillars: vec![],
                source_sha256: None,
            }
            .into(),
        ),
        (
            ImportAccepted {
                plan: plan(1),
                file_sha256: [0x22; 32],
                file_name: name("令和5年度.csv"),
                goals: 62,
                initiatives: 147,
                indicators: 230,
                mapping_version: 1,
            }
            .into(),
            ImportAccepted {
                plan: plan(1),
                file_sha256: [0; 32],
                file_name: name("a.csv"),
                goals: 0,
                initiatives: 0,
                indicators: 0,
                mapping_version: 0,
            }
            .into(),
        ),
        (
            OrgUnitRegistered {
                unit: unit_id(2),
                code: code("企画財政部/企画政策課"),
                name: both("企画政策課", "Planning Section"),
                kind: UnitKind::Section,
                parent: Some(unit_id(1)),
            }
            .into(),
            OrgUnitRegistered {
                unit: unit_id(1),
                code: code("企画財政部"),
                name: ja("企画財政部"),
                kind: UnitKind::Department,
                parent: None,
            }
            .into(),
        ),
        (
            OrgUnitChanged {
                unit: unit_id(2),
                name: Some(both("企画課", "Planning Office")),
                parent: Some(unit_id(6)),
                dissolved: true,
            }
            .into(),
            OrgUnitChanged {
                unit: unit_id(2),
                name: None,
                parent: None,
                dissolved: false,
            }
            .into(),
        ),
        (
            GoalSet {
                goal: g,
                plan: plan(1),
                code: code("R5/企画財政部/1-2"),
                department: unit_id(1),
                pillar: 1,
                title: both("窓口の充実", "Better counters"),
                source_text: text("窓口を\nより使いやすくします。"),
            }
            .into(),
            GoalSet {
                goal: g,
                plan: plan(1),
                code: code("g"),
                department: unit_id(1),
                pillar: 0,
                title: ja("窓口"),
                source_text: text("窓"),
            }
            .into(),
        ),
        (
            GoalReworded {
                goal: g,
                title: both("窓口の改善", "Counters improved"),
                source_text: text("窓口をさらに使いやすくします。"),
            }
            .into(),
            GoalReworded {
                goal: g,
                title: ja("窓口"),
                source_text: text("窓"),
            }
            .into(),
        ),
        (
            GoalMoved {
                goal: g,
                department: unit_id(7),
                pillar: 6,
            }
            .into(),
            GoalMoved {
                goal: g,
                department: unit_id(7),
                pillar: 0,
            }
            .into(),
        ),
        (
            GoalSuspended { goal: g }.into(),
            GoalSuspended { goal: goal(2) }.into(),
        ),
        (
            GoalResumed { goal: g }.into(),
            GoalResumed { goal: goal(2) }.into(),
        ),
        (
            GoalCancelled { goal: g }.into(),
            GoalCancelled { goal: goal(2) }.into(),
        ),
        (
            GoalCarriedOver {
                goal: g,
                to_plan: plan(2),
                to_goal: Some(goal(3)),
            }
            .into(),
            GoalCarriedOver {
                goal: g,
                to_plan: plan(2),
                to_goal: None,
            }
            .into(),
        ),
        (
            InitiativeSet {
                initiative: i,
                goal: g,
                number: 3,
                code: code("R5/企画財政部/1-2/3"),
                title: both("案内の多言語化", "Guidance in many languages"),
                source_text: text("案内を多言語にします。"),
                lead_unit: unit_id(2),
                contributing_units: vec![unit_id(3), unit_id(4)],
            }
            .into(),
            InitiativeSet {
                initiative: i,
                goal: g,
                number: 0,
                code: code("i"),
                title: ja("案内"),
                source_text: text("案"),
                lead_unit: unit_id(2),
                contributing_units: vec![],
            }
            .into(),
        ),
        (
            InitiativeReworded {
                initiative: i,
                title: both("案内の充実", "Better guidance"),
                source_text: text("案内を充実します。"),
            }
            .into(),
            InitiativeReworded {
                initiative: i,
                title: ja("案内"),
                source_text: text("案"),
            }
            .into(),
        ),
        (
            InitiativeMoved {
                initiative: i,
                from_goal: g,
                to_goal: goal(2),
                number: 4,
            }
            .into(),
            InitiativeMoved {
                initiative: i,
                from_goal: g,
                to_goal: goal(2),
                number: 0,
            }
            .into(),
        ),
        (
            InitiativeCancelled { initiative: i }.into(),
            InitiativeCancelled {
                initiative: initiative(2),
            }
            .into(),
        ),
        (
            ResponsibilityTransferred {
                initiative: i,
                lead_unit: unit_id(5),
                contributing_units: vec![unit_id(6)],
            }
            .into(),
            ResponsibilityTransferred {
                initiative: i,
                lead_unit: unit_id(5),
                contributing_units: vec![],
            }
            .into(),
        ),
        (
            IndicatorDefined {
                indicator: k,
                initiative: i,
                code: code("R5/企画財政部/1-2/3.1a"),
                title: both("利用者数", "Users"),
                source_text: text("利用者 月 約7.5千人"),
                definition: full_definition(),
            }
            .into(),
            IndicatorDefined {
                indicator: k,
                initiative: i,
                code: code("k"),
                title: ja("利用者"),
                source_text: text("利"),
                definition: plain_definition(),
            }
            .into(),
        ),
        (
            IndicatorReworded {
                indicator: k,
                title: both("来場者数", "Visitors"),
                source_text: text("来場者 月 約7.5千人"),
            }
            .into(),
            IndicatorReworded {
                indicator: k,
                title: ja("来場者"),
                source_text: text("来"),
            }
            .into(),
        ),
        (
            IndicatorMoved {
                indicator: k,
                from_initiative: i,
                to_initiative: initiative(2),
            }
            .into(),
            IndicatorMoved {
                indicator: k,
                from_initiative: i,
                to_initiative: i,
            }
            .into(),
        ),
        (
            IndicatorRedefined {
                indicator: k,
                definition_version: 2,
                definition: full_definition(),
            }
            .into(),
            IndicatorRedefined {
                indicator: k,
                definition_version: 0,
                definition: plain_definition(),
            }
            .into(),
        ),
        (
            IndicatorCancelled { indicator: k }.into(),
            IndicatorCancelled {
                indicator: indicator(2),
            }
            .into(),
        ),
        (
            BaselineSet {
                indicator: k,
                baseline: Baseline {
                    value: quantity("6.125"),
                    as_of: date(2023, 3, 31),
                    source: Some(text("前年度決算")),
                },
            }
            .into(),
            BaselineSet {
                indicator: k,
                baseline: Baseline {
                    value: Quantity::ZERO,
                    as_of: date(2023, 3, 31),
                    source: None,
                },
            }
            .into(),
        ),
        (
            TargetSet {
                indicator: k,
                target: full_target("7.5"),
            }
            .into(),
            TargetSet {
                indicator: k,
                target: plain_target(),
            }
            .into(),
        ),
        (
            TargetRevised {
                indicator: k,
                replaces: event_id(21),
                before: Some(full_target("7.5")),
                target: full_target("7"),
            }
            .into(),
            TargetRevised {
                indicator: k,
                replaces: event_id(21),
                before: Some(plain_target()),
                target: plain_target(),
            }
            .into(),
        ),
        (
            PlanProfileSet {
                indicator: k,
                profile: PlanProfile::Monthly(points()),
                assumed: true,
            }
            .into(),
            PlanProfileSet {
                indicator: k,
                profile: PlanProfile::None,
                assumed: false,
            }
            .into(),
        ),
        (
            ActualRecorded {
                indicator: k,
                measurement: Measurement::Ratio {
                    numerator: quantity("1234.5"),
                    denominator: quantity("2000"),
                },
                reported: reported(),
            }
            .into(),
            ActualRecorded {
                indicator: k,
                measurement: Measurement::Increment(Quantity::ZERO),
                reported: ReportedPart::default(),
            }
            .into(),
        ),
        (
            ActualCorrected {
                indicator: k,
                corrects: event_id(26),
                before: Some(Measurement::Increment(quantity("120"))),
                measurement: Measurement::Increment(quantity("-12.0000000001")),
                reported: reported(),
            }
            .into(),
            ActualCorrected {
                indicator: k,
                corrects: event_id(26),
                before: Some(Measurement::Nil(NilCause::NoActivity)),
                measurement: Measurement::RubricLevel(0),
                reported: ReportedPart::default(),
            }
            .into(),
        ),
        (
            ActualRetracted {
                indicator: k,
                retracts: event_id(26),
                before: Some(Measurement::Milestone {
                    checkpoint: Some(key("設計")),
                    state: MilestoneState::Completed,
                }),
            }
            .into(),
            ActualRetracted {
                indicator: k,
                retracts: event_id(26),
                before: Some(Measurement::Milestone {
                    checkpoint: None,
                    state: MilestoneState::NotStarted,
                }),
            }
            .into(),
        ),
        (
            DemandRecorded {
                indicator: k,
                requests: quantity("31"),
            }
            .into(),
            DemandRecorded {
                indicator: k,
                requests: Quantity::ZERO,
            }
            .into(),
        ),
        (
            ForecastSubmitted {
                indicator: k,
                value: ForecastValue::Date(date(2024, 2, 29)),
                confidence: Some(0),
                basis: text("設計が一月遅れたため。"),
            }
            .into(),
            ForecastSubmitted {
                indicator: k,
                value: ForecastValue::Value(Quantity::ZERO),
                confidence: None,
                basis: text("-"),
            }
            .into(),
        ),
        (
            NarrativeAdded {
                subject: Subject::Indicator(k),
                kind: NarrativeKind::Risk,
                text: text("雨が続けば\u{0}=1+1\r\n遅れる。"),
            }
            .into(),
            NarrativeAdded {
                subject: Subject::Goal(g),
                kind: NarrativeKind::Cause,
                text: text("。"),
            }
            .into(),
        ),
        (
            EvidenceAttached {
                subject: Subject::Indicator(k),
                shows: Some(event_id(26)),
                filed_under: Some(key("保存5年")),
            }
            .into(),
            EvidenceAttached {
                subject: Subject::Initiative(i),
                shows: None,
                filed_under: None,
            }
            .into(),
        ),
    ]
}

fn stream_of(payload: &Payload) -> Stream {
    match payload {
        Payload::LedgerOpened(_) => Stream::ledger(ledger()),
        Payload::PlanPublished(_) | Payload::ImportAccepted(_) => Stream::plan(plan(1)),
        Payload::OrgUnitRegistered(_) | Payload::OrgUnitChanged(_) => Stream::org(unit_id(2)),
        _ => Stream::goal(goal(1)),
    }
}

fn evidence() -> Vec<Evidence> {
    vec![
        Evidence {
            sha256: [0x33; 32],
            media_type: name("application/pdf"),
            title: name("9月の月報"),
            uri: Some(name("file:///文書/R5/月報-09.pdf")),
            size_bytes: Some(0),
            disclosure: Disclosure::Internal,
        },
        Evidence {
            sha256: [0; 32],
            media_type: name("text/csv"),
            title: name("明細"),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Public,
        },
    ]
}

/// `payload` in an event with everything that an event can have around it.
pub(super) fn full(name_: &str, number: u128, payload: Payload) -> Sample {
    Sample {
        name: name_.to_owned(),
        ledger: ledger(),
        event: Event {
            id: event_id(number),
            stream: stream_of(&payload),
            valid: Some(Validity {
                from: date(2023, 9, 1),
                to: Some(date(2023, 9, 30)),
            }),
            reason: Some(Reason {
                code: ReasonCode::SourceRevised,
                text: text("元の月報が\n直された。"),
            }),
            evidence: evidence(),
            source_document: Some(SourceDocument {
                number: name("5企第123号"),
                title: Some(name("月報の訂正について")),
                date: Some(date(2023, 10, 2)),
            }),
            decision: Some(event_id(900)),
            correlation: Some(uuid(0x7000)),
            causation: Some(event_id(901)),
            payload,
        },
        actor: actor(),
        request: RequestPlace {
            id: RequestId::new(uuid(0x8000)).unwrap(),
            index: 2,
            count: 1_000,
        },
        server: ServerPart {
            generation: 2,
            position: 1_000_000 + u64::try_from(number).unwrap(),
            revision: 300,
            recorded_at: "2023-10-06T09:30:15.123456Z".parse().unwrap(),
            prev_leaf_hash: Some(Hash::new([0x44; 32])),
        },
    }
}

/// `payload` in an event with nothing around it that can be left out.
pub(super) fn minimal(name_: &str, number: u128, payload: Payload) -> Sample {
    Sample {
        name: name_.to_owned(),
        ledger: ledger(),
        event: Event {
            id: event_id(number),
            stream: stream_of(&payload),
            valid: None,
            reason: None,
            evidence: vec![],
            source_document: None,
            decision: None,
            correlation: None,
            causation: None,
            payload,
        },
        actor: plain_actor(),
        request: RequestPlace {
            id: RequestId::new(uuid(0x8001)).unwrap(),
            index: 0,
            count: 1,
        },
        server: ServerPart {
            generation: 1,
            position: 0,
            revision: 1,
            recorded_at: Timestamp::UNIX_EPOCH,
            prev_leaf_hash: None,
        },
    }
}

/// The events of the golden files: two of each type.
pub(super) fn golden() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (number, (most, least)) in (1..).zip(payloads()) {
        let name_ = most.event_type().code().to_lowercase();
        samples.push(full(&name_, number, most));
        samples.push(minimal(&format!("{name_}.minimal"), number, least));
    }
    samples
}

/// Events for every form of a target, a measurement, a profile, a unit, a quantifier, a subject and
/// a forecast.
pub(super) fn forms() -> Vec<Sample> {
    let k = indicator(1);
    let q = quantity;
    let mut payloads: Vec<Payload> = Vec::new();
    for aim in [
        Aim::Value(q("-0.0000000001")),
        Aim::AllMembers,
        Aim::Range {
            lower: q("-3"),
            upper: q("999999999999999.9999999999"),
        },
        Aim::Approximate {
            value: q("80"),
            tolerance: Quantity::ZERO,
        },
        Aim::RubricLevel(0),
        Aim::RubricLevel(u32::MAX),
        Aim::Components,
    ] {
        let target = Target { aim, parts: vec![] };
        payloads.push(
            TargetSet {
                indicator: k,
                target,
            }
            .into(),
        );
    }
    for end_state in EndState::ALL {
        let aim = Aim::Done {
            due: date(2199, 12, 31),
            end_state: *end_state,
        };
        let target = Target { aim, parts: vec![] };
        payloads.push(
            TargetSet {
                indicator: k,
                target,
            }
            .into(),
        );
    }
    let mut measurements = vec![
        Measurement::Increment(q("1")),
        // As a sum may have it: more digits than an entry.
        Measurement::Level(Quantity::from(rust_decimal::Decimal::MAX)),
        Measurement::Ratio {
            numerator: Quantity::ZERO,
            denominator: q("3"),
        },
        Measurement::MemberValue {
            member: key("m-1"),
            value: q("0.5"),
        },
        Measurement::RubricLevel(3),
    ];
    measurements.extend(MemberState::ALL.iter().map(|state| Measurement::Member {
        member: key("m-1"),
        state: *state,
    }));
    measurements.extend(
        MilestoneState::ALL
            .iter()
            .map(|state| Measurement::Milestone {
                checkpoint: None,
                state: *state,
            }),
    );
    measurements.extend(NilCause::ALL.iter().map(|cause| Measurement::Nil(*cause)));
    for (index, measurement) in measurements.into_iter().enumerate() {
        let reported = ReportedPart {
            part: (index % 2 == 0).then(|| key("北")),
            unit_code: (index % 3 == 0).then(String::new),
        };
        payloads.push(
            ActualRecorded {
                indicator: k,
                measurement,
                reported,
            }
            .into(),
        );
    }
    for profile in [
        PlanProfile::Linear,
        PlanProfile::Monthly(vec![]),
        PlanProfile::Reference(points()),
        PlanProfile::Steps,
        PlanProfile::AtEnd,
        PlanProfile::None,
    ] {
        payloads.push(
            PlanProfileSet {
                indicator: k,
                profile,
                assumed: true,
            }
            .into(),
        );
    }
    for (index, dimension) in [
        Dimension::Count(String::new()),
        Dimension::Length,
        Dimension::Area,
        Dimension::Ratio,
        Dimension::Money("JPY".to_owned()),
        Dimension::Time,
        Dimension::Mass,
        Dimension::Volume,
        Dimension::PerMonth(Box::new(Dimension::Count("回".to_owned()))),
        Dimension::PerMonth(Box::new(Dimension::Length)),
    ]
    .into_iter()
    .enumerate()
    {
        let definition = Definition {
            unit: Unit {
                dimension,
                scale_pow10: if index % 2 == 0 { i8::MIN } else { i8::MAX },
                decimals: u8::MAX,
                ..no_unit()
            },
            quantifier: [
                Quantifier::Single,
                Quantifier::ForAll,
                Quantifier::AtLeastN(0),
            ][index % 3],
            domain: ValueDomain {
                integer: index % 2 == 0,
                ..ValueDomain::default()
            },
            ..plain_definition()
        };
        payloads.push(
            IndicatorRedefined {
                indicator: k,
                definition_version: 2,
                definition,
            }
            .into(),
        );
    }
    for subject in [
        Subject::Goal(goal(1)),
        Subject::Initiative(initiative(1)),
        Subject::Indicator(k),
    ] {
        payloads.push(
            EvidenceAttached {
                subject,
                shows: None,
                filed_under: None,
            }
            .into(),
        );
    }
    for value in [
        ForecastValue::Value(q("7.5")),
        ForecastValue::Date(date(1900, 1, 1)),
    ] {
        let basis = text(" 前後の空白も そのまま ");
        payloads.push(
            ForecastSubmitted {
                indicator: k,
                value,
                confidence: Some(10),
                basis,
            }
            .into(),
        );
    }
    (1..)
        .zip(payloads)
        .map(|(number, payload)| full("form", number, payload))
        .collect()
}
