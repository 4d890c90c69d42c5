//! Who belongs where, and who answers for what, on a day: the tree of units, what each leads, where its work came from
//! and went to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, InitiativeEntry, Named, Phase, Responsibility};
use crate::domain::id::{GoalId, InitiativeId, UnitId};
use crate::projection::overview::plan_on;

/// How much a unit answers for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Goals it has set.
    pub goals: u32,
    /// Initiatives it leads.
    pub leads: u32,
    /// Initiatives it contributes to.
    pub contributes: u32,
}

/// A unit in the tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Branch {
    /// The unit.
    pub unit: UnitId,
    /// How many listed units stand above it.
    pub depth: u32,
}

/// Who answers for an initiative.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Charge {
    /// The initiative.
    pub initiative: InitiativeId,
    /// The goal it stands under.
    pub goal: GoalId,
    /// Position of the event that says who.
    pub position: u64,
    /// Who.
    pub who: Responsibility,
}

/// Where the work of a unit came from and went to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Handovers {
    /// Units that initiatives came from, by their codes.
    pub from: Vec<UnitId>,
    /// Units that initiatives went to, by their codes.
    pub to: Vec<UnitId>,
}

/// The units of `date`, each before those that belong to it, units of one parent by their codes. With `inactive`, also
/// those that do not exist then, where they belong first or last. One whose parent is not listed stands at the top.
pub fn tree(directory: &Directory, date: Date, inactive: bool) -> Vec<Branch> {
    let listed: Vec<_> = directory
        .units()
        .into_iter()
        .filter(|unit| inactive || unit.exists_on(date))
        .collect();
    let ids: BTreeSet<UnitId> = listed.iter().map(|unit| unit.id).collect();
    let mut below: BTreeMap<Option<UnitId>, Vec<UnitId>> = BTreeMap::new();
    for unit in &listed {
        let parent = parent_on(directory, unit.id, date).filter(|parent| ids.contains(parent));
        below.entry(parent).or_default().push(unit.id);
    }
    let mut tree = Vec::with_capacity(listed.len());
    // Depth first; of one parent the last in order is pushed first.
    let mut open: Vec<Branch> = Vec::new();
    let mut descend = |parent: Option<UnitId>, depth, open: &mut Vec<Branch>| {
        let units = below.remove(&parent).unwrap_or_default();
        open.extend(units.into_iter().rev().map(|unit| Branch { unit, depth }));
    };
    descend(None, 0, &mut open);
    while let Some(branch) = open.pop() {
        tree.push(branch);
        descend(Some(branch.unit), branch.depth + 1, &mut open);
    }
    // Changes of several days may put units above each other on one of them: they are told, without a place.
    let lost = below.into_values().flatten();
    tree.extend(lost.map(|unit| Branch { unit, depth: 0 }));
    tree
}

/// The unit that a unit belongs to on `date`, or first or last where it does not exist then.
pub fn parent_on(directory: &Directory, unit: UnitId, date: Date) -> Option<UnitId> {
    *directory.unit(unit)?.parents.on(date)
}

/// Goals of the year of `date` that stand then, with their initiatives and who answers for each, in the order of the
/// plan.
fn year(directory: &Directory, date: Date) -> Vec<(GoalId, Vec<Charge>)> {
    let mut plans: Vec<_> = directory
        .plans()
        .into_iter()
        .filter(|plan| plan.cycle.contains(date))
        .cloned()
        .collect();
    if plans.is_empty() {
        plans.extend(plan_on(directory, date));
    }
    let goals = plans
        .iter()
        .flat_map(|plan| directory.goals_of_on(plan.id, date));
    let pursued = goals.filter(|id| {
        let goal = directory.goal(*id);
        goal.is_some_and(|goal| is_pursued(goal.phase_on(date)))
    });
    pursued
        .map(|goal| (goal, charges_of(directory, goal, date)))
        .collect()
}

fn is_pursued(phase: Phase) -> bool {
    match phase {
        Phase::Active | Phase::Suspended(_) => true,
        Phase::Cancelled(_) | Phase::CarriedOver(_) => false,
    }
}

/// Who answers for each initiative of a goal on `date`, by their numbers; those given up are left out.
pub fn charges_of(directory: &Directory, goal: GoalId, date: Date) -> Vec<Charge> {
    let on = directory
        .goal(goal)
        .map_or(date, |goal| date.max(goal.from));
    directory
        .initiatives_of_on(goal, on)
        .filter(|id| {
            let initiative = directory.initiative(*id);
            initiative.is_some_and(|initiative| is_pursued(initiative.phase_on(on)))
        })
        .filter_map(|id| charge(directory, id, on))
        .collect()
}

/// Who answers for an initiative on `date`; before its first day, who will then.
pub fn charge(directory: &Directory, id: InitiativeId, date: Date) -> Option<Charge> {
    let initiative = directory.initiative(id)?;
    let on = date.max(initiative.from);
    let version = initiative.transfers().version_on(on);
    Some(Charge {
        initiative: id,
        goal: initiative.placed_on(on).goal,
        position: version.position,
        who: version.value.clone(),
    })
}

/// Everybody who ever answers for an initiative, in the order of their days.
pub fn transfers(id: InitiativeId, initiative: &InitiativeEntry) -> Vec<Charge> {
    let timeline = initiative.transfers().timeline().into_iter();
    timeline
        .map(|version| Charge {
            initiative: id,
            goal: initiative.placed_on(version.from).goal,
            position: version.position,
            who: version.value.clone(),
        })
        .collect()
}

/// The initiatives of the year that `unit` leads or contributes to on `date`, in the order of the plan.
pub fn charges(directory: &Directory, unit: UnitId, date: Date) -> Vec<Charge> {
    let all = year(directory, date).into_iter();
    all.flat_map(|(_, charges)| charges)
        .filter(|charge| charge.who.units().any(|answers| answers == unit))
        .collect()
}

/// How much each unit answers for on `date`; units that answer for nothing are left out.
pub fn tallies(directory: &Directory, date: Date) -> HashMap<UnitId, Tally> {
    let mut tallies: HashMap<UnitId, Tally> = HashMap::new();
    for (id, charges) in year(directory, date) {
        if let Some(goal) = directory.goal(id) {
            let department = goal.placed_on(date).department;
            tallies.entry(department).or_default().goals += 1;
        }
        for charge in charges {
            tallies.entry(charge.who.lead).or_default().leads += 1;
            for unit in charge.who.contributing {
                tallies.entry(unit).or_default().contributes += 1;
            }
        }
    }
    tallies
}

/// Where the lead of initiatives came from to `unit` and went to from it, by `date`.
pub fn handovers(directory: &Directory, unit: UnitId, date: Date) -> Handovers {
    let (mut from, mut to) = (BTreeSet::new(), BTreeSet::new());
    let code = |id| directory.unit(id).map(|unit| unit.code.clone());
    let initiatives = directory.codes().filter_map(|(_, named)| match named {
        Named::Initiative(id) => directory.initiative(id),
        _ => None,
    });
    for initiative in initiatives {
        let timeline = initiative.transfers().timeline();
        let effective: Vec<_> = timeline.iter().filter(|step| step.from <= date).collect();
        for pair in effective.windows(2) {
            let [before, after] = pair else { continue };
            let (gave, took) = (before.value.lead, after.value.lead);
            if gave == took {
                continue;
            }
            if gave == unit {
                to.insert((code(took), took));
            }
            if took == unit {
                from.insert((code(gave), gave));
            }
        }
    }
    let units = |found: BTreeSet<(Option<Code>, UnitId)>| found.into_iter().map(|(_, id)| id);
    Handovers {
        from: units(from).collect(),
        to: units(to).collect(),
    }
}
