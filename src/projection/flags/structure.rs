//! Flags about what stands where: who answers, what ended, what is missing from a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Flag, FlagKind};
use crate::domain::date::Date;
use crate::domain::dated::Dated;
use crate::domain::directory::{Directory, Named, Phase};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, UnitId};
use crate::domain::indicator::MeasureType;
use crate::domain::org_unit::UnitKind;
use crate::domain::plan::Plan;
use crate::domain::text::Language;
use crate::projection::wording::{self, Words};

/// Transfers of a goal to another department and the end of a goal, by `on`.
pub(crate) fn goal(directory: &Directory, id: GoalId, on: Date, flags: &mut Vec<Flag>) {
    let Some(entry) = directory.goal(id) else {
        return;
    };
    moves(
        directory,
        Named::Goal(id),
        entry.places(),
        |p| p.department,
        on,
        flags,
    );
    ended(Named::Goal(id), entry.phases(), on, flags);
}

/// Transfers of an initiative to another section and its end, by `on`.
pub(crate) fn initiative(directory: &Directory, id: InitiativeId, on: Date, flags: &mut Vec<Flag>) {
    let Some(entry) = directory.initiative(id) else {
        return;
    };
    moves(
        directory,
        Named::Initiative(id),
        entry.transfers(),
        |r| r.lead,
        on,
        flags,
    );
    ended(Named::Initiative(id), entry.phases(), on, flags);
}

/// The end of an indicator, by `on`.
pub(crate) fn indicator(directory: &Directory, id: IndicatorId, on: Date, flags: &mut Vec<Flag>) {
    if let Some(entry) = directory.indicator(id) {
        ended(Named::Indicator(id), entry.phases(), on, flags);
    }
}

fn moves<T>(
    directory: &Directory,
    subject: Named,
    places: &Dated<T>,
    who: impl Fn(&T) -> UnitId,
    on: Date,
    flags: &mut Vec<Flag>,
) {
    for version in places
        .versions()
        .skip(1)
        .filter(|version| version.from <= on)
    {
        let from = version.from;
        let before = from
            .yesterday()
            .map_or(None, |day| Some(who(places.on(day))));
        let after = who(&version.value);
        let Some(before) = before.filter(|before| *before != after) else {
            continue;
        };
        let code = |unit| directory.unit(unit).map(|unit| unit.code.to_string());
        let (old, new) = (
            code(before).unwrap_or_default(),
            code(after).unwrap_or_default(),
        );
        let told = |language| {
            let name = |unit: UnitId, day| {
                let unit = directory.unit(unit);
                let named = unit
                    .and_then(|unit| unit.on(day))
                    .map(|v| v.name.in_language(language).to_owned());
                named.unwrap_or_default()
            };
            let day_before = from.yesterday().unwrap_or(from);
            format!("{} → {}", name(before, day_before), name(after, from))
        };
        let words = Words::each(told);
        let flag = Flag::new(
            FlagKind::ResponsibilityMoved,
            subject,
            [version.position],
            format!("{from}から担当が変わりました: {}", words.ja),
            format!("from {from} on others answer for it: {}", words.en),
        );
        flags.push(
            flag.with("from", from)
                .with("before", old)
                .with("after", new),
        );
    }
}

fn ended(subject: Named, phases: &Dated<Phase>, on: Date, flags: &mut Vec<Flag>) {
    let version = phases.version_on(on);
    let phase = version.value;
    let code = match phase {
        Phase::Active => return,
        Phase::Suspended(_) => "SUSPENDED",
        Phase::Cancelled(_) => "CANCELLED",
        Phase::CarriedOver(_) => "CARRIED_OVER",
    };
    let flag = Flag::new(
        FlagKind::GoalEnded,
        subject,
        [version.position],
        wording::phase(phase, Language::Ja),
        wording::phase(phase, Language::En),
    );
    flags.push(flag.with("phase", code).with("from", version.from));
}

/// How many of a department's indicators measure a number.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Numeric {
    /// Indicators.
    pub indicators: u32,
    /// Those whose criterion is a number.
    pub numeric: u32,
}

impl Numeric {
    /// Counts an indicator.
    pub fn count(&mut self, measure_type: MeasureType) {
        self.indicators += 1;
        // What is made of others is counted by them.
        let words = matches!(
            measure_type,
            MeasureType::Milestone | MeasureType::Qualitative | MeasureType::Composite
        );
        self.numeric += u32::from(!words);
    }
}

/// What is missing from a plan on `on`: pillars without a goal, departments without a numeric criterion.
pub(crate) fn plan(
    directory: &Directory,
    plan: &Plan,
    numeric: &BTreeMap<UnitId, Numeric>,
    on: Date,
    flags: &mut Vec<Flag>,
) {
    let with_goals: BTreeSet<u32> = directory
        .goals_of_on(plan.id, on)
        .filter_map(|id| directory.goal(id))
        .map(|goal| goal.placed_on(on).pillar)
        .collect();
    for pillar in plan
        .pillars
        .iter()
        .filter(|pillar| !with_goals.contains(&pillar.number))
    {
        let number = pillar.number;
        let name = |language| pillar.title.in_language(language).to_owned();
        let flag = Flag::new(
            FlagKind::NoGoalUnderPillar,
            Named::Plan(plan.id),
            [],
            format!(
                "柱{number}「{}」には組織目標がありません",
                name(Language::Ja)
            ),
            format!(
                "no goal stands under pillar {number}, {}",
                name(Language::En)
            ),
        );
        flags.push(flag.with("pillar", number));
    }
    for unit in directory.units() {
        let exists = unit.kind == UnitKind::Department && unit.on(on).is_some();
        let found = numeric.get(&unit.id).copied();
        if !exists && found.is_none() {
            continue;
        }
        let found = found.unwrap_or_default();
        if 0 < found.numeric {
            continue;
        }
        let indicators = found.indicators;
        let (ja, en) = match indicators {
            0 => (
                "目標達成基準がありません".to_owned(),
                "it has no criterion at all".to_owned(),
            ),
            _ => (
                format!("{indicators}件の目標達成基準に、数値によるものがありません"),
                format!("none of its {indicators} criteria is a number"),
            ),
        };
        let flag = Flag::new(
            FlagKind::NoNumericCriterion,
            Named::Unit(unit.id),
            [],
            ja,
            en,
        );
        flags.push(flag.with("indicators", indicators));
    }
}

#[cfg(test)]
mod tests;
