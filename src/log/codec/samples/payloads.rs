//! For each event type its payload with every field set, and with as few as there may be.

use super::model::*;
use super::*;

/// For each type the payload with every field set, and the one with as few as there may be.
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
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
                access_log_of: None,
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
                access_log_of: None,
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
                continues: None,
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
                continues: None,
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
                continues: None,
                references: Vec::new(),
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
                continues: None,
                references: Vec::new(),
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
                continues: None,
            }
            .into(),
            IndicatorDefined {
                indicator: k,
                initiative: i,
                code: code("k"),
                title: ja("利用者"),
                source_text: text("利"),
                definition: plain_definition(),
                continues: None,
            }
            .into(),
        ),
        (
            IndicatorReworded {
                indicator: k,
                title: both("来場者数", "Visitors"),
                source_text: text("来場者 月 約7.5千人"),
                confirms: Vec::new(),
            }
            .into(),
            IndicatorReworded {
                indicator: k,
                title: ja("来場者"),
                source_text: text("来"),
                confirms: Vec::new(),
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
