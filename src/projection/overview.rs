//! The table of departments and pillars, empty cells included: a pillar without goals is an answer too.

use std::sync::Arc;

use crate::domain::actual::aggregate::counted;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::Stream;
use crate::domain::id::{GoalId, UnitId};
use crate::domain::org_unit::UnitKind;
use crate::domain::plan::Plan;
use crate::ledger::{ReadFault, Reader, View};

/// What is counted in a cell, a row or the whole table.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Goals.
    pub goals: u32,
    /// Initiatives of those goals.
    pub initiatives: u32,
    /// Indicators of those initiatives.
    pub indicators: u32,
    /// Indicators with at least one entry that counts.
    pub reported: u32,
    /// Goals that take effect only later, counted nowhere else.
    pub upcoming: u32,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.goals += other.goals;
        self.initiatives += other.initiatives;
        self.indicators += other.indicators;
        self.reported += other.reported;
        self.upcoming += other.upcoming;
    }
}

/// One department's goals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// The department.
    pub department: UnitId,
    /// One for each pillar of the plan.
    pub cells: Vec<Counts>,
    /// All of them.
    pub total: Counts,
}

/// The table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overview {
    /// One for each department that exists on the date or has goals in the plan.
    pub rows: Vec<Row>,
    /// One for each pillar.
    pub totals: Vec<Counts>,
    /// All.
    pub total: Counts,
}

/// The plan of `date`, or the last that began before it, or the first there is.
pub fn plan_on(directory: &Directory, date: Date) -> Option<Arc<Plan>> {
    let plans = directory.plans();
    let begun = plans.iter().rev().find(|plan| plan.cycle.first() <= date);
    begun.or(plans.first()).map(|plan| (*plan).clone())
}

/// Counts the goals of `plan` by department and pillar, as known in `view`, on `date`.
pub async fn overview(
    reader: &Reader,
    view: &View,
    plan: &Plan,
    date: Date,
) -> Result<Overview, ReadFault> {
    let directory = &view.directory;
    let empty = vec![Counts::default(); plan.pillars.len()];
    let mut rows: Vec<Row> = departments(directory, plan, date)
        .into_iter()
        .map(|department| Row {
            department,
            cells: empty.clone(),
            total: Counts::default(),
        })
        .collect();
    let (mut totals, mut total) = (empty, Counts::default());
    for id in directory.goals_of(plan.id) {
        let Some(goal) = directory.goal(id) else {
            continue;
        };
        let place = goal.placed_on(date.max(goal.from));
        let counts = if goal.stands_on(date) {
            counts_of(reader, view, id, date).await?
        } else {
            Counts {
                upcoming: 1,
                ..Counts::default()
            }
        };
        let column = plan
            .pillars
            .iter()
            .position(|pillar| pillar.number == place.pillar);
        if let Some(row) = rows
            .iter_mut()
            .find(|row| row.department == place.department)
        {
            if let Some(cell) = column.and_then(|column| row.cells.get_mut(column)) {
                cell.add(counts);
            }
            row.total.add(counts);
        }
        if let Some(cell) = column.and_then(|column| totals.get_mut(column)) {
            cell.add(counts);
        }
        total.add(counts);
    }
    Ok(Overview {
        rows,
        totals,
        total,
    })
}

/// The departments of a plan: those with goals in the order in which it first names them, then the others of
/// the date by their codes.
fn departments(directory: &Directory, plan: &Plan, date: Date) -> Vec<UnitId> {
    let mut order: Vec<UnitId> = Vec::new();
    for goal in directory.goals_of(plan.id) {
        let Some(goal) = directory.goal(goal) else {
            continue;
        };
        let department = goal.placed_on(date.max(goal.from)).department;
        if !order.contains(&department) {
            order.push(department);
        }
    }
    // Which departments there are is asked of a day of the plan.
    let day = date.clamp(plan.cycle.first(), plan.cycle.last());
    for unit in directory.units() {
        let exists = unit.kind == UnitKind::Department && unit.exists_on(day);
        if exists && !order.contains(&unit.id) {
            order.push(unit.id);
        }
    }
    order
}

async fn counts_of(
    reader: &Reader,
    view: &View,
    goal: GoalId,
    date: Date,
) -> Result<Counts, ReadFault> {
    let directory = &view.directory;
    let mut counts = Counts {
        goals: 1,
        ..Counts::default()
    };
    for initiative in directory.initiatives_of_on(goal, date) {
        counts.initiatives += 1;
        for indicator in directory.indicators_of_on(initiative, date) {
            counts.indicators += 1;
            let Some(entry) = directory.indicator(indicator) else {
                continue;
            };
            let home = Stream::goal(entry.home);
            let home = reader.stream_covering(home, view.size).await?;
            let state = home.goal.indicator(indicator);
            let reported =
                state.is_some_and(|state| counted(state, view.cut(date)).next().is_some());
            counts.reported += u32::from(reported);
        }
    }
    Ok(counts)
}
