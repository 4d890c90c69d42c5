//! A plan to report on: one department, one section, and as many goals with as many counted indicators as are wanted.

use crate::api::v1::event_input::Payload;
use crate::api::v1::{
    ActualRecorded, AggSpace, AggTime, AttainmentBasis, Comparator, DateSpan, Definition,
    DimensionKind, Disclosure, EntryKind, EventInput, GoalSet, IndicatorDefined, InitiativeSet,
    MeasureType, Measurement, OrgUnitRegistered, Pillar, PlanPublished, Quantifier, ResultLevel,
    Target, TargetSet, Title, Unit, UnitKind, measurement, target,
};
use jiff::civil::Date;

/// What can be reported on, and when.
#[derive(Debug)]
pub struct SmallPlan {
    /// The fiscal year's first day; never after today.
    pub first_day: String,
    /// Id of the plan.
    pub plan: String,
    /// Ids of the indicators, goal by goal.
    pub indicators: Vec<String>,
    /// Ids of the goals.
    pub goals: Vec<String>,
}

impl SmallPlan {
    /// The plan of the fiscal year that holds `today`, and the events that set it, in order.
    pub fn new(
        today: Date,
        goals: usize,
        indicators_each: usize,
        mut new_id: impl FnMut() -> String,
    ) -> (Self, Vec<EventInput>) {
        let year = if today.month() < 4 {
            today.year() - 1
        } else {
            today.year()
        };
        let (first, last) = (format!("{year}-04-01"), format!("{}-03-31", year + 1));
        let (department, section, plan_id) = (new_id(), new_id(), new_id());
        let mut plan = Self {
            first_day: first.clone(),
            plan: plan_id.clone(),
            indicators: Vec::new(),
            goals: Vec::new(),
        };
        let mut events = Vec::new();
        let mut set = |event_id: String, payload: Payload| {
            let valid_from = Some(first.clone());
            events.push(EventInput {
                event_id,
                valid_from,
                payload: Some(payload),
                ..EventInput::default()
            });
        };
        set(
            new_id(),
            Payload::OrgUnitRegistered(OrgUnitRegistered {
                unit: department.clone(),
                code: "文化部".to_owned(),
                name: title("文化部"),
                kind: UnitKind::Department.into(),
                parent: None,
            }),
        );
        set(
            new_id(),
            Payload::OrgUnitRegistered(OrgUnitRegistered {
                unit: section.clone(),
                code: "散歩課".to_owned(),
                name: title("散歩課"),
                kind: UnitKind::Section.into(),
                parent: Some(department.clone()),
            }),
        );
        set(
            new_id(),
            Payload::PlanPublished(PlanPublished {
                plan: plan_id.clone(),
                code: "計画".to_owned(),
                title: title("計画"),
                cycle: Some(DateSpan {
                    first: first.clone(),
                    last,
                }),
                pillars: vec![Pillar {
                    number: 1,
                    title: title("歩きたくなる町"),
                }],
                source_sha256: None,
            }),
        );
        for number in 1..=goals {
            let (goal, initiative) = (new_id(), new_id());
            let code = format!("計画/1-{number}");
            set(
                new_id(),
                Payload::GoalSet(GoalSet {
                    goal: goal.clone(),
                    plan: plan_id.clone(),
                    code: code.clone(),
                    department: department.clone(),
                    pillar: 1,
                    title: title("町を知る"),
                    source_text: "案内つきの散歩で町を知ってもらう。".to_owned(),
                    continues: None,
                }),
            );
            set(
                new_id(),
                Payload::InitiativeSet(InitiativeSet {
                    initiative: initiative.clone(),
                    goal: goal.clone(),
                    number: 1,
                    code: format!("{code}/1"),
                    title: title("散歩"),
                    source_text: "案内つきの散歩を行う。".to_owned(),
                    lead_unit: section.clone(),
                    contributing_units: Vec::new(),
                    continues: None,
                    references: Vec::new(),
                }),
            );
            for criterion in 1..=indicators_each {
                let indicator = new_id();
                set(
                    new_id(),
                    Payload::IndicatorDefined(IndicatorDefined {
                        indicator: indicator.clone(),
                        initiative: initiative.clone(),
                        code: format!("{code}/1.{criterion}"),
                        title: title("散歩の回数"),
                        source_text: "年1000万回以上".to_owned(),
                        definition: Some(walks()),
                        continues: None,
                    }),
                );
                let aim = Target {
                    aim: Some(target::Aim::Value("10000000".to_owned())),
                    parts: Vec::new(),
                };
                set(
                    new_id(),
                    Payload::TargetSet(TargetSet {
                        indicator: indicator.clone(),
                        target: Some(aim),
                    }),
                );
                plan.indicators.push(indicator);
            }
            plan.goals.push(goal);
        }
        (plan, events)
    }

    /// A report that `walks` more were held.
    pub fn report(&self, event_id: String, indicator: &str, walks: u32) -> EventInput {
        EventInput {
            event_id,
            valid_from: Some(self.first_day.clone()),
            payload: Some(Payload::ActualRecorded(ActualRecorded {
                indicator: indicator.to_owned(),
                measurement: Some(Measurement {
                    kind: Some(measurement::Kind::Increment(walks.to_string())),
                }),
                part: None,
                unit_code: None,
            })),
            ..EventInput::default()
        }
    }
}

fn title(ja: &str) -> Option<Title> {
    Some(Title {
        ja: ja.to_owned(),
        en: None,
    })
}

/// A count over the year, at least so many.
fn walks() -> Definition {
    Definition {
        measure_type: MeasureType::Count.into(),
        entry_kind: Some(EntryKind::Increment.into()),
        agg_time: AggTime::Sum.into(),
        agg_space: AggSpace::None.into(),
        comparator: Comparator::Ge.into(),
        quantifier: Quantifier::Single.into(),
        unit: Some(Unit {
            code: "{walk}".to_owned(),
            display_ja: "回".to_owned(),
            display_en: "walks".to_owned(),
            dimension: DimensionKind::Count.into(),
            dimension_of: Some("回".to_owned()),
            ..Unit::default()
        }),
        attainment_basis: AttainmentBasis::ToTarget.into(),
        disclosure: Disclosure::Public.into(),
        result_level: ResultLevel::Output.into(),
        ..Definition::default()
    }
}
