//! Kinds of measure that the plan's words do not bring, and what is reported on them.

use daicho::domain::actual::{Measurement, MilestoneState};
use daicho::domain::code::{Code, Key};
use daicho::domain::event::*;
use daicho::domain::id::IndicatorId;
use daicho::domain::indicator::{
    AggSpace, AggTime, AttainmentBasis, Checkpoint, Comparator, Definition, EntryKind, MeasureType,
    Part, ValueDomain,
};
use daicho::domain::target::{Aim, Baseline, EndState, PartTarget, PlanProfile, Target};
use daicho::domain::text::Text;
use uuid::Uuid;

use super::{Year, event, key};
use crate::fixture::{counted, date, title};

impl Year {
    /// Kinds of measure that the plan's words do not bring: parts and components, a reduction, a range, steps.
    pub(super) fn further(&self) -> Vec<Event> {
        let (lesson, stream) = self.named("救命の講習");
        let components: Vec<IndicatorId> = {
            let view = self.reader.view();
            let initiative = view.directory.indicator(lesson).unwrap().initiative();
            view.directory
                .indicators_of(initiative)
                .filter(|id| *id != self.named("園の巡回").0)
                .collect()
        };
        let part = |name: &str| Part {
            key: key(name),
            label: title(name),
            weight: None,
        };
        let checkpoint = |name: &str, due: &str, weight: i64| Checkpoint {
            key: key(name),
            label: title(name),
            due: Some(date(due)),
            weight: Some(weight.into()),
        };
        let value = |value: i64| Aim::Value(value.into());
        let level = Definition {
            measure_type: MeasureType::Level,
            entry_kind: Some(EntryKind::Absolute),
            agg_time: AggTime::Latest,
            ..counted()
        };
        let all = [
            (
                "composite",
                Definition {
                    measure_type: MeasureType::Composite,
                    entry_kind: None,
                    agg_time: AggTime::None,
                    agg_space: AggSpace::AllOf,
                    components,
                    ..counted()
                },
                Aim::Components,
            ),
            (
                "parts",
                Definition {
                    agg_space: AggSpace::CappedSum,
                    parts: vec![part("east"), part("west")],
                    ..counted()
                },
                value(5),
            ),
            (
                "reduced",
                Definition {
                    comparator: Comparator::Le,
                    attainment_basis: AttainmentBasis::FromBaseline,
                    ..level.clone()
                },
                value(45),
            ),
            (
                "cap",
                Definition {
                    comparator: Comparator::Le,
                    ..counted()
                },
                value(6),
            ),
            (
                "range",
                Definition {
                    comparator: Comparator::InRange,
                    ..level
                },
                Aim::Range {
                    lower: 20.into(),
                    upper: 24.into(),
                },
            ),
            (
                "steps",
                Definition {
                    measure_type: MeasureType::Milestone,
                    entry_kind: Some(EntryKind::MilestoneState),
                    agg_time: AggTime::DoneBy,
                    comparator: Comparator::DoneBy,
                    domain: ValueDomain::default(),
                    checkpoints: vec![
                        checkpoint("draft", "2023-08-31", 40),
                        checkpoint("hearing", "2023-12-28", 35),
                        checkpoint("decision", "2024-03-15", 25),
                    ],
                    ..counted()
                },
                Aim::Done {
                    due: date("2024-03-31"),
                    end_state: EndState::Decided,
                },
            ),
        ];
        let view = self.reader.view();
        let initiative = view.directory.indicator(lesson).unwrap().initiative();
        let mut events = Vec::new();
        for (name, definition, aim) in all {
            let indicator = IndicatorId::derived(Uuid::NAMESPACE_OID, name);
            let parts = definition.parts.iter().zip([3, 2]);
            let target = Target {
                aim,
                parts: parts
                    .map(|(part, value)| PartTarget {
                        part: part.key.clone(),
                        value: value.into(),
                    })
                    .collect(),
            };
            let defined = IndicatorDefined {
                indicator,
                initiative,
                code: Code::parse(&format!("R5/{name}")).unwrap(),
                title: title(name),
                source_text: Text::parse(name).unwrap(),
                definition,
                continues: None,
            };
            let mut add = |about: &str, payload: Payload| {
                events.push(event(
                    &format!("{name} {about}"),
                    stream,
                    "2023-04-01",
                    payload,
                ));
            };
            add("defined", defined.into());
            add("target", TargetSet { indicator, target }.into());
            if name == "reduced" {
                let baseline = Baseline {
                    value: 60.into(),
                    as_of: date("2023-03-31"),
                    source: None,
                };
                add(
                    "baseline",
                    BaselineSet {
                        indicator,
                        baseline,
                    }
                    .into(),
                );
            }
            let profile = match name {
                "steps" => PlanProfile::Steps,
                "parts" | "reduced" | "cap" => PlanProfile::Linear,
                _ => continue,
            };
            let line = PlanProfileSet {
                indicator,
                profile,
                assumed: false,
            };
            add("line", line.into());
        }
        events
    }
}

/// What those report that the plan's words did not bring.
pub(super) fn of_further(name: &str) -> Vec<(&'static str, Option<Key>, Measurement)> {
    let added = |amount: i64| Measurement::Increment(amount.into());
    let stood = |value: i64| Measurement::Level(value.into());
    let step = |checkpoint: &str| Measurement::Milestone {
        checkpoint: Some(key(checkpoint)),
        state: MilestoneState::Completed,
    };
    let whole = Measurement::Milestone {
        checkpoint: None,
        state: MilestoneState::Decided,
    };
    match name {
        "parts" => vec![
            ("2023-06-30", Some(key("east")), added(2)),
            ("2023-09-30", Some(key("east")), added(2)),
            ("2024-02-29", Some(key("west")), added(1)),
        ],
        "reduced" => vec![
            ("2023-06-30", None, stood(58)),
            ("2023-09-30", None, stood(52)),
            ("2024-03-31", None, stood(44)),
        ],
        "cap" => vec![
            ("2023-07-31", None, added(2)),
            ("2023-11-30", None, added(3)),
            ("2024-02-29", None, added(2)),
        ],
        "range" => vec![
            ("2023-09-30", None, stood(25)),
            ("2024-03-31", None, stood(22)),
        ],
        "steps" => vec![
            ("2023-08-31", None, step("draft")),
            ("2024-01-31", None, step("hearing")),
            ("2024-03-31", None, whole),
        ],
        _ => Vec::new(),
    }
}
