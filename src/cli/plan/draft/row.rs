//! One row: how an indicator ended, and what of it is proposed for the year to come.

use std::collections::HashMap;

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, value};
use crate::domain::date::{Date, parse_iso};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::{AggTime, Comparator, MeasureType};
use crate::domain::quantity::Quantity;
use crate::import;
use crate::import::Column as Heading;
use crate::import::correction::{AGGREGATIONS, COMPARATORS, MEASURES};
use crate::import::proposal::Proposal;
use crate::report::Cell;

/// What a row tells of the year that ends, in the order of its columns.
pub(super) const TOLD: [&str; 10] = [
    "前年度の組織目標",
    "前年度の取組内容",
    "前年度の達成基準",
    "当初目標",
    "年度末の目標",
    "実績",
    "達成",
    "状況",
    "今後の対応",
    "自己評価",
];

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    /// Id of the goal that it stood under.
    pub(super) goal: String,
    /// Id of the initiative.
    pub(super) initiative: String,
    /// What is told, as [`TOLD`] names it.
    pub(super) told: [String; TOLD.len()],
    /// What can be filled in, and what ties it to the ledger.
    pub(super) cells: HashMap<Heading, Cell>,
}

impl Row {
    /// Whether it comes filled in.
    pub(super) fn is_carried(&self) -> bool {
        self.cells.contains_key(&Heading::Criterion)
    }

    /// Takes out what a row above says.
    pub(super) fn clear(&mut self, column: Heading) {
        self.cells.remove(&column);
    }
}

/// An indicator with what it stands under.
pub(super) struct Place<'a> {
    pub(super) goal: &'a v1::Goal,
    pub(super) initiative: &'a v1::Initiative,
    pub(super) indicator: &'a v1::Indicator,
    /// The indicators of the initiative whose text is the same, itself too, in order.
    pub(super) kin: &'a [&'a v1::Indicator],
}

/// How a plan ended.
pub(super) struct Ended<'a> {
    indicators: HashMap<&'a str, &'a v1::IndicatorEvaluation>,
    /// What people said of goals, initiatives and indicators, by id.
    judged: HashMap<&'a str, &'a v1::Judgements>,
    /// What was agreed for them, by id, in the order of the days they are due.
    actions: HashMap<&'a str, Vec<&'a v1::NextAction>>,
}

impl<'a> Ended<'a> {
    pub(super) fn new(goals: &'a [v1::GoalEvaluation], actions: &'a [v1::NextAction]) -> Self {
        let mut ended = Self {
            indicators: HashMap::new(),
            judged: HashMap::new(),
            actions: HashMap::new(),
        };
        let mut judged = |entity: &'a Option<v1::Entity>, said: &'a Option<v1::Judgements>| {
            if let (Some(entity), Some(said)) = (entity, said) {
                ended.judged.insert(&entity.id, said);
            }
        };
        for goal in goals {
            judged(&goal.goal, &goal.judgements);
            for initiative in &goal.initiatives {
                judged(&initiative.initiative, &initiative.judgements);
                for indicator in &initiative.indicators {
                    judged(&indicator.indicator, &indicator.judgements);
                    if let Some(entity) = &indicator.indicator {
                        ended.indicators.insert(&entity.id, indicator);
                    }
                }
            }
        }
        for action in actions {
            if let Some(subject) = &action.subject {
                ended.actions.entry(&subject.id).or_default().push(action);
            }
        }
        ended
    }

    /// Whether an indicator goes on: it was carried over, or the nearest thing that was agreed for it, its initiative or its
    /// goal says so, the latest of several.
    fn goes_on(&self, place: &Place<'_>) -> bool {
        let standings = [
            &place.goal.standing,
            &place.initiative.standing,
            &place.indicator.standing,
        ];
        let mut phases = standings.into_iter().flatten().map(v1::Standing::phase);
        if phases.any(|phase| phase == v1::Phase::CarriedOver) {
            return true;
        }
        let ids = [&place.indicator.id, &place.initiative.id, &place.goal.id];
        let mut agreed = ids.into_iter().filter_map(|id| {
            let mut actions = self.actions.get(id.as_str())?.iter();
            let dropped = v1::ActionOutcome::Dropped;
            actions.rfind(|action| action.outcome.is_none() || action.outcome() != dropped)
        });
        let decides = agreed.next();
        decides.is_some_and(|action| action.kind() == v1::ActionKind::Continue)
    }

    fn agreed(&self, view: &View, place: &Place<'_>) -> String {
        let marked = [
            ("", &place.indicator.id),
            (view.pick("【取組】", "[initiative] "), &place.initiative.id),
            (view.pick("【目標】", "[goal] "), &place.goal.id),
        ];
        let lines = marked.into_iter().flat_map(|(mark, id)| {
            let actions = self.actions.get(id.as_str()).into_iter().flatten();
            actions.map(move |action| {
                let kind = label::action_kind(view.language, action.kind());
                let end = match action.outcome {
                    Some(_) => label::action_outcome(view.language, action.outcome()),
                    None => view.pick("未了", "open"),
                };
                view.pick(
                    format!("{mark}{kind}: {}（期限{}、{end}）", action.text, action.due),
                    format!("{mark}{kind}: {} (due {}, {end})", action.text, action.due),
                )
            })
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn said(&self, view: &View, place: &Place<'_>) -> String {
        let marked = [
            ("", &place.indicator.id),
            (view.pick("【取組】", "[initiative] "), &place.initiative.id),
            (view.pick("【目標】", "[goal] "), &place.goal.id),
        ];
        let lines = marked.into_iter().filter_map(|(mark, id)| {
            let said = self.judged.get(id.as_str())?.self_evaluated.as_ref()?;
            let words = [said.grade.as_deref(), said.comment.as_deref()];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            Some(format!("{mark}{}", words.join(" ")))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The row of an indicator. `later` is the day of the new year that a day of the old one becomes.
pub(super) fn row(
    view: &View,
    ended: &Ended<'_>,
    place: &Place<'_>,
    made: String,
    later: &dyn Fn(Date) -> Date,
    year: FiscalYear,
) -> Row {
    let Place {
        goal,
        initiative,
        indicator,
        kin,
    } = *place;
    let mut cells = HashMap::new();
    let mut put = |column: Heading, cell: Cell| {
        if cell != Cell::Empty {
            cells.insert(column, cell);
        }
    };
    let text = |text: &str| match text.is_empty() {
        true => Cell::Empty,
        false => Cell::Text(text.to_owned()),
    };
    put(Heading::Continues, text(&indicator.code));
    put(Heading::Made, text(&made));
    put(Heading::Year, text(&year.code()));
    put(Heading::Department, text(&name(goal.department.as_ref())));
    if let Some(pillar) = &goal.pillar {
        put(
            Heading::Pillar,
            Cell::Number(i64::from(pillar.number).into()),
        );
        let title = pillar.title.as_ref().map_or("", |title| &title.ja);
        put(Heading::PillarTitle, text(title));
    }
    put(Heading::Goal, text(&goal.source_text));
    put(Heading::Initiative, text(&initiative.source_text));
    let units = initiative.lead.iter().chain(&initiative.contributing);
    let units: Vec<String> = units.map(|unit| name(Some(unit))).collect();
    put(Heading::Sections, text(&units.join("、")));
    // What one text sets goes on as one.
    let carried = kin.iter().any(|own| {
        ended.goes_on(&Place {
            indicator: own,
            ..*place
        })
    });
    if carried {
        put(Heading::Criterion, text(&indicator.source_text));
        let criterion = import::criterion(&indicator.source_text, year, &units);
        let proposals = criterion.proposals();
        let number = kin.iter().position(|own| own.id == indicator.id);
        let proposal = number.and_then(|number| proposals.get(number));
        if 1 < proposals.len()
            && let Some((_, letter)) = number.and_then(|n| (0..).zip('a'..='z').nth(n))
        {
            put(Heading::Part, text(&letter.to_string()));
        }
        for (column, cell) in aims(indicator, later) {
            put(column, cell);
        }
        for (column, cell) in measured_otherwise(indicator, proposal) {
            put(column, cell);
        }
    }
    Row {
        goal: goal.id.clone(),
        initiative: initiative.id.clone(),
        told: told(view, ended, place),
        cells,
    }
}

/// What an import calls a unit: by the last part of its code, which is its name.
fn name(unit: Option<&v1::Entity>) -> String {
    let code = unit.map_or("", |unit| unit.code.as_str());
    code.rsplit('/').next().unwrap_or_default().to_owned()
}

fn told(view: &View, ended: &Ended<'_>, place: &Place<'_>) -> [String; TOLD.len()] {
    let (goal, initiative, indicator) = (place.goal, place.initiative, place.indicator);
    let language = view.language;
    let version = indicator.definition.as_ref();
    let definition = version.and_then(|version| version.definition.as_ref());
    let target = |version: Option<&v1::TargetVersion>| {
        let target = version.and_then(|version| version.target.as_ref());
        target.map_or_else(String::new, |target| {
            value::target(language, Some(target), definition)
        })
    };
    let evaluated = ended.indicators.get(indicator.id.as_str());
    let achieved = evaluated
        .and_then(|own| own.current.as_ref()?.achievement.as_ref()?.result.as_ref())
        .map(|result| match result {
            v1::achievement_result::Result::Achievement(found) => {
                let found = v1::Achievement::try_from(*found).unwrap_or_default();
                label::achievement(language, found)
            }
            v1::achievement_result::Result::Obstacle(found) => {
                let found = v1::Obstacle::try_from(*found).unwrap_or_default();
                label::obstacle(language, found)
            }
        });
    let status = evaluated.map(|own| label::evaluation_status(language, own.status()));
    [
        goal.source_text.clone(),
        initiative.source_text.clone(),
        indicator.source_text.clone(),
        target(indicator.first_target.as_ref()),
        target(indicator.target.as_ref()),
        value::actual(language, indicator.actual.as_ref(), definition),
        achieved.unwrap_or_default().to_owned(),
        status.unwrap_or_default().to_owned(),
        ended.agreed(view, place),
        ended.said(view, place),
    ]
}

/// What is aimed at, as a draft asks for it.
fn aims(indicator: &v1::Indicator, later: &dyn Fn(Date) -> Date) -> Vec<(Heading, Cell)> {
    use v1::target::Aim;
    let target = indicator
        .target
        .as_ref()
        .or(indicator.first_target.as_ref());
    let aim = target.and_then(|version| version.target.as_ref()?.aim.as_ref());
    let number = |text: &str| {
        Quantity::parse(text).map_or_else(|_| Cell::Text(text.to_owned()), Cell::Number)
    };
    let definition = indicator.definition.as_ref();
    let unit = definition.and_then(|version| version.definition.as_ref()?.unit.as_ref());
    let unit = unit.map_or(Cell::Empty, |unit| Cell::Text(unit.display_ja.clone()));
    match aim {
        Some(Aim::Value(value)) => vec![(Heading::Value, number(value)), (Heading::Unit, unit)],
        Some(Aim::Approximate(about)) => {
            vec![
                (Heading::Value, number(&about.value)),
                (Heading::Unit, unit),
            ]
        }
        Some(Aim::AllMembers(_)) => {
            vec![(Heading::Value, Cell::Text("全対象".to_owned()))]
        }
        Some(Aim::RubricLevel(level)) => {
            vec![(Heading::Value, Cell::Number(i64::from(*level).into()))]
        }
        Some(Aim::Done(done)) => {
            let due = parse_iso(&done.due);
            due.map_or_else(
                |_| Vec::new(),
                |due| vec![(Heading::Due, Cell::Day(later(due)))],
            )
        }
        // A table has no words for these.
        Some(Aim::Range(_) | Aim::Components(_)) | None => Vec::new(),
    }
}

/// How it is measured, where the words alone would be understood otherwise.
fn measured_otherwise(
    indicator: &v1::Indicator,
    proposal: Option<&Proposal>,
) -> Vec<(Heading, Cell)> {
    let version = indicator.definition.as_ref();
    let Some(definition) = version.and_then(|version| version.definition.as_ref()) else {
        return Vec::new();
    };
    fn stripped<'a>(name: &'a str, prefix: &str) -> &'a str {
        name.strip_prefix(prefix).unwrap_or(name)
    }
    fn word<T: Copy + PartialEq>(words: &[(T, &str)], value: Option<T>) -> Cell {
        let found = words.iter().find(|(other, _)| Some(*other) == value);
        found.map_or(Cell::Empty, |(_, word)| Cell::Text((*word).to_owned()))
    }
    let measure = definition.measure_type().as_str_name();
    let measure = MeasureType::from_code(stripped(measure, "MEASURE_TYPE_"));
    let comparator = definition.comparator().as_str_name();
    let comparator = Comparator::from_code(stripped(comparator, "COMPARATOR_"));
    let aggregation = definition.agg_time().as_str_name();
    let aggregation = AggTime::from_code(stripped(aggregation, "AGG_TIME_"));
    let other_measure = proposal.is_none_or(|own| Some(own.measure_type) != measure);
    let offered = MEASURES.iter().any(|(own, _)| Some(*own) == measure);
    if other_measure && !offered {
        return Vec::new();
    }
    let mut cells = Vec::new();
    if other_measure {
        cells.push((Heading::Measure, word(MEASURES, measure)));
    }
    let has_number = !matches!(
        measure,
        Some(MeasureType::Milestone | MeasureType::Qualitative)
    );
    if !has_number {
        return cells;
    }
    if other_measure || proposal.is_none_or(|own| Some(own.comparator) != comparator) {
        cells.push((Heading::Comparator, word(COMPARATORS, comparator)));
    }
    if other_measure || proposal.is_none_or(|own| Some(own.agg_time) != aggregation) {
        cells.push((Heading::Aggregation, word(AGGREGATIONS, aggregation)));
    }
    cells
}
