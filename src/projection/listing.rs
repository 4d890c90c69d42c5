//! Which goals there are: filters, order.

use std::collections::HashMap;

use crate::domain::date::Date;
use crate::domain::directory::{Directory, GoalEntry, GoalPlace};
use crate::domain::id::{GoalId, PlanId, UnitId};

/// What goals must satisfy, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GoalFilter {
    /// Of this plan.
    pub plan: Option<PlanId>,
    /// Of this department.
    pub department: Option<UnitId>,
    /// With an initiative that this section answers for or contributes to.
    pub section: Option<UnitId>,
    /// Under this pillar.
    pub pillar: Option<u32>,
    /// Those too that take effect only after the date.
    pub include_upcoming: bool,
}

/// The goals of `date` that satisfy `filter`, in the order of cycle, department, pillar and setting.
pub fn goals(directory: &Directory, filter: &GoalFilter, date: Date) -> Vec<GoalId> {
    let mut found = Vec::new();
    for plan in directory.plans() {
        if filter.plan.is_some_and(|wanted| wanted != plan.id) {
            continue;
        }
        let of_plan: Vec<Candidate> = directory
            .goals_of(plan.id)
            .filter_map(|id| {
                let entry = directory.goal(id)?;
                let listed = filter.include_upcoming || entry.stands_on(date);
                listed.then(|| Candidate::new(id, entry, date))
            })
            .collect();
        // Departments come in the order in which the plan first names them.
        let mut departments: HashMap<UnitId, usize> = HashMap::new();
        for candidate in &of_plan {
            let next = departments.len();
            departments
                .entry(candidate.place.department)
                .or_insert(next);
        }
        let mut satisfying: Vec<&Candidate> = of_plan
            .iter()
            .filter(|candidate| satisfies(directory, filter, candidate))
            .collect();
        // The sort keeps the order of setting.
        satisfying.sort_by_key(|candidate| {
            let department = departments.get(&candidate.place.department).copied();
            (department, candidate.place.pillar)
        });
        found.extend(satisfying.into_iter().map(|candidate| candidate.id));
    }
    found
}

/// A goal that may be listed, as it stands on the date that it is told for.
struct Candidate {
    id: GoalId,
    on: Date,
    place: GoalPlace,
}

impl Candidate {
    fn new(id: GoalId, entry: &GoalEntry, date: Date) -> Self {
        let on = date.max(entry.from);
        let place = entry.placed_on(on);
        Self { id, on, place }
    }
}

fn satisfies(directory: &Directory, filter: &GoalFilter, goal: &Candidate) -> bool {
    let GoalPlace { department, pillar } = goal.place;
    if filter.department.is_some_and(|wanted| wanted != department)
        || filter.pillar.is_some_and(|wanted| wanted != pillar)
    {
        return false;
    }
    let works_on = |section: UnitId| {
        directory
            .initiatives_of_on(goal.id, goal.on)
            .filter_map(|id| directory.initiative(id))
            .any(|initiative| {
                let responsible = initiative.responsible_on(goal.on);
                responsible.units().any(|unit| unit == section)
            })
    };
    filter.section.is_none_or(works_on)
}
