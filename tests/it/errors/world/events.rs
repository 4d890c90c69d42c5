//! Events for the world: what sets a plan, and what is reported into it.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::measurement::Kind;
use daicho::api::v1::target::Aim;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::domain::date::Date;

/// The plan `前年度` from `first` on, set by the department `前部` of this id; the target of `前/件` is set by
/// the event of that id.
pub(crate) fn year(first: Date, department: &str, target_id: &str) -> Vec<EventInput> {
    let (year, first) = (first.year(), &first.to_string());
    let mut events = vec![
        event(
            first,
            Payload::OrgUnitRegistered(OrgUnitRegistered {
                unit: department.to_owned(),
                code: "前部".to_owned(),
                name: title("前部"),
                kind: UnitKind::Department.into(),
                parent: None,
            }),
        ),
        unit(first, "前課", UnitKind::Section, Some("前部")),
        unit(first, "他部", UnitKind::Department, None),
        unit(first, "他課", UnitKind::Section, Some("他部")),
        plan(year, "前年度", 1),
    ];
    for code in ["前/1", "前/2", "前/休止", "前/中止", "前/繰越"] {
        events.push(goal(first, "前年度", code, "前部", 1));
        events.push(initiative(first, code, &format!("{code}/1"), 1, "前課"));
    }
    for (code, definition) in [
        ("前/件", counted()),
        ("前/率", percent()),
        ("前/km", kilometres()),
        ("前/対象", coverage()),
        ("前/工程", milestone()),
        ("前/段階", rubric()),
        ("前/内訳", weighted()),
        ("前/未", counted()),
    ] {
        events.push(indicator(first, "前/1/1", code, definition));
    }
    events.push(indicator(first, "前/休止/1", "前/休止/件", counted()));
    let target = EventInput {
        event_id: target_id.to_owned(),
        ..target(first, "前/件", "100")
    };
    events.push(target);
    events
}

pub(crate) fn title(ja: &str) -> Option<Title> {
    Some(Title {
        ja: ja.to_owned(),
        en: None,
    })
}

pub(crate) fn event(day: &str, payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(day.to_owned()),
        payload: Some(payload),
        ..EventInput::default()
    }
}

/// The event with a reason.
pub(crate) fn because(event: EventInput) -> EventInput {
    let reason = Reason {
        code: ReasonCode::EntryError.into(),
        text: "報告書と照らし合わせて誤りが見つかったため。".to_owned(),
    };
    EventInput {
        reason: Some(reason),
        ..event
    }
}

/// The event with evidence.
pub(crate) fn proven(event: EventInput) -> EventInput {
    let evidence = Evidence {
        sha256: vec![7; 32],
        media_type: "application/pdf".to_owned(),
        title: "写真".to_owned(),
        disclosure: Disclosure::Internal.into(),
        ..Evidence::default()
    };
    EventInput {
        evidence: vec![evidence],
        ..event
    }
}

pub(crate) fn plan(year: i16, code: &str, pillars: u32) -> EventInput {
    let pillars = (1..=pillars).map(|number| Pillar {
        number,
        title: title("柱"),
    });
    event(
        &format!("{year}-04-01"),
        Payload::PlanPublished(PlanPublished {
            plan: new_id().to_string(),
            code: code.to_owned(),
            title: title(code),
            cycle: Some(DateSpan {
                first: format!("{year}-04-01"),
                last: format!("{}-03-31", year + 1),
            }),
            pillars: pillars.collect(),
            source_sha256: None,
        }),
    )
}

pub(crate) fn unit(day: &str, code: &str, kind: UnitKind, parent: Option<&str>) -> EventInput {
    event(
        day,
        Payload::OrgUnitRegistered(OrgUnitRegistered {
            unit: new_id().to_string(),
            code: code.to_owned(),
            name: title(code),
            kind: kind.into(),
            parent: parent.map(str::to_owned),
        }),
    )
}

pub(crate) fn unit_changed(
    day: &str,
    unit: &str,
    parent: Option<&str>,
    dissolved: bool,
) -> EventInput {
    because(event(
        day,
        Payload::OrgUnitChanged(OrgUnitChanged {
            unit: unit.to_owned(),
            name: None,
            parent: parent.map(str::to_owned),
            dissolved,
        }),
    ))
}

pub(crate) fn goal(day: &str, plan: &str, code: &str, department: &str, pillar: u32) -> EventInput {
    event(
        day,
        Payload::GoalSet(GoalSet {
            goal: new_id().to_string(),
            plan: plan.to_owned(),
            code: code.to_owned(),
            department: department.to_owned(),
            pillar,
            title: title(code),
            source_text: "目標の文".to_owned(),
            continues: None,
        }),
    )
}

pub(crate) fn goal_reworded(day: &str, goal: &str) -> EventInput {
    event(
        day,
        Payload::GoalReworded(GoalReworded {
            goal: goal.to_owned(),
            title: title("新しい名前"),
            source_text: "新しい文".to_owned(),
        }),
    )
}

pub(crate) fn initiative(day: &str, goal: &str, code: &str, number: u32, lead: &str) -> EventInput {
    event(
        day,
        Payload::InitiativeSet(InitiativeSet {
            initiative: new_id().to_string(),
            goal: goal.to_owned(),
            number,
            code: code.to_owned(),
            title: title(code),
            source_text: "取組の文".to_owned(),
            lead_unit: lead.to_owned(),
            contributing_units: Vec::new(),
            continues: None,
            references: Vec::new(),
        }),
    )
}

pub(crate) fn initiative_moved(day: &str, initiative: &str, from: &str, to: &str) -> EventInput {
    because(event(
        day,
        Payload::InitiativeMoved(InitiativeMoved {
            initiative: initiative.to_owned(),
            from_goal: from.to_owned(),
            to_goal: to.to_owned(),
            number: 5,
        }),
    ))
}

pub(crate) fn indicator(
    day: &str,
    initiative: &str,
    code: &str,
    definition: Definition,
) -> EventInput {
    event(
        day,
        Payload::IndicatorDefined(IndicatorDefined {
            indicator: new_id().to_string(),
            initiative: initiative.to_owned(),
            code: code.to_owned(),
            title: title(code),
            source_text: "基準の文".to_owned(),
            definition: Some(definition),
            continues: None,
        }),
    )
}

pub(crate) fn value(text: &str) -> Option<Target> {
    Some(Target {
        aim: Some(Aim::Value(text.to_owned())),
        parts: Vec::new(),
    })
}

pub(crate) fn target(day: &str, indicator: &str, aim: &str) -> EventInput {
    event(
        day,
        Payload::TargetSet(TargetSet {
            indicator: indicator.to_owned(),
            target: value(aim),
        }),
    )
}

pub(crate) fn target_revised(day: &str, indicator: &str, replaces: &str, aim: &str) -> EventInput {
    because(event(
        day,
        Payload::TargetRevised(TargetRevised {
            indicator: indicator.to_owned(),
            replaces: replaces.to_owned(),
            before: None,
            target: value(aim),
        }),
    ))
}

pub(crate) fn measured(kind: Kind) -> Option<Measurement> {
    Some(Measurement { kind: Some(kind) })
}

pub(crate) fn increment(amount: &str) -> Kind {
    Kind::Increment(amount.to_owned())
}

pub(crate) fn level(amount: &str) -> Kind {
    Kind::Level(amount.to_owned())
}

pub(crate) fn ratio(numerator: &str, denominator: &str) -> Kind {
    let (numerator, denominator) = (numerator.to_owned(), denominator.to_owned());
    Kind::Ratio(measurement::Ratio {
        numerator,
        denominator,
    })
}

pub(crate) fn member(member: &str) -> Kind {
    Kind::Member(measurement::Member {
        member: member.to_owned(),
        state: MemberState::Done.into(),
    })
}

pub(crate) fn reached(checkpoint: Option<&str>, state: MilestoneState) -> Kind {
    let checkpoint = checkpoint.map(str::to_owned);
    Kind::Milestone(measurement::Milestone {
        checkpoint,
        state: state.into(),
    })
}

pub(crate) fn actual(day: &str, indicator: &str, kind: Kind) -> EventInput {
    event(
        day,
        Payload::ActualRecorded(ActualRecorded {
            indicator: indicator.to_owned(),
            measurement: measured(kind),
            ..ActualRecorded::default()
        }),
    )
}

pub(crate) fn actual_of(
    day: &str,
    indicator: &str,
    kind: Kind,
    part: Option<&str>,
    unit: Option<&str>,
) -> EventInput {
    event(
        day,
        Payload::ActualRecorded(ActualRecorded {
            indicator: indicator.to_owned(),
            measurement: measured(kind),
            part: part.map(str::to_owned),
            unit_code: unit.map(str::to_owned),
        }),
    )
}

pub(crate) fn corrected(day: &str, indicator: &str, corrects: &str, kind: Kind) -> EventInput {
    because(event(
        day,
        Payload::ActualCorrected(ActualCorrected {
            indicator: indicator.to_owned(),
            corrects: corrects.to_owned(),
            measurement: measured(kind),
            ..ActualCorrected::default()
        }),
    ))
}

pub(crate) fn narrative(day: &str, goal: &str, text: &str) -> EventInput {
    event(
        day,
        Payload::NarrativeAdded(NarrativeAdded {
            subject: Some(Subject {
                kind: Some(subject::Kind::Goal(goal.to_owned())),
            }),
            kind: NarrativeKind::Note.into(),
            text: text.to_owned(),
        }),
    )
}

/// A photo of something about a goal, and of an event where it is for one.
pub(crate) fn attached(day: &str, goal: &str, shows: Option<&str>) -> EventInput {
    proven(event(
        day,
        Payload::EvidenceAttached(EvidenceAttached {
            subject: Some(Subject {
                kind: Some(subject::Kind::Goal(goal.to_owned())),
            }),
            shows: shows.map(str::to_owned),
            ..EvidenceAttached::default()
        }),
    ))
}

fn unit_of(code: &str, ja: &str, dimension: DimensionKind) -> Option<Unit> {
    let counts = dimension == DimensionKind::Count;
    Some(Unit {
        code: code.to_owned(),
        display_ja: ja.to_owned(),
        display_en: ja.to_owned(),
        dimension: dimension.into(),
        dimension_of: counts.then(|| ja.to_owned()),
        ..Unit::default()
    })
}

/// Whole things, counted over the year.
pub(crate) fn counted() -> Definition {
    Definition {
        measure_type: MeasureType::Count.into(),
        entry_kind: Some(EntryKind::Increment.into()),
        agg_time: AggTime::Sum.into(),
        agg_space: AggSpace::None.into(),
        comparator: Comparator::Ge.into(),
        quantifier: Quantifier::Single.into(),
        unit: unit_of("{case}", "件", DimensionKind::Count),
        domain: Some(ValueDomain {
            min: Some("0".to_owned()),
            max: None,
            integer: true,
        }),
        attainment_basis: AttainmentBasis::ToTarget.into(),
        disclosure: Disclosure::Public.into(),
        result_level: ResultLevel::Output.into(),
        ..Definition::default()
    }
}

fn percent() -> Definition {
    let unit = unit_of("%", "%", DimensionKind::Ratio);
    Definition {
        measure_type: MeasureType::Ratio.into(),
        entry_kind: Some(EntryKind::NumDen.into()),
        agg_time: AggTime::RatioOfSums.into(),
        unit: unit.map(|unit| Unit {
            scale_pow10: -2,
            decimals: 1,
            ..unit
        }),
        domain: Some(ValueDomain {
            min: Some("0".to_owned()),
            max: Some("100".to_owned()),
            integer: false,
        }),
        ..counted()
    }
}

fn kilometres() -> Definition {
    let unit = unit_of("km", "km", DimensionKind::Length);
    Definition {
        measure_type: MeasureType::Level.into(),
        entry_kind: Some(EntryKind::Absolute.into()),
        agg_time: AggTime::Latest.into(),
        unit: unit.map(|unit| Unit {
            decimals: 1,
            ..unit
        }),
        domain: Some(ValueDomain {
            min: Some("0".to_owned()),
            max: None,
            integer: false,
        }),
        ..counted()
    }
}

fn coverage() -> Definition {
    let member = |key: &str| Member {
        key: key.to_owned(),
        label: title(key),
        ..Member::default()
    };
    Definition {
        measure_type: MeasureType::Coverage.into(),
        entry_kind: Some(EntryKind::MemberState.into()),
        agg_time: AggTime::Distinct.into(),
        members: vec![member("甲"), member("乙")],
        ..counted()
    }
}

fn milestone() -> Definition {
    let checkpoint = Checkpoint {
        key: "設計".to_owned(),
        label: title("設計"),
        ..Checkpoint::default()
    };
    Definition {
        measure_type: MeasureType::Milestone.into(),
        entry_kind: Some(EntryKind::MilestoneState.into()),
        agg_time: AggTime::DoneBy.into(),
        comparator: Comparator::DoneBy.into(),
        checkpoints: vec![checkpoint],
        ..counted()
    }
}

fn rubric() -> Definition {
    let levels = ["低い", "普通", "高い"]
        .into_iter()
        .flat_map(title)
        .collect();
    Definition {
        measure_type: MeasureType::Qualitative.into(),
        entry_kind: Some(EntryKind::RubricLevel.into()),
        agg_time: AggTime::Latest.into(),
        comparator: Comparator::RubricAtLeast.into(),
        rubric: Some(Rubric {
            code: "評価".to_owned(),
            version: 1,
            levels,
        }),
        ..counted()
    }
}

fn weighted() -> Definition {
    let part = Part {
        key: "甲".to_owned(),
        label: title("甲"),
        weight: Some("1".to_owned()),
    };
    Definition {
        agg_space: AggSpace::Weighted.into(),
        parts: vec![part],
        ..counted()
    }
}
