//! The table of departments and pillars, empty cells included: a pillar without goals is an answer too.

use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::Stream;
use crate::domain::id::UnitId;
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
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.goals += other.goals;
        self.initiatives += other.initiatives;
        self.indicators += other.indicators;
        self.reported += other.reported;
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
    /// One for each department that exists in the cycle or has goals in the plan.
    pub rows: Vec<Row>,
    /// One for each pillar.
    pub totals: Vec<Counts>,
    /// All.
    pub total: Counts,
}

/// The plan of `date`, or the last that began before it, or the first there is.
pub fn plan_on(directory: &Directory, date: Date) -> Option<std::sync::Arc<Plan>> {
    let plans = directory.plans();
    let begun = plans.iter().rev().find(|plan| plan.cycle.first() <= date);
    begun.or(plans.first()).map(|plan| (*plan).clone())
}

/// Counts the goals of `plan` by department and pillar.
pub async fn overview(reader: &Reader, view: &View, plan: &Plan) -> Result<Overview, ReadFault> {
    let directory = &view.directory;
    let mut order: Vec<UnitId> = Vec::new();
    for goal in directory
        .goals_of(plan.id)
        .filter_map(|goal| directory.goal(goal))
    {
        if !order.contains(&goal.department()) {
            order.push(goal.department());
        }
    }
    for unit in directory.units() {
        let exists = unit
            .on(plan.cycle.first())
            .or_else(|| unit.on(plan.cycle.last()))
            .is_some();
        if unit.kind == UnitKind::Department && exists && !order.contains(&unit.id) {
            order.push(unit.id);
        }
    }
    let empty = vec![Counts::default(); plan.pillars.len()];
    let mut rows: Vec<Row> = order
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
        let mut counts = Counts {
            goals: 1,
            ..Counts::default()
        };
        for initiative in directory.initiatives_of(id) {
            counts.initiatives += 1;
            for indicator in directory.indicators_of(initiative) {
                counts.indicators += 1;
                let Some(entry) = directory.indicator(indicator) else {
                    continue;
                };
                let home = reader
                    .stream(Stream::goal(entry.home), view.head.size)
                    .await?;
                let state = home.goal.indicator(indicator);
                let reported = state.is_some_and(|state| state.effective().next().is_some());
                counts.reported += u32::from(reported);
            }
        }
        let column = plan
            .pillars
            .iter()
            .position(|pillar| pillar.number == goal.pillar());
        if let Some(row) = rows
            .iter_mut()
            .find(|row| row.department == goal.department())
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
